// Step 6, the turn: context → model → tool calls → reply. This is the folder's front door; the loop is in turn.ts.
export { parseCommand, textCommands } from "./commands/command.ts";
export type { TurnEvent, TurnOutcome } from "./event.ts";
export type { TurnRun, TurnRunner, TurnRunnerOptions } from "./runner.ts";
export { defaultProfile } from "./settings.ts";
export type { AgentProfile } from "./settings.ts";
export { createDescribeSession } from "./commands/status.ts";
export { createTurnRunner } from "./turn.ts";
export { createDirectCalls } from "./calls/direct.ts";
export type { DirectAnswer, DirectCall, DirectCalls } from "./calls/direct.ts";
