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
  {
    path: "harden",
    summary:
      "list every wall that is off or weakened and what takes it back; with --apply, take back what the config weakens",
    options: [
      { flags: "--apply", summary: "unset the keys that weaken something, so that their defaults hold" },
      { flags: "--keep <keys>", summary: "leave these keys as they are, separated by commas" },
    ],
    examples: ["harden", "harden --apply --keep gateway.bind"],
    load: async () => (await import("../commands/incident/harden.ts")).harden,
  },
  { path: "incident", summary: "when something went wrong: freeze, keep the evidence, contain, recover" },
  {
    path: "incident start",
    summary: "stop everything, keep what is there, and list what to do",
    options: [{ flags: "--reason <text>", summary: "what happened, for the record" }],
    load: async () => (await import("../commands/incident/incident.ts")).startIncident,
  },
  {
    path: "incident contain",
    summary: "make the gateway's token anew and send every device away; everything stays stopped",
    options: [
      { flags: "--senders", summary: "send away, too, everybody whom you let in on a channel" },
      { flags: "--yes", summary: "do it without asking" },
    ],
    load: async () => (await import("../commands/incident/incident.ts")).containIncident,
  },
  {
    path: "incident status",
    summary: "what was done, and what is still yours to do",
    load: async () => (await import("../commands/incident/incident.ts")).incidentStatus,
  },
  {
    path: "incident done",
    takes: "<item>",
    summary: "you have done one thing of the list",
    load: async () => (await import("../commands/incident/incident.ts")).incidentDone,
  },
  {
    path: "incident report",
    summary: "what the evidence says of the days before",
    options: [{ flags: "--since <duration>", summary: "how far back, as 30d; 7d where left out" }],
    load: async () => (await import("../commands/incident/incident.ts")).incidentReport,
  },
  {
    path: "incident export",
    summary:
      "put the snapshot, the evidence with its verifier, and hashes of it all into one file, without a secret in it",
    options: [
      { flags: "--to <folder>", summary: "put it there" },
      {
        flags: "--recipient <age1>",
        summary: "whose key opens it, beside the vault's; may be given more than once",
        many: true,
      },
      { flags: "--plain", summary: "do not seal it" },
      { flags: "--people", summary: "leave names, mail addresses and telephone numbers of people in" },
    ],
    examples: ["incident export --recipient age1…", "incident export --plain --to /mnt/disk"],
    load: async () => (await import("../commands/incident/export.ts")).exportIncident,
  },
  {
    path: "incident close",
    summary: "it is over: you are told of every change for a while, and `resume` lets go on",
    options: [{ flags: "--watch <duration>", summary: "how long you are told of every change; 48h where left out" }],
    load: async () => (await import("../commands/incident/incident.ts")).closeIncident,
  },
];
