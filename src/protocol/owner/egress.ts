// What the owner asks about the way out: which rules hold, what would happen to a host, what went out and what was stopped;
// and the two edits of the config that one makes most.
import { z } from "zod";
import type { ConfigChange } from "../owner-methods.ts";
import { ownerMethod as method } from "./kit.ts";

const agent = z.string().min(1).max(64);
const host = z.string().min(1).max(300);

export type EgressAgent = {
  readonly agentId: string;
  readonly profile: string;
  /** False: its cells have no network whatsoever. */
  readonly hasWayOut: boolean;
  readonly rules: readonly string[];
  readonly uploadMaxBytes: number | null;
};

export type EgressStatus = {
  readonly agents: readonly EgressAgent[];
  /** Hosts that the enabled providers and platforms need: for the broker's own requests, never for a cell. */
  readonly routes: readonly string[];
  readonly presets: readonly { readonly name: string; readonly hosts: readonly string[]; readonly risk: string }[];
  readonly allowed: number;
  readonly denied: number;
};

export type EgressTest = {
  readonly agentId: string;
  readonly host: string;
  readonly port: number;
  readonly verdict: "allow" | "deny";
  readonly rule: string;
  readonly reason: string | null;
  /** Whether the broker would end its TLS. */
  readonly isTerminated: boolean;
};

export type EgressSeen = {
  readonly at: number;
  readonly agentId: string;
  readonly sessionKey: string;
  readonly host: string;
  readonly port: number;
  readonly method: string | null;
  readonly verdict: "allow" | "deny";
  readonly rule: string;
  readonly reason: string | null;
  readonly upBytes: number;
  readonly downBytes: number;
};

export const egressMethods = {
  "egress.status": method<EgressStatus>()({
    summary: "Which hosts may be reached, by agent.",
    params: z.strictObject({}),
  }),
  "egress.test": method<EgressTest>()({
    summary: "What would happen to a connection. Nothing is dialled and no name is looked up.",
    params: z.strictObject({ host, agent: agent.optional() }),
  }),
  "egress.allow": method<ConfigChange>()({
    summary: "Adds a rule to `egress.allow`.",
    params: z.strictObject({
      host,
      agent: agent.optional(),
      forMs: z
        .int()
        .min(1_000)
        .max(366 * 24 * 3_600_000)
        .optional(),
    }),
  }),
  "egress.deny": method<ConfigChange>()({
    summary: "Takes a host out of `egress.allow` and adds it to `egress.deny`.",
    params: z.strictObject({ host, agent: agent.optional() }),
  }),
  "egress.log": method<{ readonly entries: readonly EgressSeen[] }>()({
    summary: "What went out of cells and what was stopped, newest last, since the broker started.",
    params: z.strictObject({ blocked: z.boolean().optional(), limit: z.int().min(1).max(1_000).optional() }),
  }),
} as const;
