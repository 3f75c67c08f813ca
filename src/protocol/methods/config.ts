// catalogue
// The methods on the configuration, for clients that come over the network. The broker reads and writes it; what would
// give anybody more than before it refuses, whoever asks here.
import { z } from "zod";
import { limits } from "../../base/limits.ts";
import type { Json } from "../../base/json.ts";
import { admin, method, none, read, sessionKey } from "./kit.ts";

export type ConfigIssue = { readonly path: string; readonly message: string };

export type ConfigSnapshot = {
  /** The name without its folder. */
  readonly path: string;
  readonly exists: boolean;
  /** What differs from the defaults, as text to edit: not the file itself, which may hold secrets in its comments. */
  readonly raw: string;
  readonly parsed: Json;
  readonly sourceConfig: Json;
  readonly config: Json;
  /** With every default filled in. */
  readonly resolved: Json;
  readonly runtimeConfig: Json;
  readonly valid: boolean;
  readonly hash: string;
  readonly configRevisionHash: string;
  readonly appliedConfigHash: string | null;
  readonly restartNeeded: readonly string[];
  readonly issues: readonly ConfigIssue[];
  readonly warnings: readonly ConfigIssue[];
  readonly legacyIssues: readonly [];
};

export type ConfigWritten = {
  readonly ok: true;
  readonly path: string;
  readonly hash: string;
  readonly config: Json;
  readonly changedPaths: readonly string[];
  readonly sentinel: {
    readonly persisted: true;
    readonly payload: {
      readonly kind: "config-set" | "config-patch" | "config-apply";
      readonly status: "ok";
      readonly ts: number;
      readonly stats: { readonly mode: "set" | "patch" | "apply"; readonly requiresRestart: boolean };
    };
  };
};

type KeyHint = { readonly help: string; readonly sensitive: boolean };

export type ConfigKey = {
  readonly path: string;
  readonly schema: Json;
  readonly reloadKind: "hot" | "restart";
  readonly hint: KeyHint;
  readonly hintPath: string;
  readonly children: readonly {
    readonly key: string;
    readonly path: string;
    readonly required: false;
    readonly hasChildren: boolean;
    readonly reloadKind: "hot" | "restart";
    readonly hint: KeyHint;
    readonly hintPath: string;
  }[];
};

const raw = z.string().min(1).max(limits.configFileMaxBytes);
const baseHash = z.string().min(1).max(128);
/** `note` and what else would tell somebody afterwards is understood and not used: the caller is told at once. */
const write = z.strictObject({
  raw,
  baseHash: baseHash.optional(),
  note: z.string().max(1_024).optional(),
  sessionKey: sessionKey.optional(),
  restartDelayMs: z.int().min(0).optional(),
});

export const configMethods = {
  "config.get": method<ConfigSnapshot>()({
    summary: "The configuration, with secrets shown as a fixed word.",
    scope: read,
    params: none,
  }),
  "config.set": method<ConfigWritten>()({
    summary: "Brings the configuration to `raw`. The fixed word keeps the secret that is there.",
    scope: admin,
    writeLimited: true,
    params: z.strictObject({ raw, baseHash: baseHash.optional() }),
  }),
  "config.patch": method<ConfigWritten>()({
    summary: "Merges `raw` into the configuration; null takes a key out.",
    scope: admin,
    writeLimited: true,
    params: write,
  }),
  "config.apply": method<ConfigWritten>()({
    summary: "As `config.set`. What needs a restart waits for the owner's.",
    scope: admin,
    writeLimited: true,
    params: write,
  }),
  "config.schema": method<{
    readonly schema: Json;
    readonly uiHints: Readonly<Record<string, KeyHint>>;
    readonly version: string;
    readonly generatedAt: string;
  }>()({ summary: "The configuration's JSON Schema.", scope: read, params: none }),
  "config.schema.lookup": method<ConfigKey>()({
    summary: "One key of the configuration, and those directly below it.",
    scope: read,
    params: z.strictObject({ path: z.string().min(1).max(1_024) }),
  }),
  "update.run": method<never>()({
    summary: "Not built: the gateway does not replace itself. It says how to update.",
    scope: admin,
    writeLimited: true,
    params: z.looseObject({}),
  }),
} as const;
