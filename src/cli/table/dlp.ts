// catalogue
// Commands about texts that were stopped on their way out.
import type { CommandSpec } from "./commands.ts";

export const dlpCommands: readonly CommandSpec[] = [
  { path: "dlp", summary: "what was stopped or taken out because it must not leave" },
  {
    path: "dlp list",
    summary: "what waits for your word, and what was found since the start: where, never what",
    options: [{ flags: "--limit <count>", summary: "at most this many; 50 where left out" }],
    load: async () => (await import("../commands/dlp/dlp.ts")).listIncidents,
  },
  {
    path: "dlp show",
    takes: "<id>",
    summary: "one of them",
    load: async () => (await import("../commands/dlp/dlp.ts")).showIncident,
  },
  {
    path: "dlp allow",
    takes: "<id>",
    summary: "send a held message, or let what it is about pass once where it was going; its session goes on",
    options: [{ flags: "--for <duration>", summary: "as often as it comes, for so long; 24h at most" }],
    examples: ["dlp allow 3f9c", "dlp allow 3f9c --for 30m"],
    load: async () => (await import("../commands/dlp/dlp.ts")).allowIncident,
  },
  {
    path: "dlp refuse",
    takes: "<id>",
    summary: "a held message is not sent, and nothing of it is kept",
    load: async () => (await import("../commands/dlp/dlp.ts")).refuseHeld,
  },
  {
    path: "dlp stats",
    summary: "how many texts were looked at, and which rules found something",
    load: async () => (await import("../commands/dlp/dlp.ts")).showStats,
  },
  {
    path: "dlp test",
    summary: "what would be found in a text from stdin; nothing of it is kept",
    options: [{ flags: "--at <point>", summary: "reply (default), call, result, inbound or channel" }],
    examples: ["dlp test < answer.txt", "dlp test --at call < command.sh"],
    load: async () => (await import("../commands/dlp/dlp.ts")).testText,
  },
];
