// catalogue
// Commands about the cells in which an agent's commands and file tools run.
import type { CommandSpec, OptionSpec } from "./commands.ts";

const agent: OptionSpec = { flags: "--agent <id>", summary: "only this agent's" };

const wayAgentOption: OptionSpec = { flags: "--agent <id>", summary: "only for this agent; for all where left out" };

const egressCommands: readonly CommandSpec[] = [
  { path: "egress", summary: "which hosts commands may reach, and what left" },
  {
    path: "egress status",
    summary: "the rules by agent, what the enabled providers and platforms need, and the presets with their risk",
    load: async () => (await import("../commands/egress/egress.ts")).showEgress,
  },
  {
    path: "egress test",
    takes: "<host>",
    summary: "what would happen to a connection; nothing is dialled",
    options: [{ flags: "--agent <id>", summary: "the agent; the default one where left out" }],
    examples: ["egress test pypi.org", "egress test git.example.com:8443 --agent builder"],
    load: async () => (await import("../commands/egress/egress.ts")).testHost,
  },
  {
    path: "egress allow",
    takes: "<host>",
    summary: "let commands reach a host: name, name:port or *.name",
    options: [wayAgentOption, { flags: "--for <duration>", summary: "until then only, as 2h or 7d" }],
    examples: ["egress allow api.github.com --agent main --for 2h"],
    load: async () => (await import("../commands/egress/egress.ts")).allowHost,
  },
  {
    path: "egress deny",
    takes: "<host>",
    summary: "never let anything reach a host, whatever allows it",
    options: [wayAgentOption],
    load: async () => (await import("../commands/egress/egress.ts")).denyHost,
  },
  {
    path: "egress log",
    summary: "what left cells and what was stopped since the gateway's start",
    options: [
      { flags: "--blocked", summary: "only what was stopped" },
      { flags: "--limit <count>", summary: "at most this many; 50 where left out" },
    ],
    load: async () => (await import("../commands/egress/egress.ts")).showLog,
  },
  {
    path: "egress render",
    takes: "<target>",
    summary: "a packet filter for the machine around it, as nftables or ufw; printed, never applied",
    options: [{ flags: "--user <name>", summary: "the user that Lorica runs as; whoever asks where left out" }],
    examples: ["egress render nftables", "egress render ufw"],
    load: async () => (await import("../commands/egress/render.ts")).renderFilter,
  },
];

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
  ...egressCommands,
];
