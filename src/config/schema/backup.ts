// catalogue
// Config keys of backups.
import { z } from "zod";
import { key, names, path, section } from "./field.ts";

export const backup = section(
  {
    every: key(
      z.enum(["off", "daily", "weekly"]).default("off"),
      "How often a backup is made by itself. `lorica backup schedule` sets it to weekly.",
    ),
    day: key(z.enum(["sun", "mon", "tue", "wed", "thu", "fri", "sat"]).default("sun"), "The day of a weekly backup."),
    time: key(
      z
        .string()
        .regex(/^([01]\d|2[0-3]):[0-5]\d$/, "a time, as 02:00")
        .default("02:00"),
      "The time of day, in the machine's own time. A run that was missed is made up for.",
    ),
    kind: key(z.enum(["full", "no-transcripts"]).default("full"), "What is in it."),
    keep: key(z.int().min(1).max(1_000).default(8), "Backups of the schedule that are kept; older ones are removed."),
    target: key(path.optional(), "The folder that backups are put into. Unset: backups in the state directory."),
    recipients: key(
      names(20).default([]),
      "Age recipients (age1…) that can open each backup, besides the vault's key.",
    ),
  },
  "Backups.",
  "hot",
);
