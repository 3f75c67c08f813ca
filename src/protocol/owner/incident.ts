// An incident, from the first minute to its end.
import { z } from "zod";
import { ownerMethod as method } from "./kit.ts";

export type IncidentView = {
  readonly id: string;
  readonly startedAt: number;
  readonly reason: string;
  readonly state: "frozen" | "contained" | "closed";
  readonly folder: string;
  readonly checklist: readonly {
    readonly id: string;
    readonly what: string;
    readonly how: string;
    readonly doneAt: number | null;
  }[];
  readonly contained: readonly string[];
  readonly closedAt: number | null;
  readonly watchedUntil: number | null;
};

export type IncidentExported = {
  readonly path: string;
  readonly bytes: number;
  readonly files: number;
  /** Of the archive: whoever has it can be told whether it is the one. */
  readonly sha256: string;
  readonly recipients: readonly string[];
  /** Where the key is that opens it here; null where it is plain, or not sealed for a key in a file of this machine. */
  readonly keyFile: string | null;
  readonly warnings: readonly string[];
};

const none = z.strictObject({});

export const incidentMethods = {
  "incident.start": method<IncidentView>()({
    summary: "Stops everything and keeps what is there: evidence, logs, lists, hashes.",
    params: z.strictObject({ reason: z.string().max(512).optional() }),
  }),
  "incident.status": method<{ readonly incident: IncidentView | null }>()({
    summary: "The incident that is open, and what is still to do.",
    params: none,
  }),
  "incident.add": method<{ readonly added: readonly string[] }>()({
    summary: "Adds to the snapshot what only the gateway knows: who was let in, and which conversations there are.",
    params: z.strictObject({
      lists: z.strictObject({
        devices: z.json().optional(),
        senders: z.json().optional(),
        sessions: z.json().optional(),
      }),
    }),
  }),
  "incident.contained": method<IncidentView>()({
    summary: "What was done to contain it is written down.",
    params: z.strictObject({ done: z.array(z.string().min(1).max(1_000)).max(64) }),
  }),
  "incident.done": method<IncidentView>()({
    summary: "The owner has done one thing of the list.",
    params: z.strictObject({ item: z.string().min(1).max(256) }),
  }),
  "incident.report": method<{ readonly text: string }>()({
    summary: "What the evidence says: refusals, who was let in, changes, dates of files.",
    params: z.strictObject({ since: z.int().min(0).optional() }),
  }),
  "incident.export": method<IncidentExported>()({
    summary: "Writes the incident into one archive: snapshot, evidence with its verifier, and the hashes of all of it.",
    params: z.strictObject({
      to: z.string().min(1).max(4_096).optional(),
      recipients: z.array(z.string().max(200)).max(20).optional(),
      plain: z.literal(true).optional(),
      people: z.literal(true).optional(),
    }),
  }),
  "incident.close": method<IncidentView>()({
    summary: "The incident is over; for a while the owner is told of every change.",
    params: z.strictObject({ watchMs: z.int().min(0).max(2_592_000_000).optional() }),
  }),
} as const;
