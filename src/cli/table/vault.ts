// catalogue
// The vault's commands.
import type { CommandSpec } from "./commands.ts";

const load = async () => await import("../commands/vault/vault.ts");
const loadFiles = async () => await import("../commands/vault/files.ts");

const toOptions = [
  { flags: "--to <recipient>", summary: "an age recipient (age1…); the vault's own where left out" },
  { flags: "--armor", summary: "as text" },
];

export const vaultCommands: readonly CommandSpec[] = [
  { path: "vault", summary: "the sealed vault: keys and tokens, and what opens it" },
  {
    path: "vault init",
    summary: "make the vault, or have another kind of key open it",
    options: [
      { flags: "--identity <kind>", summary: "key-file (default), passphrase or systemd-credential" },
      { flags: "--key-file <path>", summary: "where the key is kept; never in the state directory" },
    ],
    examples: ["vault init --identity passphrase"],
    load: async () => (await load()).init,
  },
  {
    path: "vault status",
    summary: "whether it is open, what opens it, and whether the disk is encrypted",
    load: async () => (await load()).status,
  },
  {
    path: "vault set",
    takes: "<name>",
    summary: "store a secret; the value is asked for, or read from stdin",
    options: [
      {
        flags: "--bind <binding>",
        summary: "what it may be used for: host=api.x.com,path=/v1,method=POST; - for anything",
      },
      { flags: "--only-bind", summary: "leave the value as it is" },
    ],
    examples: ["vault set provider:anthropic", "vault set provider:mine --bind host=api.mine.example,path=/v1"],
    load: async () => (await load()).set,
  },
  {
    path: "vault get",
    takes: "<name>",
    summary: "what is known of a secret; its value only with --reveal",
    options: [{ flags: "--reveal", summary: "print the value; this is recorded" }],
    load: async () => (await load()).get,
  },
  { path: "vault list", summary: "the secrets by name", load: async () => (await load()).list },
  {
    path: "vault remove",
    takes: "<name>",
    summary: "forget a secret",
    load: async () => (await load()).remove,
  },
  {
    path: "vault rotate",
    takes: "[name]",
    summary: "seal the vault to a new key, or replace one value",
    load: async () => (await load()).rotate,
  },
  {
    path: "vault seal",
    summary: "lock it: nothing is served until it is open again",
    load: async () => (await load()).seal,
  },
  {
    path: "vault unseal",
    summary: "open it; a passphrase is asked for, or read from stdin",
    load: async () => (await load()).unseal,
  },
  {
    path: "vault encrypt",
    takes: "<file>",
    summary: "seal a file with age; - is stdin",
    options: [{ flags: "-o, --output <file>", summary: "where to; stdout where left out" }, ...toOptions],
    load: async () => (await loadFiles()).encrypt,
  },
  {
    path: "vault decrypt",
    takes: "<file>",
    summary: "open an age file that was sealed for the vault; - is stdin",
    options: [
      { flags: "-o, --output <file>", summary: "where to; stdout where left out" },
      { flags: "--identity-file <file>", summary: "another key than the vault's" },
    ],
    load: async () => (await loadFiles()).decrypt,
  },
  {
    path: "vault import",
    takes: "<file>",
    summary: "take in secrets: .env, auth profiles, or a file of SOPS with age",
    options: [
      { flags: "--identity-file <file>", summary: "the age key of a SOPS file, where it is not the vault's" },
      { flags: "--replace", summary: "also where another value is stored" },
      { flags: "--dry-run", summary: "only say what would be stored" },
    ],
    load: async () => (await loadFiles()).importSecrets,
  },
  {
    path: "vault export",
    summary: "all secrets, sealed",
    options: [
      { flags: "--format <format>", summary: "age (default) or sops: JSON that sops and the vault can read" },
      { flags: "-o, --output <file>", summary: "where to; stdout where left out" },
      ...toOptions,
    ],
    load: async () => (await loadFiles()).exportSecrets,
  },
];
