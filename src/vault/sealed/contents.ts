// What is inside the sealed vault: the keys of other parts, and the secrets with what each may be used for.
import { randomBytes } from "node:crypto";
import { LoricaError } from "../../base/errors.ts";
import { isRecord, parseJson } from "../../base/json.ts";
import { limits } from "../../base/limits.ts";
import { parsed, rejected } from "../../base/parsed.ts";
import type { Parsed } from "../../base/parsed.ts";
import { bindingSchema } from "../binding.ts";
import type { Binding } from "../binding.ts";
import { secretNamePattern } from "../names.ts";

/** What each other part seals with. They stay the same when the vault's own key is replaced. */
export const keyPurposes = ["state", "evidence"] as const;
export type KeyPurpose = (typeof keyPurposes)[number];

export type Entry = { readonly value: string; readonly updatedAt: number; readonly binding?: Binding | undefined };

export type Contents = {
  readonly keys: Readonly<Record<KeyPurpose, Buffer>>;
  readonly secrets: ReadonlyMap<string, Entry>;
};

const keyBytes = 32;

export function createContents(): Contents {
  return { keys: { state: randomBytes(keyBytes), evidence: randomBytes(keyBytes) }, secrets: new Map() };
}

export function renderContents({ keys, secrets }: Contents): Buffer {
  const rendered = {
    version: 1,
    keys: { state: keys.state.toString("base64"), evidence: keys.evidence.toString("base64") },
    secrets: Object.fromEntries(secrets),
  };
  return Buffer.from(JSON.stringify(rendered));
}

/** Says what is wrong, and never what stands there. */
export function parseContents(plain: Buffer): Parsed<Contents> {
  const json = parseJson(plain.toString("utf8"));
  if (!json.ok || !isRecord(json.value)) return rejected("what is sealed in it is no vault");
  const { version, keys, secrets } = json.value;
  if (version !== 1) return rejected("it was written by a newer version of this program");
  if (!isRecord(keys)) return rejected("its keys are missing");
  const [state, evidence] = [keyOf(keys["state"]), keyOf(keys["evidence"])];
  if (state === undefined || evidence === undefined) return rejected("one of its keys is missing");
  const entries = parseEntries(secrets);
  return entries.ok ? parsed({ keys: { state, evidence }, secrets: entries.value }) : entries;
}

function keyOf(value: unknown): Buffer | undefined {
  const key = typeof value === "string" ? Buffer.from(value, "base64") : undefined;
  return key?.length === keyBytes ? key : undefined;
}

export function parseEntries(secrets: unknown): Parsed<ReadonlyMap<string, Entry>> {
  if (!isRecord(secrets)) return rejected("its secrets are missing");
  const named = Object.entries(secrets);
  if (named.length > limits.secretsMax) return rejected(`it holds more than ${limits.secretsMax} secrets`);
  const entries = new Map<string, Entry>();
  for (const [name, entry] of named) {
    const read = parseEntry(entry);
    if (!secretNamePattern.test(name) || read === undefined) return rejected("one of its secrets is not whole");
    entries.set(name, read);
  }
  return parsed(entries);
}

function parseEntry(entry: unknown): Entry | undefined {
  if (!isRecord(entry)) return undefined;
  const { value, updatedAt, binding } = entry;
  if (typeof value !== "string" || typeof updatedAt !== "number") return undefined;
  if (binding === undefined) return { value, updatedAt };
  const bound = bindingSchema.safeParse(binding);
  return bound.success ? { value, updatedAt, binding: bound.data } : undefined;
}

/** What may be stored at all. */
export function checkSecret(name: string, value: string): void {
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
