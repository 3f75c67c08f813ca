// catalogue
// The commands about hooks, a part of the table.
import type { CommandSpec } from "./commands.ts";

export const hookCommands: readonly CommandSpec[] = [
  { path: "hooks", summary: "programs of settings.json that are asked about each tool call" },
  {
    path: "hooks list",
    summary: "which there are, and which cannot be asked and why",
    load: async () => (await import("../commands/hooks/hooks.ts")).listHooks,
  },
  {
    path: "hooks check",
    summary: "as `hooks list`; exit status 0 where all of them can be asked",
    load: async () => (await import("../commands/hooks/hooks.ts")).checkHooks,
  },
  {
    path: "hooks trust",
    summary: "what settings.json and its scripts are now is what you want",
    load: async () => (await import("../commands/hooks/hooks.ts")).trustHooks,
  },
  {
    path: "hooks test",
    takes: "<tool> [input]",
    summary: "what the hooks would say to a call; the input is JSON, - reads it from stdin",
    options: [{ flags: "--agent <id>", summary: "the agent; the configured default where left out" }],
    examples: [`hooks test Bash '{"command":"sudo ls"}'`],
    load: async () => (await import("../commands/hooks/hooks.ts")).testHooks,
  },
];
