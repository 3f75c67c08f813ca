// The node that this machine can be for a gateway elsewhere: without a screen, as the user who started it, and doing only
// what stands in its own list.
export { allowCommand, disallowCommand, loadAllowed } from "./allowed.ts";
export type { AllowedCommand } from "./allowed.ts";
export { findProgram } from "./programs.ts";
export { runNodeHost } from "./host.ts";
export type { NodeHostOptions } from "./host.ts";
