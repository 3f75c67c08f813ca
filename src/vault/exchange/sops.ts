// Files of SOPS whose key is sealed with age: JSON in and out, dotenv in. Each value is encrypted under its place in the
// file, and a check sum over all of them shows when one was taken out or put back.
import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { isRecord, parseJson } from "../../base/json.ts";
import { limits } from "../../base/limits.ts";
import { parsed, rejected } from "../../base/parsed.ts";
import type { Parsed } from "../../base/parsed.ts";
import { sealFile } from "../age/age-file.ts";
import { armor } from "../age/armor.ts";

const tagBytes = 16;
const ivBytes = 32;

export function isSops(text: string): boolean {
  return text.includes("ENC[AES256_GCM,") && /sops["_]/.test(text);
}

type Sops = {
  readonly values: ReadonlyMap<string, string>;
  readonly keys: readonly string[];
  readonly mac: string;
  readonly lastModified: string;
};

export async function openSops(
  text: string,
  unwrap: (armored: string) => Promise<Buffer | undefined>,
): Promise<Parsed<Readonly<Record<string, string>>>> {
  const file = text.trimStart().startsWith("{") ? parseSopsJson(text) : parseSopsDotEnv(text);
  if (!file.ok) return file;
  const { values, keys, mac, lastModified } = file.value;
  for (const armored of keys) {
    const key = await unwrap(armored);
    if (key === undefined) continue;
    const plain: Record<string, string> = {};
    for (const [name, sealed] of values) {
      const value = openValue(sealed, key, `${name}:`);
      if (value === undefined) return rejected(`${name} was changed after it was sealed`);
      plain[name] = value;
    }
    if (openValue(mac, key, lastModified) !== macOf(Object.values(plain)))
      return rejected("values were added, taken out or moved after it was sealed");
    return parsed(plain);
  }
  return rejected("its key is sealed for somebody else: give the age key with --identity-file");
}

/** As `sops` writes it, for keys without a tree. */
export function sealSops(values: Readonly<Record<string, string>>, recipients: readonly string[], now: number): string {
  const key = randomBytes(32);
  const lastmodified = `${new Date(now).toISOString().slice(0, 19)}Z`;
  const sealed = Object.entries(values).map(([name, value]) => [name, sealValue(value, key, `${name}:`)]);
  const sops = {
    age: recipients.map((recipient) => ({ recipient, enc: armor(sealFile(key, [recipient])) })),
    lastmodified,
    mac: sealValue(macOf(Object.values(values)), key, lastmodified),
    unencrypted_suffix: "_unencrypted",
    version: "3.9.0",
  };
  key.fill(0);
  return `${JSON.stringify({ ...Object.fromEntries(sealed), sops }, undefined, 2)}\n`;
}

function parseSopsJson(text: string): Parsed<Sops> {
  const json = parseJson(text);
  if (!json.ok || !isRecord(json.value)) return rejected("it is no JSON");
  const { sops, ...values } = json.value;
  if (!isRecord(sops) || !Array.isArray(sops["age"])) return rejected("its key is not sealed with age");
  const keys = sops["age"].flatMap((one) => (isRecord(one) && typeof one["enc"] === "string" ? [one["enc"]] : []));
  return sopsOf(Object.entries(values), { keys, mac: sops["mac"], lastModified: sops["lastmodified"] });
}

function parseSopsDotEnv(text: string): Parsed<Sops> {
  const lines = text.split("\n").flatMap((line) => {
    const at = line.indexOf("=");
    return at < 1 || line.startsWith("#") ? [] : [[line.slice(0, at), line.slice(at + 1)] as const];
  });
  const meta = new Map(lines.filter(([name]) => name.startsWith("sops_")));
  const keys = [...meta].flatMap(([name, value]) =>
    /^sops_age__list_\d+__map_enc$/.test(name) ? [value.replaceAll("\\n", "\n")] : [],
  );
  const values = lines.filter(([name]) => !name.startsWith("sops_"));
  return sopsOf(values, { keys, mac: meta.get("sops_mac"), lastModified: meta.get("sops_lastmodified") });
}

function sopsOf(
  values: readonly (readonly [string, unknown])[],
  {
    keys,
    mac,
    lastModified,
  }: { readonly keys: readonly string[]; readonly mac: unknown; readonly lastModified: unknown },
): Parsed<Sops> {
  if (typeof mac !== "string" || typeof lastModified !== "string") return rejected("its check sum is missing");
  if (values.length > limits.secretsMax) return rejected(`it holds more than ${limits.secretsMax} values`);
  const named = new Map<string, string>();
  for (const [name, value] of values) {
    if (typeof value !== "string") return rejected(`${name} is a tree; only files of names and values are taken in`);
    named.set(name, value);
  }
  return parsed({ values: named, keys, mac, lastModified });
}

function sealValue(value: string, key: Buffer, place: string): string {
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv("aes-256-gcm", key, iv, { authTagLength: tagBytes });
  cipher.setAAD(Buffer.from(place));
  const data = Buffer.concat([cipher.update(value, "utf8"), cipher.final()]);
  const [text, ivText, tag] = [data, iv, cipher.getAuthTag()].map((bytes) => bytes.toString("base64"));
  return `ENC[AES256_GCM,data:${text},iv:${ivText},tag:${tag},type:str]`;
}

/** Undefined where it is not what was sealed at this place. */
function openValue(sealed: string, key: Buffer, place: string): string | undefined {
  const found = /^ENC\[AES256_GCM,data:([^,]*),iv:([^,]+),tag:([^,]+),type:(?:str|int|float|bool|bytes)\]$/.exec(
    sealed,
  );
  const [data, iv, tag] = (found?.slice(1) ?? []).map((text) => Buffer.from(text, "base64"));
  if (data === undefined || iv === undefined || tag?.length !== tagBytes) return undefined;
  const decipher = createDecipheriv("aes-256-gcm", key, iv, { authTagLength: tagBytes });
  decipher.setAAD(Buffer.from(place));
  decipher.setAuthTag(tag);
  try {
    return Buffer.concat([decipher.update(data), decipher.final()]).toString("utf8");
  } catch {
    // What `final` throws says only that the tag does not match.
    return undefined;
  }
}

function macOf(values: readonly string[]): string {
  const hash = createHash("sha512");
  for (const value of values) hash.update(value);
  return hash.digest("hex").toUpperCase();
}
