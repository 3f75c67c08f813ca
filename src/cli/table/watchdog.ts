// catalogue
// Commands about what watches over the config and the instructions.
import type { CommandSpec } from "./commands.ts";

export const watchdogCommands: readonly CommandSpec[] = [
  {
    path: "config pending",
    summary: "edits by hand that are not in force, because they could give somebody more",
    load: async () => (await import("../commands/watchdog/pending.ts")).showPending,
  },
  {
    path: "config accept",
    takes: "[digest]",
    summary: "bring the edit that waits, or the one with this digest, into force, or only some keys of it",
    options: [{ flags: "--only <keys...>", summary: "only these keys and what is below them" }],
    examples: ["config accept", "config accept 3f9a0c11d2e4", "config accept --only gateway.bind"],
    load: async () => (await import("../commands/watchdog/pending.ts")).acceptEdit,
  },
  {
    path: "config reject",
    summary: "refuse the edit that waits",
    load: async () => (await import("../commands/watchdog/pending.ts")).rejectEdit,
  },
  {
    path: "config acknowledge",
    takes: "<setting>",
    summary: "a dangerous setting is meant, for a while; after that it is not in force",
    options: [{ flags: "--for <duration>", summary: "for how long, as 8h or 7d; 0 ends it" }],
    examples: ["config acknowledge gateway.auth.mode=none --for 8h"],
    load: async () => (await import("../commands/watchdog/acknowledge.ts")).acknowledge,
  },
  { path: "watchdog", summary: "what watches over the config and the agents' instructions" },
  {
    path: "watchdog status",
    summary: "what has changed since the baseline, and in which direction",
    load: async () => (await import("../commands/watchdog/status.ts")).showWatchdog,
  },
  {
    path: "watchdog baseline",
    summary: "all is as it should be: count later changes from now on",
    load: async () => (await import("../commands/watchdog/status.ts")).setBaseline,
  },
  {
    path: "watchdog accept",
    takes: "<file>",
    summary: "let an agent go by an instruction file that was put aside, or a service start by a unit that was",
    options: [{ flags: "--agent <id>", summary: "the agent; main where left out" }],
    examples: ["watchdog accept SOUL.md", "watchdog accept ~/.config/systemd/user/openclaw-gateway.service"],
    load: async () => (await import("../commands/watchdog/status.ts")).acceptInstruction,
  },
  {
    path: "watchdog restore",
    takes: "<file>",
    summary:
      "bring back what an instruction file or a unit said before its last change (for the config: config rollback)",
    options: [{ flags: "--agent <id>", summary: "the agent; main where left out" }],
    examples: ["watchdog restore AGENTS.md"],
    load: async () => (await import("../commands/watchdog/status.ts")).restoreInstruction,
  },
  {
    path: "watchdog alerts",
    summary: "what you were alerted to and have not acknowledged",
    load: async () => (await import("../commands/watchdog/alerts.ts")).showAlerts,
  },
  {
    path: "watchdog ack",
    takes: "[id]",
    summary: "you know about an alert, or without an id about all of them",
    load: async () => (await import("../commands/watchdog/alerts.ts")).acknowledgeAlerts,
  },
];
