// How a dangerous setting is acknowledged: `path=value`, or for a while `path=value until 2026-01-31T12:00:00Z`.

export type Acknowledgement = {
  /** `path=value`. */
  readonly setting: string;
  /** When it ends, in milliseconds; undefined for one without an end. */
  readonly until: number | undefined;
};

/** A time that is none leaves a setting that nothing matches, so nothing is acknowledged by it. */
export function parseAcknowledgement(line: string): Acknowledgement {
  const match = /^(.*) until (\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?Z)$/s.exec(line);
  const until = Date.parse(match?.[2] ?? "");
  if (match === null || Number.isNaN(until)) return { setting: line, until: undefined };
  return { setting: match[1] ?? "", until };
}

export function renderAcknowledgement({ setting, until }: Acknowledgement): string {
  return until === undefined ? setting : `${setting} until ${dayAndTime(until)}`;
}

export function dayAndTime(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}
