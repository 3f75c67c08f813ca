// Takes the credentials out of a config. What goes on is their names; the values are handed over separately, to the
// broker and nobody else, so that a Config may be shown, logged and given to the gateway.
import type { z } from "zod";
import { sha256 } from "../../base/ids.ts";
import { redactedLiteral } from "../../base/secret.ts";
import { configSchema } from "../schema/schema.ts";
import { metaOf, stepInto } from "../schema/walk.ts";
import { renderPath } from "./issue.ts";
import type { Findings, Path } from "./issue.ts";
import { isPlaceholder } from "./migrate.ts";
import type { Variables } from "./substitute.ts";
import { fromJson, partAt } from "./tree.ts";
import type { Branch, Tree } from "./tree.ts";

export type Extracting = {
  readonly findings: Findings;
  readonly variables: Variables;
  /** Name → value. */
  readonly secrets: Map<string, string>;
  /** Those that stand in the file itself. */
  readonly plain: PlainSecret[];
};

/** A credential that somebody wrote into a config file. */
export type PlainSecret = {
  readonly name: string;
  readonly value: string;
  readonly path: string;
  readonly file: string;
};

const secretName = /^[a-z][a-z0-9-]{0,31}:[a-z0-9][a-z0-9._-]{0,63}$/;
const tokenMinChars = 32;

/** Keys that local servers ask for and do not read. */
const notSecret =
  /^(not[-_ ]?needed|none|no[-_ ]?key|unused|dummy|local|ollama|lm-?studio|sk-no-key-required|x|1234)$/i;

export function extractSecrets(tree: Branch, extracting: Extracting): void {
  walk({ tree, schema: configSchema, path: [] }, extracting);
}

type Standing = { readonly tree: Tree; readonly schema: z.ZodType; readonly path: Path };

function walk({ tree, schema, path }: Standing, extracting: Extracting): void {
  if (tree.kind === "scalar") return;
  const parts = tree.kind === "object" ? [...tree.members] : tree.items.map((item, at) => [at, item] as const);
  for (const [name, part] of parts) {
    const here = [...path, name];
    if (secretAt(schema, here) === undefined) {
      const below = stepInto(schema, name);
      if (below !== undefined) walk({ tree: part, schema: below, path: here }, extracting);
      continue;
    }
    const kept = extractOne(part, here, extracting);
    if (tree.kind !== "object") continue;
    if (kept === undefined) tree.members.delete(String(name));
    else tree.members.set(String(name), fromJson({ secret: kept }, part.place));
  }
}

/** The name of the secret that a path holds, seen from the object that it is in; undefined where it holds none. */
export function secretAt(parent: z.ZodType, path: Path): string | undefined {
  const name = path.at(-1) ?? "";
  const below = stepInto(parent, name);
  const meta = metaOf(parent);
  const secret =
    (below !== undefined && metaOf(below)["x-secret"] === true) ||
    (meta["x-secret-values"] === true && (meta["x-secret-all"] === true || isCredentialHeader(String(name))));
  return secret ? secretNameOf(path) : undefined;
}

/** Whether a key is one that local servers ask for and do not read. */
export function isHarmlessKey(value: string): boolean {
  return notSecret.test(value);
}

/** The name in `vault:NAME`, which may stand wherever a credential may; undefined where it is something else. */
export function vaultName(text: string): string | undefined {
  return text.startsWith("vault:") ? text.slice("vault:".length) : undefined;
}

/** The name that takes the value's place; undefined where there is nothing to keep. */
function extractOne(part: Tree, path: Path, extracting: Extracting): string | undefined {
  const { findings, secrets } = extracting;
  const name = secretNameOf(path);
  if (part.kind === "object") return named(part, path, extracting);
  if (part.kind !== "scalar" || typeof part.value !== "string" || unusable.has(part.value)) {
    findings.refuse(renderPath(path), `must be a credential: text, \${VAR} or { secret: "${name}" }`, part.place);
    return undefined;
  }
  const stored = vaultName(part.value);
  if (stored !== undefined) {
    if (secretName.test(stored)) return stored;
    findings.refuse(renderPath(path), `names no secret of the vault; write vault:${name}`, part.place);
    return undefined;
  }
  if (part.value === redactedLiteral) {
    findings.refuse(
      renderPath(path),
      "holds the mark that `config get` shows in a secret's place, not a secret",
      part.place,
    );
    return undefined;
  }
  if (isPlaceholder(part)) {
    findings.note(
      renderPath(path),
      `holds a placeholder and was left out; set it with: lorica secret set ${name}`,
      part.place,
    );
    return undefined;
  }
  const fault = name === "gateway:token" ? tokenFault(part.value) : undefined;
  if (fault !== undefined) {
    findings.refuse(renderPath(path), fault, part.place);
    return undefined;
  }
  secrets.set(name, part.value);
  if (part.origin === "written" && !isHarmlessKey(part.value)) {
    findings.note(renderPath(path), `stands in plain text. ${movingAdvice(name)}`, part.place);
    extracting.plain.push({ name, value: part.value, path: renderPath(path), file: part.place.file });
  }
  return name;
}

/** Some secrets are found by their names alone; the others need to be named in the file. */
function movingAdvice(name: string): string {
  if (name === "gateway:token") return "Delete the line; lorica token create makes one that is kept apart";
  const then = name.startsWith("provider:") ? "delete the line" : `put { secret: "${name}" } in its place`;
  return `Move it with: lorica secret set ${name}, then ${then}`;
}

/** Why a gateway token is not one (GW-028): what a script leaves behind when its variable was empty, or a guessable one. */
export function tokenFault(token: string): string | undefined {
  if (unusable.has(token.trim())) return "holds no token. Make one with: lorica token create";
  if (token.length >= tokenMinChars) return undefined;
  return `is too short to be safe: at least ${tokenMinChars} characters. Make one with: lorica token create`;
}

const unusable = new Set(["", "undefined", "null"]);

/** `{ secret: name }`, and the forms in which upstream refers to secrets. */
function named(part: Branch, path: Path, extracting: Extracting): string | undefined {
  const { findings, variables, secrets } = extracting;
  const own = textOf(part, "secret");
  const source = textOf(part, "source");
  const id = textOf(part, "id");
  const refuse = (message: string): undefined => {
    findings.refuse(renderPath(path), message, part.place);
    return undefined;
  };
  if (own !== undefined) return secretName.test(own) ? own : refuse("names no secret; names look like provider:openai");
  if (source === "env" && id !== undefined) {
    const value = variables.get(id);
    if (value === undefined || value === "") return refuse(`the variable ${id} is not set`);
    secrets.set(secretNameOf(path), value);
    return secretNameOf(path);
  }
  if (source === "store" && id !== undefined) {
    const stored = `store:${id.toLowerCase()}`;
    return secretName.test(stored) ? stored : refuse("names no secret in the store");
  }
  if (source === "file" || source === "exec")
    return refuse(
      `secrets from ${source === "file" ? "files" : "programs"} are not built yet; use \${VAR} or: lorica secret set ${secretNameOf(path)}`,
    );
  return refuse(`must be text, \${VAR} or { secret: "${secretNameOf(path)}" }`);
}

function textOf(branch: Branch, name: string): string | undefined {
  const part = partAt(branch, [name]);
  return part?.kind === "scalar" && typeof part.value === "string" ? part.value : undefined;
}

/** Request headers that carry credentials, by what they are called. */
function isCredentialHeader(name: string): boolean {
  return /auth|token|secret|password|cookie|credential|api-?key|(^|[-_])key$/i.test(name);
}

/** What the secret at a config path is called, as `provider:openai`. */
export function secretNameOf(path: Path): string {
  const [area = "", ...rest] = path.map(String);
  const last = String(path.at(-1)).toLowerCase();
  if (area === "gateway") return rest[0] === "remote" ? `remote:${last}` : `gateway:${last}`;
  if (area === "models" && last === "apikey") return safeName("provider", [rest[1] ?? ""]);
  if (area === "models") return safeName("header", [rest[1] ?? "", last]);
  if (area === "channels")
    return safeName("channel", [rest[0] ?? "", rest[1] === "accounts" ? (rest[2] ?? "") : "default", last]);
  if (area === "tools") return safeName("tool", [rest.at(-2) ?? ""]);
  if (area === "skills") return safeName("skill", [rest[1] ?? ""]);
  if (area === "env") return safeName("env", [rest[1] ?? ""]);
  return safeName(/^[a-z][a-z-]{0,31}$/.test(area) ? area : "config", rest);
}

/** Within what a secret may be called; a name that has to be changed for that is told apart by a digest. */
function safeName(kind: string, parts: readonly string[]): string {
  const wanted = parts.join(".");
  const cleaned = wanted
    .toLowerCase()
    .replace(/[^a-z0-9._-]/g, "-")
    .replace(/^[^a-z0-9]+/, "");
  if (cleaned === wanted.toLowerCase() && cleaned.length > 0 && cleaned.length <= 64) return `${kind}:${cleaned}`;
  return `${kind}:${cleaned.slice(0, 40)}${cleaned === "" ? "" : "-"}${sha256(wanted).slice(0, 12)}`;
}
