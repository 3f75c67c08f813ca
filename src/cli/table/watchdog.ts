// catalogue
// Commands about what watches over the config and the instructions.
import type { CommandSpec } from "./commands.ts";

export const watchdogCommands: readonly CommandSpec[] = [
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
