// The full-screen chat.
export { runTui } from "./run.ts";
export type { TuiOptions } from "./run.ts";
