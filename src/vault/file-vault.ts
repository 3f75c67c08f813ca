// The vault of this step: one 0600 file in the credentials folder, which nobody but the broker opens. What the
// environment or the config names is laid over it and never written.
import type { Clock } from "../base/clock.ts";
import { LoricaError } from "../base/errors.ts";
import { isRecord, parseJson } from "../base/json.ts";
import { limits } from "../base/limits.ts";
import { readPrivateFile, writePrivateFile } from "../base/files/private-file.ts";
import { secretNamePattern } from "./names.ts";
import type { SecretInfo, Vault } from "./vault.ts";

export type FileVault = Vault & {
  /** Every value there is, for whoever keeps them out of logs and answers. */
  values(): Iterable<string>;
  /** Where a value would come from now. */
  sourceOf(name: string): "environment" | "vault" | undefined;
};

export type FileVaultOptions = {
  readonly path: string;
  readonly clock: Clock;
  /** Values from the environment, a `.env` file or the config. They win over the file, and stay out of it. */
  readonly given: ReadonlyMap<string, string>;
};

type Entry = { readonly value: string; readonly updatedAt: number };

export async function openFileVault(options: FileVaultOptions): Promise<FileVault> {
  const { path, clock, given } = options;
  let stored = await load(path);
  let last: Promise<unknown> = Promise.resolve();

  /** One writer at a time; the map changes only once the file has. */
  async function change(edit: (entries: Map<string, Entry>) => void): Promise<void> {
    const write = async (): Promise<void> => {
      const next = new Map(stored);
      edit(next);
      if (next.size > limits.secretsMax)
        throw new LoricaError("too_large", `the vault holds ${limits.secretsMax} secrets at most; remove one first`);
      await writePrivateFile(path, render(next));
      stored = next;
    };
    const turn = last.then(write);
    last = turn.catch(() => undefined);
    await turn;
  }

  return {
    read: async (name) => given.get(name) ?? stored.get(name)?.value,
    async write(name, value) {
      checkSecret(name, value);
      await change((entries) => entries.set(name, { value, updatedAt: clock.now() }));
    },
    async remove(name) {
      if (!stored.has(name)) return false;
      await change((entries) => entries.delete(name));
      return true;
    },
    list: async () =>
      [...stored]
        .map(([name, { updatedAt }]): SecretInfo => ({ name, updatedAt }))
        .toSorted((left, right) => (left.name < right.name ? -1 : 1)),
    values: () => [...given.values(), ...[...stored.values()].map(({ value }) => value)],
    sourceOf(name) {
      if (given.has(name)) return "environment";
      return stored.has(name) ? "vault" : undefined;
    },
  };
}

function checkSecret(name: string, value: string): void {
  if (!secretNamePattern.test(name))
    throw new LoricaError(
      "invalid_request",
      `not a secret's name: ${JSON.stringify(name.slice(0, 100))}. Names look like provider:anthropic`,
    );
  if (value.trim() === "") throw new LoricaError("invalid_request", `the value of ${name} is empty`);
  if (value.includes("\0")) throw new LoricaError("invalid_request", `the value of ${name} holds a NUL character`);
  if (Buffer.byteLength(value) > limits.secretMaxBytes)
    throw new LoricaError("too_large", `the value of ${name} is longer than ${limits.secretMaxBytes} bytes`);
}

async function load(path: string): Promise<Map<string, Entry>> {
  const text = await readPrivateFile(path, limits.secretsFileMaxBytes);
  if (text === undefined) return new Map();
  const json = parseJson(text);
  const secrets = json.ok && isRecord(json.value) ? json.value["secrets"] : undefined;
  // Never starts over with an empty vault: the next write would destroy what can still be saved by hand.
  if (!isRecord(secrets)) throw damaged(path);
  const entries = new Map<string, Entry>();
  for (const [name, entry] of Object.entries(secrets)) {
    if (!isRecord(entry) || typeof entry["value"] !== "string" || typeof entry["updatedAt"] !== "number")
      throw damaged(path);
    entries.set(name, { value: entry["value"], updatedAt: entry["updatedAt"] });
  }
  return entries;
}

function render(entries: ReadonlyMap<string, Entry>): string {
  return `${JSON.stringify({ version: 1, secrets: Object.fromEntries(entries) }, undefined, 2)}\n`;
}

function damaged(path: string): LoricaError {
  return new LoricaError("config_invalid", `${path} is damaged; repair it, or move it away and set the secrets again`);
}
