// Hooks that the owner registers in settings.json: programs that see a tool call before it is made, and what came of it.
// They can only tighten. A yes of theirs opens nothing, a change of theirs is judged like any other call, and a hook that
// fails, is missing or is not what the owner trusted is a no. This is the folder's front door.
export { createHooks } from "./create.ts";
export type { Hooks, HooksOptions } from "./create.ts";
export type { RoomEnd } from "./contract.ts";
export type { HookEvent } from "./definition.ts";
export { describeHook } from "./judge.ts";
export type { HookCall, RunHook } from "./judge.ts";
export type {
  AfterAnswer,
  BeforeAnswer,
  HookOutput,
  HookSubject,
  HookWants,
  ToolCallToJudge,
  ToolHooks,
} from "./port.ts";
export { openRegistry } from "./registry.ts";
export type { Registered, Registry } from "./registry.ts";
export { hookRoom } from "./room.ts";
export type { Room, RoomHost } from "./room.ts";
export { isCellAction } from "./tools.ts";
export type { CellAction, HookInput } from "./tools.ts";
