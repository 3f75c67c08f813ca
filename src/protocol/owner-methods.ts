// catalogue
// The methods of `owner.sock`, which the broker serves to whoever owns its file: configuration, secrets, the gateway's
// token and life. They are a table of their own because the gateway process must not have them.
import { z } from "zod";
import { ownerMethod as method } from "./owner/kit.ts";
import type { PartStatus } from "./owner/kit.ts";
import { areaMethods } from "./owner/areas.ts";

const path = z.string().min(1).max(512);
const baseHash = z.string().min(1).max(128);
const none = z.strictObject({});

export type OwnerStatus = {
  readonly version: string;
  readonly pid: number;
  readonly uptimeMs: number;
  readonly profile: string | null;
  readonly paths: {
    readonly state: string;
    readonly config: string;
    readonly workspace: string;
    readonly log: string;
  };
  readonly config: {
    readonly hashOnDisk: string | null;
    readonly hashRunning: string | null;
    /** Changed keys that take effect at the next start. */
    readonly restartNeeded: readonly string[];
  };
  readonly gateway: {
    readonly state: "starting" | "running" | "restarting" | "stopping" | "stopped";
    readonly pid: number | null;
    readonly restarts: number;
    readonly confinement: "bwrap" | "none";
    readonly confinementReason: string | null;
  };
  /** The first of the addresses below. */
  readonly listen: { readonly host: string; readonly port: number } | null;
  readonly listening: readonly { readonly host: string; readonly port: number }[];
  /** How others find the gateway. */
  readonly network?:
    | {
        /** Where Tailscale publishes it. */
        readonly tailscale?: {
          readonly mode: "serve" | "funnel";
          readonly state: "starting" | "published" | "failed";
          readonly url: string | null;
          readonly reason: string | null;
        };
        /** Why it is not announced on the local network; null where it is. */
        readonly mdns?: { readonly mode: "off" | "minimal" | "full"; readonly offBecause: string | null } | undefined;
      }
    | undefined;
  readonly certificate?: { readonly fingerprint: string; readonly expiresAt: number } | undefined;
  readonly sandbox: {
    readonly state: "verified" | "off";
    readonly reason: string | null;
    readonly fix: string | null;
    readonly walls: readonly { readonly name: string; readonly held: boolean; readonly detail: string }[];
  };
  /** The walls besides the sandbox, one by one. */
  readonly parts: readonly PartStatus[];
  readonly notices: readonly string[];
};

export type ConfigView = {
  readonly path: string;
  readonly exists: boolean;
  readonly hash: string | null;
  /** What was asked for, defaults filled in, secrets shown as a fixed word. */
  readonly value: unknown;
  readonly valid: boolean;
  readonly issues: readonly string[];
  readonly notices: readonly string[];
};

export type ConfigChange = {
  readonly hash: string;
  readonly changed: readonly { readonly path: string; readonly reload: "hot" | "restart" }[];
  readonly notices: readonly string[];
  /** Credentials that were given as plain text: kept as secrets of these names, the file has only the names. */
  readonly secretsKept: readonly string[];
};

export type ConfigRevision = {
  readonly at: number;
  readonly actor: string;
  readonly changedPaths: readonly string[];
  readonly hashBefore: string | null;
  readonly hashAfter: string;
  readonly suspicious: boolean;
  /** What about it is unusual, in words. */
  readonly flags?: readonly string[];
  readonly backup: string | null;
};

const coreMethods = {
  "owner.status": method<OwnerStatus>()({ summary: "The broker, its gateway and what is off and why.", params: none }),
  "config.get": method<ConfigView>()({
    summary: "The configuration, or the part of it at a path, with secrets redacted.",
    params: z.strictObject({ path: path.optional() }),
  }),
  "config.set": method<ConfigChange>()({
    summary: "Sets or, without a value, unsets keys; written only if the whole is valid.",
    params: z.strictObject({
      edits: z
        .array(
          z.union([
            z.strictObject({ path, value: z.json() }),
            z.strictObject({ path, unset: z.literal(true) }),
            z.strictObject({ path, text: z.string().max(1_048_576) }),
          ]),
        )
        .min(1)
        .max(256),
      /** The `hash` this edit was made against; another writer's change in between is then a conflict. */
      baseHash: baseHash.optional(),
    }),
  }),
  "config.history": method<{ readonly revisions: readonly ConfigRevision[] }>()({
    summary: "Who changed what, newest first.",
    params: z.strictObject({ limit: z.int().min(1).max(500).optional() }),
  }),
  "config.rollback": method<ConfigChange>()({
    summary: "Brings a backup back; without a name the last configuration that worked.",
    params: z.strictObject({ to: z.string().min(1).max(256).optional() }),
  }),
  "token.show": method<{
    readonly token: string;
    readonly source: "environment" | "vault";
    /** Unknown where the environment or the config gives it. */
    readonly ageDays?: number;
    readonly ageWarnDays: number;
  }>()({
    summary: "The gateway's token, for the owner's own clients.",
    params: none,
  }),
  "token.create": method<{ readonly token: string; readonly source: "vault" }>()({
    summary: "Makes a new gateway token; the old one stops working at once.",
    params: none,
  }),
  "dashboard.link": method<{
    readonly url: string;
    readonly expiresAt: number;
    readonly alternatives: readonly string[];
  }>()({
    summary: "A link that signs a browser in: once, and for ten minutes.",
    params: none,
  }),
  "token.rotate": method<{ readonly previousUntil: number; readonly toUpdate: readonly string[] }>()({
    summary: "Makes a new gateway token; the old one counts beside it for a while.",
    params: z.strictObject({
      graceMs: z
        .int()
        .min(0)
        .max(30 * 86_400_000),
    }),
  }),
  "gateway.stop": method<{ readonly stopping: true; readonly pid: number }>()({
    summary: "Lets running turns end, then stops everything.",
    params: z.strictObject({ graceMs: z.int().min(0).max(600_000).optional() }),
  }),
  "gateway.restart": method<{ readonly restarting: true }>()({
    summary: "Starts the gateway process again; unfinished turns are taken up.",
    params: z.strictObject({ graceMs: z.int().min(0).max(600_000).optional() }),
  }),
  "channel.check": method<{
    readonly ok: boolean;
    /** What the platform calls the account. */
    readonly name: string | null;
    readonly reason?: string;
  }>()({
    summary: "Asks a chat platform whether a token is one: the given one, or the one that is stored.",
    params: z.strictObject({
      channel: z.string().min(1).max(64),
      account: z.string().min(1).max(64),
      token: z.string().min(1).max(4_096).optional(),
    }),
  }),
  "model.check": method<{
    readonly ok: boolean;
    readonly provider: string;
    readonly model: string | null;
    readonly latencyMs: number;
    readonly models: readonly string[];
    readonly reason?: string;
  }>()({
    summary: "Asks a provider for its models, with the stored credential.",
    params: z.strictObject({
      provider: z.string().min(1).max(128).optional(),
      model: z.string().min(1).max(256).optional(),
      timeoutMs: z.int().min(100).max(120_000).optional(),
    }),
  }),
} as const;

export const ownerMethods = { ...coreMethods, ...areaMethods } as const;

export type OwnerMethodName = keyof typeof ownerMethods;

export type OwnerParamsOf<M extends OwnerMethodName> = z.infer<(typeof ownerMethods)[M]["params"]>;

export type OwnerResultOf<M extends OwnerMethodName> = NonNullable<(typeof ownerMethods)[M]["result"]>;

export type OwnerMethodHandlers<C> = {
  readonly [M in OwnerMethodName]: (params: OwnerParamsOf<M>, context: C) => Promise<OwnerResultOf<M>>;
};

/** The methods that the broker's sides serve: `{ ...vaultMethods, … }`, a file of `owner/` each. */
export type AreaMethodName = keyof typeof areaMethods;
