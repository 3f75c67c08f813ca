// The front door of sessions: their keys, the lanes that give each its turns in order, the window cache that keeps a
// long conversation as cheap as a short one, and the ways in and out as JSONL.
export { encodeSegment, isReserved, parseSessionKey } from "./key.ts";
export type { SessionKey } from "./key.ts";
export { createLanes } from "./lane.ts";
export type { LaneBounds, LaneJob, LaneOptions, Lanes, LaneTurn, Seat } from "./lane.ts";
export { isOver } from "./reset.ts";
export type { ResetRule } from "./reset.ts";
export { sessionKeyFor } from "./scope.ts";
export type { SessionOrigin, SessionScope } from "./scope.ts";
export { keepOf, maintain } from "./maintenance.ts";
export type { MaintenanceRule } from "./maintenance.ts";
export { createMirror } from "./mirror/mirror.ts";
export type { MirrorBounds, MirrorOptions } from "./mirror/mirror.ts";
export { screenBodies } from "./screen.ts";
export { createTransfer } from "./transfer.ts";
export type { SessionTransfer } from "./transfer.ts";
export { createTranscriptWatch } from "./observe.ts";
export type { TranscriptListener, TranscriptWatch } from "./observe.ts";
