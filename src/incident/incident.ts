// What is done when something went wrong: the kill switch, and an incident from its first minute to its end.
export { openIncidentBook } from "./book.ts";
export type { Incident, IncidentBook } from "./book.ts";
export { checklistFor } from "./checklist.ts";
export { effectOf } from "./capability.ts";
export { capabilities, describeScope, openHalts } from "./halts.ts";
export type { Capability, Effect, Halt, HaltOrder, Halts, HaltScope } from "./halts.ts";
export { createTelling } from "./telling.ts";
