// Data-loss prevention, as far as this step needs it: what must never stand in a log, and what must never come back in
// an answer. Detectors of more kinds join behind the same functions.
export { createEchoGuard } from "./echo-guard.ts";
export { canBeSought } from "./encodings.ts";
export type { EchoGuard } from "./echo-guard.ts";
export { createPatternMatcher } from "./pattern.ts";
export { createRedactor, redactedMark, redactJsonLine } from "./redact.ts";
export type { Redactor, RedactorOptions } from "./redact.ts";
