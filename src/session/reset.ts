// When a session starts afresh by itself.

export type ResetRule = {
  readonly mode: "none" | "daily" | "idle";
  /** Local hour, for `daily`. */
  readonly atHour: number;
  readonly idleMinutes: number;
};

/** True where the session's next message should meet an empty window. */
export function isOver(lastUsedAt: number, rule: ResetRule, now: number): boolean {
  if (rule.mode === "none") return false;
  if (rule.mode === "idle") return now - lastUsedAt >= rule.idleMinutes * 60_000;
  return lastUsedAt < latestHour(now, rule.atHour);
}

/** The last time that it was `hour` o'clock. */
function latestHour(now: number, hour: number): number {
  const at = new Date(now);
  at.setHours(hour, 0, 0, 0);
  if (at.getTime() > now) at.setDate(at.getDate() - 1);
  return at.getTime();
}
