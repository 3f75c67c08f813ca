// Secrets of other programs, by the names that they have here: `.env`, upstream's auth profiles, files of SOPS with age.
import { isRecord, parseJson } from "../../base/json.ts";
import { parsed, rejected } from "../../base/parsed.ts";
import type { Parsed } from "../../base/parsed.ts";
import { stripControls } from "../../base/text/controls.ts";
import { parseDotEnv, secretNameOfVariable } from "../../config/config.ts";
import { providerSecretName, secretNamePattern } from "../names.ts";
import { isSops, openSops } from "./sops.ts";

export type Imported = {
  readonly format: string;
  readonly secrets: ReadonlyMap<string, string>;
  /** What was not taken, and why. */
  readonly skipped: readonly { readonly name: string; readonly why: string }[];
};

/** `unwrap` opens the key of a SOPS file; it is an age file itself. */
export async function parseImport(text: string, unwrap: Unwrap): Promise<Parsed<Imported>> {
  const found = await readImport(text, unwrap);
  if (!found.ok) return rejected(shown(found.reason));
  return parsed({ ...found.value, skipped: found.value.skipped.map(({ name, why }) => ({ name: shown(name), why })) });
}

type Unwrap = (armored: string) => Promise<Buffer | undefined>;

/** What stands in the file is read by a person at a terminal. */
function shown(text: string): string {
  return stripControls(text).replaceAll(/\s+/g, " ").slice(0, shownMaxChars);
}

const shownMaxChars = 256;

async function readImport(text: string, unwrap: Unwrap): Promise<Parsed<Imported>> {
  if (isSops(text)) {
    const opened = await openSops(text, unwrap);
    if (!opened.ok) return opened;
    const found = opened.value.flatMap((one) => ("value" in one ? [[one.name, one.value] as const] : []));
    const { secrets, skipped } = collect("SOPS with age", found);
    const left = opened.value.flatMap((one) => ("why" in one ? [one] : []));
    return parsed({ format: "SOPS with age", secrets, skipped: [...left, ...skipped] });
  }
  const json = parseJson(text);
  if (json.ok && isRecord(json.value)) {
    const { profiles } = json.value;
    if (isRecord(profiles)) return parsed(profilesOf("auth profiles", profiles));
    if (Object.values(json.value).every(isRecord)) return parsed(profilesOf("auth.json", json.value));
    return parsed(collect("JSON", Object.entries(json.value)));
  }
  const { values, badLines } = parseDotEnv(text);
  if (badLines.length > 0) return rejected(`it is no file of secrets that is known here: line ${badLines[0]}`);
  return parsed(collect(".env", [...values]));
}

function collect(format: string, found: Iterable<readonly [string, unknown]>): Imported {
  const secrets = new Map<string, string>();
  const skipped: { name: string; why: string }[] = [];
  const several = new Set<string>();
  for (const [name, value] of found) {
    const known = [name, secretNameOfVariable(name) ?? ""].find((candidate) => secretNamePattern.test(candidate));
    if (typeof value !== "string") skipped.push({ name, why: "it is no text" });
    else if (value.trim() === "" || /^(undefined|null)$/.test(value)) skipped.push({ name, why: "it is empty" });
    else if (known === undefined) skipped.push({ name, why: "nothing here is called so; store it with: vault set" });
    else if (secrets.has(known) && secrets.get(known) !== value) several.add(known);
    else secrets.set(known, value);
  }
  for (const name of several) {
    secrets.delete(name);
    skipped.push({ name, why: "several values in the file would be called so; store the right one with: vault set" });
  }
  return { format, secrets, skipped };
}

/** `{ "anthropic:default": { type, provider, key | token | access } }`; the first profile of a provider is its key. */
function profilesOf(format: string, profiles: Readonly<Record<string, unknown>>): Imported {
  const secrets = new Map<string, string>();
  const skipped: { name: string; why: string }[] = [];
  for (const [id, profile] of Object.entries(profiles)) {
    if (!isRecord(profile)) continue;
    const provider = typeof profile["provider"] === "string" ? profile["provider"] : (id.split(":")[0] ?? id);
    const value = profile["key"] ?? profile["token"];
    const name = providerSecretName(provider);
    if (profile["type"] === "oauth") skipped.push({ name: id, why: "it is a sign-in; sign in again here" });
    else if (typeof value !== "string" || value.trim() === "") skipped.push({ name: id, why: "it holds no key" });
    else if (!secretNamePattern.test(name)) skipped.push({ name: id, why: "its name cannot be one here" });
    else if (secrets.has(name)) skipped.push({ name: id, why: `another profile is ${name} already` });
    else secrets.set(name, value);
  }
  return { format, secrets, skipped };
}
