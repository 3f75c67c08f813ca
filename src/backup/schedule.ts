// When the next backup is due, and which one was missed.

export type BackupSchedule = {
  readonly every: "daily" | "weekly";
  /** 0 is Sunday. */
  readonly day: number;
  /** Minutes after midnight, in the machine's own time. */
  readonly minute: number;
};

/** The last moment up to `now` at which one was due: a run that was missed while the machine slept is due since then. */
export function latestDue({ every, day, minute }: BackupSchedule, now: number): number {
  const due = new Date(now);
  due.setHours(Math.trunc(minute / 60), minute % 60, 0, 0);
  const back = every === "daily" ? 0 : (due.getDay() - day + 7) % 7;
  due.setDate(due.getDate() - back);
  if (due.getTime() > now) due.setDate(due.getDate() - (every === "daily" ? 1 : 7));
  return due.getTime();
}
