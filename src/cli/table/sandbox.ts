// catalogue
// Commands about the cells in which an agent's commands and file tools run.
import type { CommandSpec, OptionSpec } from "./commands.ts";

const agent: OptionSpec = { flags: "--agent <id>", summary: "only this agent's" };

export const sandboxCommands: readonly CommandSpec[] = [
  { path: "sandbox", summary: "the cells in which commands and file tools run" },
  {
    path: "sandbox list",
    summary: "the cells that are open, with the digest of their profile",
    load: async () => (await import("../commands/sandbox/sandbox.ts")).listCells,
  },
  {
    path: "sandbox explain",
    summary: "what a cell of each agent sees and may do, and what bounds it",
    options: [agent],
    load: async () => (await import("../commands/sandbox/sandbox.ts")).explainCells,
  },
  {
    path: "sandbox recreate",
    summary: "end cells and all that runs in them; the next command has a new one",
    options: [agent, { flags: "--session <key>", summary: "only this session's" }],
    examples: ["sandbox recreate --agent main"],
    load: async () => (await import("../commands/sandbox/sandbox.ts")).recreateCells,
  },
  {
    path: "sandbox test",
    summary: "try every wall again, as at each start",
    load: async () => (await import("../commands/sandbox/sandbox.ts")).testWalls,
  },
  {
    path: "sandbox off",
    summary: "lower the filter of system calls for a while, where sandbox.mode is off or non-main",
    options: [{ flags: "--for <duration>", summary: "how long, a day at most; 0 raises it again" }],
    examples: ["sandbox off --for 1h"],
    load: async () => (await import("../commands/sandbox/sandbox.ts")).lowerFilter,
  },
];
