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
    summary: "bring the edit that waits into force, or only some keys of it",
    options: [{ flags: "--only <keys...>", summary: "only these keys and what is below them" }],
    examples: ["config accept", "config accept --only gateway.bind"],
    load: async () => (await import("../commands/watchdog/pending.ts")).acceptEdit,
  },
  {
    path: "config reject",
    summary: "refuse the edit that waits",
    load: async () => (await import("../commands/watchdog/pending.ts")).rejectEdit,
  },
  { path: "watchdog", summary: "what watches over the config and the agents' instructions" },
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
