// What the owner asks the watchdog, and what they decide about edits that wait.
import { z } from "zod";
import { idBeginning, ownerMethod as method } from "./kit.ts";
import type { ConfigChange } from "../owner-methods.ts";

export type OwnerAlert = {
  readonly id: string;
  readonly at: number;
  readonly text: string;
  /** How often, the last time at `lastAt`. */
  readonly times: number;
  readonly lastAt: number;
  /** Whether a message about it went out to the owner. */
  readonly told: boolean;
};

export type PendingEdit = {
  readonly id: string;
  /** Of what it would write where. */
  readonly digest: string;
  readonly at: number;
  readonly state: "waiting" | "superseded" | "rejected";
  /** What happened, in one line. */
  readonly what: string;
  /** The keys that could give somebody more than before. */
  readonly widening: readonly string[];
  /** One line for each key, secrets by their mark. */
  readonly changes: string;
};

export type WatchdogStatus = {
  /** When the owner last said that all is as it should be; null where they never did. */
  readonly since: number | null;
  readonly files: "in place" | "fighting";
  /** What the config has become since, key by key. */
  readonly config: readonly {
    readonly path: string;
    readonly before: string;
    readonly after: string;
    readonly direction: "wider" | "not wider";
  }[];
  readonly instructions: readonly {
    readonly agentId: string;
    readonly name: string;
    readonly state: "as it was" | "changed" | "removed" | "not there" | "put aside";
    readonly by: string;
    readonly at: number;
  }[];
  /** The files that say how the gateway is started: its unit and what is added to it, its command, tables of cron. */
  readonly units: readonly {
    readonly path: string;
    readonly state: "as it was" | "changed" | "put aside" | "not there";
    readonly by: string;
    readonly at: number;
  }[];
  readonly alerts: number;
};

const absolute = z.string().regex(/^\//).max(4_096);
const file = z.strictObject({ agentId: z.string().min(1).max(64), name: z.string().min(1).max(64) });

export const watchdogMethods = {
  "watchdog.status": method<WatchdogStatus>()({
    summary: "What is watched, and what has changed since the baseline.",
    params: z.strictObject({}),
  }),
  "watchdog.baseline": method<{ readonly at: number }>()({
    summary: "All is as it should be: later changes are counted from now on.",
    params: z.strictObject({}),
  }),
  "watchdog.accept": method<{ readonly accepted: true }>()({
    summary: "Brings an instruction file that was put aside into force.",
    params: file,
  }),
  "watchdog.restore": method<{ readonly restored: true }>()({
    summary: "Brings back what an instruction file said before its last change.",
    params: file,
  }),
  "watchdog.unit": method<{ readonly path: string }>()({
    summary: "The owner's word about a file that says how the gateway is started.",
    params: z.strictObject({ path: absolute, word: z.enum(["accept", "restore"]) }),
  }),
  "watchdog.expect": method<{ readonly expected: number }>()({
    summary: "Announces what an installer is about to write where, or with null to remove.",
    params: z.strictObject({
      files: z.array(z.strictObject({ path: absolute, text: z.string().max(65_536).nullable() })).max(8),
    }),
  }),
  "config.pending": method<{ readonly edits: readonly PendingEdit[] }>()({
    summary: "Edits of the config files that are not in force, newest first.",
    params: z.strictObject({}),
  }),
  "config.accept": method<ConfigChange>()({
    summary: "Brings the edit with this digest into force, or only the named keys of it.",
    params: z.strictObject({
      digest: z
        .string()
        .regex(/^[0-9a-f]{8,64}$/)
        .optional(),
      only: z.array(z.string().min(1).max(512)).max(64).optional(),
    }),
  }),
  "config.reject": method<{ readonly rejected: number }>()({
    summary: "Refuses the edit that waits; it is kept for a while and never used.",
    params: z.strictObject({}),
  }),
  "watchdog.alerts": method<{ readonly alerts: readonly OwnerAlert[] }>()({
    summary: "What the owner was alerted to and has not acknowledged.",
    params: z.strictObject({}),
  }),
  "watchdog.ack": method<{ readonly acknowledged: number }>()({
    summary: "The owner knows: one alert by its id or the beginning of it, or all of them.",
    params: z.strictObject({ id: idBeginning.optional() }),
  }),
} as const;
