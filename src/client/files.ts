// What a client remembers between its calls: the token that each gateway gave this device, and the certificates that its
// owner has vouched for. One small private file; each gateway's entry is used for that gateway only.
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { LoricaError } from "../base/errors.ts";
import { readPrivateFile, writePrivateFile } from "../base/files/private-file.ts";
import { isRecord, parseJson } from "../base/json.ts";
import { limits } from "../base/limits.ts";

export type ClientFiles = {
  token(gateway: TokenFor): Promise<string | undefined>;
  /** Undefined forgets it. */
  saveToken(gateway: TokenFor, token: string | undefined): Promise<void>;
  fingerprint(url: string): Promise<string | undefined>;
  saveFingerprint(url: string, fingerprint: string): Promise<void>;
};

/** Tokens are bound to all three. */
export type TokenFor = { readonly url: string; readonly role: string; readonly deviceId: string };

type Remembered = { readonly tokens: Record<string, string>; readonly fingerprints: Record<string, string> };

export function openClientFiles(path: string): ClientFiles {
  // One change at a time: each reads the whole file, and writes the whole file.
  let last: Promise<unknown> = Promise.resolve();

  function change(work: (now: Remembered) => Remembered): Promise<void> {
    const next = last.then(async () => save(path, work(await load(path))));
    last = next.catch(() => undefined);
    return next;
  }

  return {
    token: async (gateway) => (await load(path)).tokens[keyOf(gateway)],
    saveToken: (gateway, token) => change((now) => ({ ...now, tokens: replaced(now.tokens, keyOf(gateway), token) })),
    fingerprint: async (url) => (await load(path)).fingerprints[url],
    saveFingerprint: (url, fingerprint) =>
      change((now) => ({ ...now, fingerprints: replaced(now.fingerprints, url, fingerprint) })),
  };
}

function keyOf({ url, role, deviceId }: TokenFor): string {
  return `${role} ${deviceId} ${url}`;
}

/** The newest last; the oldest make room. */
function replaced(from: Record<string, string>, key: string, value: string | undefined): Record<string, string> {
  const others = Object.entries(from).filter(([name]) => name !== key);
  const all = value === undefined ? others : [...others, [key, value] as const];
  return Object.fromEntries(all.slice(-limits.clientGatewaysMax));
}

async function load(path: string): Promise<Remembered> {
  const text = await readPrivateFile(path, limits.clientFileMaxBytes);
  if (text === undefined) return { tokens: {}, fingerprints: {} };
  const json = parseJson(text);
  const value: unknown = json.ok ? json.value : undefined;
  if (!isRecord(value) || !isTexts(value["tokens"]) || !isTexts(value["fingerprints"]))
    throw new LoricaError(
      "conflict",
      `${path} is damaged. Move it away: devices then show their gateway's token again`,
    );
  return { tokens: value["tokens"], fingerprints: value["fingerprints"] };
}

function isTexts(value: unknown): value is Record<string, string> {
  return isRecord(value) && Object.values(value).every((one) => typeof one === "string");
}

async function save(path: string, remembered: Remembered): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writePrivateFile(path, `${JSON.stringify({ version: 1, ...remembered }, null, 2)}\n`);
}
