// Secrets of other programs, by the names that they have here: `.env`, upstream's auth profiles, files of SOPS with age.
import { isRecord, parseJson } from "../../base/json.ts";
import { parsed, rejected } from "../../base/parsed.ts";
import type { Parsed } from "../../base/parsed.ts";
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
export async function parseImport(
  text: string,
  unwrap: (armored: string) => Promise<Buffer | undefined>,
): Promise<Parsed<Imported>> {
  if (isSops(text)) {
    const opened = await openSops(text, unwrap);
    return opened.ok ? parsed(collect("SOPS with age", Object.entries(opened.value))) : opened;
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
  for (const [name, value] of found) {
    const known = secretNamePattern.test(name) ? name : secretNameOfVariable(name);
    if (typeof value !== "string") skipped.push({ name, why: "it is no text" });
    else if (value.trim() === "" || /^(undefined|null)$/.test(value)) skipped.push({ name, why: "it is empty" });
    else if (known === undefined) skipped.push({ name, why: "nothing here is called so; store it with: vault set" });
    else secrets.set(known, value);
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
