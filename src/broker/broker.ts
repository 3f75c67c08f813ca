// The broker: the parent process. It holds every secret, is the only one to fetch, to spawn and to write config, and
// keeps the gateway alive. This is the folder's front door; main builds both sides from it.
export { createCells } from "./cells.ts";
export type { CellsOptions, OpenWayOut, ProbedCells, WayOut } from "./cells.ts";
export { createBroker } from "./create-broker.ts";
export type { Broker, BrokerOptions } from "./create-broker.ts";
export type { GatewayStatus } from "./gateway/process.ts";
export type { ConfigService } from "./owner/config-service.ts";
export { parseAction } from "./serve/action.ts";
export type { BrokerAnswers, Guard, InForce } from "./serve/services.ts";
export type { AreaHandlers, OwnerContext, OwnerHandlers } from "./owner/handlers.ts";
export type { Ceiling } from "./serve/ceiling.ts";
export { seedWorkspace } from "./serve/workspace.ts";
export { runProgram } from "./run-program.ts";
export { findBwrap, startConfined } from "./spawn.ts";
