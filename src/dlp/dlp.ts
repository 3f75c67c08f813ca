// Data-loss prevention: what must never leave is found in every text on its way out or into the store, and what is made
// of it depends on where it is going. What only the broker does with the values (`judge/inspector.ts`, `known/known.ts`) is
// not behind this door: the gateway comes in by it too.
export { createEchoGuard } from "./echo-guard.ts";
export type { EchoGuard } from "./echo-guard.ts";
export type { KnownValues } from "./known/known.ts";
export type { BodyJudge } from "./body-guard.ts";
export { batchesOf, piecesOf } from "./judge/batches.ts";
export { createGuardedText } from "./judge/guarded-text.ts";
export type { GuardedText } from "./judge/guarded-text.ts";
export type { Incident } from "./judge/incidents.ts";
export type { InspectorRules, LocalInspector } from "./judge/inspector.ts";
export type { Answer, Inspector, Question, StreamAnswer, StreamQuestion } from "./judge/port.ts";
export type { Point, Verdict } from "./judge/verdict.ts";
export { canBeSought } from "./known/spellings.ts";
export { createPatternMatcher } from "./pattern.ts";
export { createRedactor, redactedMark, redactJsonLine } from "./redact.ts";
export type { Redactor, RedactorOptions } from "./redact.ts";
