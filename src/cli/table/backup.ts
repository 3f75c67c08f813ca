// catalogue
// Commands about backups.
import type { CommandSpec, OptionSpec } from "./commands.ts";

const identity: OptionSpec = {
  flags: "--identity <file>",
  summary: "the key that opens it, where it is not this vault's",
};
const to: OptionSpec = { flags: "--to <folder>", summary: "put it there instead of backup.target" };

export const backupCommands: readonly CommandSpec[] = [
  { path: "backup", summary: "sealed backups of everything, by hand and by themselves" },
  {
    path: "backup create",
    summary: "make a backup, also while the gateway runs",
    options: [
      to,
      { flags: "--no-transcripts", summary: "without what people said and sent, to show to somebody" },
      { flags: "--config-only", summary: "only the config" },
      { flags: "--recipient <age1>", summary: "one more key that opens it; may be given more than once", many: true },
      { flags: "--plain", summary: "do not seal it" },
    ],
    examples: ["backup create", "backup create --to /mnt/disk --recipient age1…"],
    load: async () => (await import("../commands/backup/backup.ts")).createBackup,
  },
  {
    path: "backup verify",
    takes: "<file>",
    summary: "read a whole backup and hold every file against its hash",
    options: [identity],
    load: async () => (await import("../commands/backup/backup.ts")).verifyBackup,
  },
  {
    path: "backup restore",
    takes: "<file>",
    summary: "put a backup back; what was there is kept beside it",
    options: [
      identity,
      { flags: "--to <folder>", summary: "into this folder, as a state directory of its own" },
      { flags: "--yes", summary: "do it without asking" },
    ],
    load: async () => (await import("../commands/backup/backup.ts")).restoreBackup,
  },
  {
    path: "backup schedule",
    takes: "[every]",
    summary: "make backups by themselves: weekly (Sundays at 02:00), daily or off",
    options: [
      { flags: "--day <day>", summary: "sun, mon, tue, wed, thu, fri or sat" },
      { flags: "--time <time>", summary: "as 02:00" },
      { flags: "--keep <count>", summary: "how many are kept" },
      to,
    ],
    examples: ["backup schedule", "backup schedule daily --time 04:30", "backup schedule off"],
    load: async () => (await import("../commands/backup/backup.ts")).scheduleBackups,
  },
  {
    path: "backup list",
    summary: "the backups there are, and when the next one is made",
    options: [to],
    load: async () => (await import("../commands/backup/backup.ts")).listBackups,
  },
  {
    path: "backup accept",
    summary: "the database that is there now is the right one, although it is older or another",
    options: [{ flags: "--yes", summary: "do it without asking" }],
    load: async () => (await import("../commands/backup/backup.ts")).acceptDatabase,
  },
];
