// What the owner asks about texts that were stopped. Nothing here says what was in them.
import { z } from "zod";
import { limits } from "../../base/limits.ts";
import { ownerMethod as method } from "./kit.ts";

export type OwnerIncident = {
  readonly id: string;
  readonly at: number;
  readonly point: string;
  readonly verdict: "pass" | "redact" | "hold" | "block";
  readonly rules: readonly string[];
  readonly agentId: string;
  readonly sessionKey: string;
  readonly to: string;
  readonly where: string;
  readonly times: number;
};

/** A message that is kept until the owner has spoken. */
export type OwnerHeld = Pick<
  OwnerIncident,
  "id" | "at" | "point" | "rules" | "agentId" | "sessionKey" | "to" | "where"
> & { readonly word: "none" | "allowed" | "refused" | "expired" };

const id = z.string().regex(/^[0-9a-f]{4,32}$/, "an incident's id, as `lorica dlp list` prints it");

export const dlpMethods = {
  "dlp.list": method<{ readonly incidents: readonly OwnerIncident[]; readonly held: readonly OwnerHeld[] }>()({
    summary: "What was found in texts since the start, newest first, and what waits for a word: where, never what.",
    params: z.strictObject({ limit: z.int().min(1).max(limits.dlpIncidentsMax).optional() }),
  }),
  "dlp.show": method<{ readonly incident: OwnerIncident | null; readonly held: OwnerHeld | null }>()({
    summary: "One of them.",
    params: z.strictObject({ id }),
  }),
  "dlp.stats": method<{
    readonly texts: number;
    readonly chars: number;
    readonly ms: number;
    readonly known: number;
    readonly rules: readonly { readonly rule: string; readonly verdict: string; readonly times: number }[];
  }>()({
    summary: "How many texts were looked at, how long that took, and which rules found something.",
    params: z.strictObject({}),
  }),
  "dlp.test": method<{
    readonly findings: readonly {
      readonly rule: string;
      readonly verdict: string;
      readonly start: number;
      readonly end: number;
    }[];
  }>()({
    summary: "What would be found in a text, and what would become of it. Nothing is kept.",
    params: z.strictObject({
      text: z.string().max(limits.messageMaxChars),
      point: z.enum(["reply", "call", "result", "inbound", "channel"]).optional(),
    }),
  }),
  "dlp.allow": method<{
    readonly id: string;
    /** It is a message that waited, and is sent now. */
    readonly isHeld: boolean;
    readonly isOnce: boolean;
    readonly until: number | null;
    /** In this session, or to this place; either may be empty. */
    readonly sessionKey: string;
    readonly to: string;
  }>()({
    summary: "Sends a held message, or lets what an incident is about pass once or for a while; its session goes on.",
    params: z.strictObject({ id, forMs: z.int().min(1_000).max(limits.dlpAllowMaxMs).optional() }),
  }),
  "dlp.refuse": method<{ readonly id: string; readonly to: string }>()({
    summary: "A held message is not sent, and nothing of it is kept.",
    params: z.strictObject({ id }),
  }),
} as const;
