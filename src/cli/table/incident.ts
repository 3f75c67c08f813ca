// catalogue
// Commands for when something went wrong.
import type { CommandSpec, OptionSpec } from "./commands.ts";

const killOptions: readonly OptionSpec[] = [
  { flags: "--agent <id>", summary: "only this agent" },
  {
    flags: "--capability <name>",
    summary: "only exec, files, model, channels, egress, nodes, or tools (all but model and channels)",
  },
  { flags: "--all", summary: "everything, as where nothing is named" },
  { flags: "--for <duration>", summary: "resume by itself after this long, as 30m or 2h" },
  { flags: "--reason <text>", summary: "why, for the record and for whoever is refused" },
];

export const incidentCommands: readonly CommandSpec[] = [
  {
    path: "kill",
    summary: "stop everything, or a part, at once and in the middle of it; it stays stopped over a restart",
    options: killOptions,
    examples: ["kill", "kill --agent main --reason 'strange mails'", "kill --capability exec --for 2h"],
    load: async () => (await import("../commands/incident/kill.ts")).kill,
  },
  {
    path: "kill status",
    summary: "what is stopped",
    load: async () => (await import("../commands/incident/kill.ts")).killStatus,
  },
  {
    path: "resume",
    takes: "[id]",
    summary: "let go on what was stopped: one thing by its id, or all",
    load: async () => (await import("../commands/incident/kill.ts")).resume,
  },
];
