// The owner's methods of the vault. A value leaves only by `vault.get` with `reveal`, and
// that is on record.
import { z } from "zod";
import { ownerMethod as method } from "./kit.ts";

const none = z.strictObject({});
const name = z.string().min(1).max(128);
const value = z.string().min(1).max(65_536);
const passphrase = z.string().min(1).max(1_024);
const identity = z.enum(["key-file", "passphrase", "systemd-credential"]);
const recipients = z.array(z.string().min(1).max(4_096)).min(1).max(16).readonly();
const keyText = z.string().min(1).max(65_536);
const bytes = z.base64().max(22_000_000);

type VaultState = {
  readonly state: "open" | "locked";
  /** What kind of key opens it. */
  readonly identity: z.infer<typeof identity>;
  readonly keyFile: string | null;
  /** `age1…`: whoever has this can seal something for the vault. */
  readonly recipient: string | null;
  readonly secrets: number | null;
  /** Whether systemd gives this process a key that could open the vault. */
  readonly hasCredential: boolean;
  readonly reason: string | null;
  readonly fix: string | null;
  /** Whether the disk below the state directory is encrypted; null where that cannot be told. */
  readonly disk: { readonly encrypted: boolean | null; readonly detail: string };
};

type StoredSecret = {
  readonly name: string;
  readonly updatedAt: number;
  readonly binding: string | null;
  /** The environment's or the config's value wins over a stored one. */
  readonly source: "environment" | "vault";
  /** Since when uses are counted, it was used so often, at last then. */
  readonly uses: number;
  readonly lastUsedAt: number | null;
};

export const vaultMethods = {
  "vault.status": method<VaultState>()({ summary: "Whether the vault is open, and what opens it.", params: none }),
  "vault.unseal": method<VaultState>()({
    summary: "Opens a locked vault, with its passphrase where it has one.",
    params: z.strictObject({ passphrase: passphrase.optional() }),
  }),
  "vault.seal": method<VaultState>()({
    summary: "Locks the vault: no credential, no conversation, until it is opened again.",
    params: none,
  }),
  "vault.init": method<VaultState>()({
    summary: "Makes the vault, or has another kind of key open it.",
    params: z.strictObject({
      identity,
      keyFile: z.string().min(1).max(4_096).optional(),
      passphrase: passphrase.optional(),
    }),
  }),
  "vault.rotate": method<VaultState>()({
    summary: "Seals the vault to a new key; the former one opens it no more, and still the backups made before.",
    params: z.strictObject({ passphrase: passphrase.optional() }),
  }),
  "vault.set": method<{ readonly name: string; readonly replaced: boolean }>()({
    summary: "Stores a secret, or says what a stored one may be used for; an empty binding takes it away.",
    params: z.strictObject({ name, value: value.optional(), binding: z.string().max(2_048).optional() }),
  }),
  "vault.get": method<StoredSecret & { readonly value?: string }>()({
    summary: "What is known of a secret; its value only where `reveal` asks for it.",
    params: z.strictObject({ name, reveal: z.boolean().optional() }),
  }),
  "vault.list": method<{ readonly secrets: readonly StoredSecret[] }>()({
    summary: "The stored secrets by name, without their values.",
    params: none,
  }),
  "vault.remove": method<{ readonly name: string; readonly removed: boolean }>()({
    summary: "Forgets a secret.",
    params: z.strictObject({ name }),
  }),
  "vault.import": method<{
    readonly format: string;
    readonly stored: readonly string[];
    /** Another value is stored under these. */
    readonly kept: readonly string[];
    readonly skipped: readonly { readonly name: string; readonly why: string }[];
  }>()({
    summary: "Takes in the secrets of a file: .env, auth profiles, SOPS with age.",
    params: z.strictObject({
      text: z.string().max(1_048_576),
      identity: keyText.optional(),
      replace: z.boolean().optional(),
      dryRun: z.boolean().optional(),
    }),
  }),
  "vault.export": method<{ readonly sealed: string; readonly secrets: number }>()({
    summary: "All secrets, sealed for the vault's recipient or the given ones; in base64.",
    params: z.strictObject({
      format: z.enum(["age", "sops"]),
      to: recipients.optional(),
      armored: z.boolean().optional(),
    }),
  }),
  "vault.encrypt": method<{ readonly sealed: string }>()({
    summary: "Seals a file with age; both in base64.",
    params: z.strictObject({ plain: bytes, to: recipients.optional(), armored: z.boolean().optional() }),
  }),
  "vault.decrypt": method<{ readonly plain: string }>()({
    summary: "Opens an age file that was sealed for the vault, or for the given key; both in base64.",
    params: z.strictObject({ sealed: bytes, identity: keyText.optional() }),
  }),
} as const;
