// Durations and sizes as people write them in config.
import { assert } from "../base/errors.ts";

const durationUnits = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
const sizeUnits = { b: 1, k: 1_024, m: 1_048_576, g: 1_073_741_824 } as const;

/** `30m` → 1800000. Takes only what the schema has accepted. */
export function durationMs(text: string): number {
  if (text === "0") return 0;
  const match = /^(\d+)(ms|s|m|h|d|w)$/.exec(text);
  assert(match !== null, `the schema has judged the duration ${text}`);
  return Number(match[1]) * durationUnits[match[2] as keyof typeof durationUnits];
}

/** `512m`, `10mb` or a number → bytes. Takes only what the schema has accepted. */
export function sizeBytes(size: string | number): number {
  if (typeof size === "number") return size;
  const match = /^(\d+)(b|k|m|g)?b?$/i.exec(size);
  assert(match !== null, `the schema has judged the size ${size}`);
  const unit = (match[2] ?? "b").toLowerCase() as keyof typeof sizeUnits;
  return Number(match[1]) * sizeUnits[unit];
}
