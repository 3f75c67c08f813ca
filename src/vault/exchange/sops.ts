// Files of SOPS whose key is sealed with age: YAML, JSON and dotenv in, JSON out. Each value is encrypted under its place in
// the file, and a check sum over all of them shows when one was taken out or put back.
import { isUtf8 } from "node:buffer";
import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { parsed, rejected } from "../../base/parsed.ts";
import type { Parsed } from "../../base/parsed.ts";
import { sealFile } from "../age/age-file.ts";
import { armor } from "../age/armor.ts";
import { readSopsFile } from "./sops-tree.ts";
import type { Leaf, SopsFile } from "./sops-tree.ts";

const tagBytes = 16;
const ivBytes = 32;

/** What a check sum begins with that is over sealed values alone: the SHA-256 of `sops`. */
const onlySealedStart = createHash("sha256").update("sops").digest();

/** Also where SOPS's own part is missing: nobody wants the sealed text itself for a secret. */
export function isSops(text: string): boolean {
  return text.includes("ENC[AES256_GCM,");
}

/** A value under the name that its place gives it, or why it is left out. */
export type SopsValue = { readonly name: string } & ({ readonly value: string } | { readonly why: string });

export async function openSops(
  text: string,
  unwrap: (armored: string) => Promise<Buffer | undefined>,
): Promise<Parsed<readonly SopsValue[]>> {
  const file = await readSopsFile(text);
  if (!file.ok) return file;
  for (const armored of file.value.keys) {
    const key = await unwrap(armored);
    if (key?.length === 32) return openWith(file.value, key);
  }
  return rejected("its key is sealed for somebody else: give the age key with --identity-file");
}

function openWith(
  { leaves, mac, lastModified, macOnlyEncrypted }: SopsFile,
  key: Buffer,
): Parsed<readonly SopsValue[]> {
  const counted: (Buffer | string)[] = macOnlyEncrypted ? [onlySealedStart] : [];
  const found: SopsValue[] = [];
  const names = namesOf(leaves);
  for (const [at, { place, value }] of leaves.entries()) {
    const name = names[at] ?? place;
    if (typeof value !== "string" || !isSealed(value)) {
      if (!macOnlyEncrypted) counted.push(countedAs(value));
      // SOPS's check sum says nothing of the names of such values: anybody could have given it another.
      found.push({ name, why: value === null || value === "" ? "it is empty" : "it is not sealed in the file" });
      continue;
    }
    const opened = openValue(value, key, place);
    if (opened === undefined) return rejected(`${place} was changed or moved after it was sealed`);
    counted.push(opened.plain);
    found.push({ name, ...takenAs(opened) });
  }
  if (openValue(mac, key, lastModified)?.plain.toString() !== macOf(counted))
    return rejected("values were added, taken out or moved after it was sealed");
  return parsed(found);
}

/**
 * A name comes from nothing but what SOPS seals: the keys that lead to a value, and which of the sealed values with these
 * keys it is. The number of an item in its list is not sealed, and an empty item before it would change it.
 */
function namesOf(leaves: readonly Leaf[]): readonly string[] {
  const sealed = leaves.filter(({ value }) => isSealed(value));
  return leaves.map((leaf) => {
    const [kind = "", ...rest] = leaf.place.slice(0, -1).split(":");
    const alike = sealed.filter(({ place }) => place === leaf.place);
    const number = alike.length > 1 && alike.every(({ inList }) => inList) ? [String(alike.indexOf(leaf))] : [];
    const id = [...rest, ...number].join(".");
    return id === "" ? kind : `${kind}:${id}`;
  });
}

function isSealed(value: Leaf["value"]): boolean {
  return typeof value === "string" && value.startsWith("ENC[AES256_GCM,");
}

function takenAs({ plain, type }: Opened): { readonly value: string } | { readonly why: string } {
  if (type === "bool") return { why: "it is a yes or no" };
  return isUtf8(plain) ? { value: plain.toString() } : { why: "it is no text" };
}

/** As SOPS writes a value for its check sum. */
function countedAs(value: Leaf["value"]): string {
  if (typeof value === "boolean") return value ? "True" : "False";
  return typeof value === "number" ? withoutExponent(value) : String(value ?? "");
}

function withoutExponent(value: number): string {
  const [, sign = "", whole = "", part = "", exponent = ""] =
    /^(-?)(\d+)(?:\.(\d+))?e([+-]\d+)$/.exec(String(value)) ?? [];
  if (exponent === "") return String(value);
  const point = whole.length + Number(exponent);
  const digits = `${whole}${part}`;
  return `${sign}${point > 0 ? digits.padEnd(point, "0") : `0.${"0".repeat(-point)}${digits}`}`;
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

function sealValue(value: string, key: Buffer, place: string): string {
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv("aes-256-gcm", key, iv, { authTagLength: tagBytes });
  cipher.setAAD(Buffer.from(place));
  const data = Buffer.concat([cipher.update(value, "utf8"), cipher.final()]);
  const [text, ivText, tag] = [data, iv, cipher.getAuthTag()].map((bytes) => bytes.toString("base64"));
  return `ENC[AES256_GCM,data:${text},iv:${ivText},tag:${tag},type:str]`;
}

type Opened = { readonly plain: Buffer; readonly type: string };

/** The kind of a value is not sealed with it: what is no such value was changed. */
const shapes: Readonly<Record<string, RegExp>> = {
  int: /^-?\d+$/,
  float: /^(-?\d+(\.\d+)?|[+-]Inf|NaN)$/,
  bool: /^(True|False|true|false)$/,
};

/** Undefined where it is not what was sealed at this place. */
function openValue(sealed: string, key: Buffer, place: string): Opened | undefined {
  const found =
    /^ENC\[AES256_GCM,data:([^,]*),iv:([^,]+),tag:([^,]+),type:(str|int|int64|float|bool|bytes|time)\]$/.exec(sealed);
  const [data, iv, tag] = (found?.slice(1, 4) ?? []).map((text) => Buffer.from(text, "base64"));
  const type = found?.[4]?.replace("int64", "int");
  if (data === undefined || iv === undefined || iv.length === 0 || tag?.length !== tagBytes || type === undefined)
    return undefined;
  const decipher = createDecipheriv("aes-256-gcm", key, iv, { authTagLength: tagBytes });
  decipher.setAAD(Buffer.from(place));
  decipher.setAuthTag(tag);
  try {
    const plain = Buffer.concat([decipher.update(data), decipher.final()]);
    return shapes[type]?.test(plain.toString()) === false ? undefined : { plain, type };
  } catch {
    // What `final` throws says only that the tag does not match.
    return undefined;
  }
}

function macOf(values: readonly (Buffer | string)[]): string {
  const hash = createHash("sha512");
  for (const value of values) hash.update(value);
  return hash.digest("hex").toUpperCase();
}
