// Paths and values as people type them after `config set`: earlier spellings become present ones, by the same
// migrations that a file goes through, so that both can never disagree.
import { z } from "zod";
import { LoricaError } from "../../base/errors.ts";
import type { Json } from "../../base/json.ts";
import { configSchema } from "../schema/schema.ts";
import type { Config } from "../schema/schema.ts";
import { bareOf, schemaAt, stepInto } from "../schema/walk.ts";
import { createFindings, renderIssues, renderPath } from "../read/issue.ts";
import type { Path } from "../read/issue.ts";
import { migrate } from "../read/migrate.ts";
import { currentProvider } from "../read/migrate-provider.ts";
import { keyFault } from "../read/validate.ts";
import { emptyBranch, fromJson, parseTree, partAt, toJson } from "../read/tree.ts";
import type { Branch, Tree } from "../read/tree.ts";

export type Assignment = { readonly path: Path; readonly value: Json };

const nowhere = { file: "config set", line: 1, column: 1 };

export function translate(text: string, path: Path, value: Json): readonly Assignment[] {
  const file = parseTree(text, nowhere.file, createFindings());
  const root = file?.kind === "object" ? file : emptyBranch(nowhere);
  if (path[0] === "agents" && path[1] === "entries" && path.length > 3)
    return translate(text, ["agents", "list", ...path.slice(2)], value);
  if (path[0] === "provider" && path.length === 2) return translateProvider(root, String(path[1]), value);
  const [assignments, steps] = migrated(path, value);
  const restored = assignments.map((assignment) => ({ ...assignment, path: restore(assignment.path, steps) }));
  return path.length === 1 && path[0] === "configWrites" ? [...restored, ...perChannel(root, value)] : restored;
}

/** A small config with nothing but this in it, migrated, and read back as assignments. */
function migrated(path: Path, value: Json): readonly [readonly Assignment[], ReadonlyMap<number, string | number>] {
  const steps = new Map<number, string | number>();
  const plain: (string | number)[] = [];
  let schema: z.ZodType | undefined = configSchema;
  for (const [depth, step] of path.entries()) {
    const list: boolean = schema !== undefined && bareOf(schema) instanceof z.ZodArray;
    if (list) steps.set(depth, step);
    plain.push(list ? 0 : step);
    schema = schema === undefined ? undefined : stepInto(schema, list ? 0 : step);
  }
  const tree = fromJson(nest(plain, value), nowhere) as Branch;
  const findings = createFindings();
  migrate(tree, findings);
  if (findings.issues.length > 0)
    throw new LoricaError(
      "config_invalid",
      renderIssues(findings.issues.map(({ path: at, message }) => ({ path: at, message }))),
    );
  const same = partAt(tree, plain);
  const found = leaves(tree, new Set(steps.keys()));
  if (same !== undefined && found.every((leaf) => startsWith(leaf.path, plain)))
    return [[{ path: plain, value: toJson(same) }], steps];
  return [found.length === 0 ? [{ path: plain, value }] : found, steps];
}

/** Every value that is not an object, and every empty object. */
function leaves(tree: Tree, lists: ReadonlySet<number>, at: Path = []): readonly Assignment[] {
  if (tree.kind === "object" && tree.members.size > 0)
    return [...tree.members].flatMap(([name, part]) => leaves(part, lists, [...at, name]));
  // A list that the path went through stands for the one item that it names.
  if (tree.kind === "array" && lists.has(at.length) && tree.items[0] !== undefined)
    return leaves(tree.items[0], lists, [...at, 0]);
  return at.length === 0 ? [] : [{ path: at, value: toJson(tree) }];
}

function restore(path: Path, steps: ReadonlyMap<number, string | number>): Path {
  return path.map((step, depth) => steps.get(depth) ?? step);
}

/** `configWrites` says it for all channels: also for those that say otherwise by themselves (C-19). */
function perChannel(root: Branch, value: Json): readonly Assignment[] {
  const channels = partAt(root, ["channels"]);
  if (channels?.kind !== "object") return [];
  return [...channels.members].flatMap(([name, channel]) =>
    name !== "defaults" && partAt(channel, ["configWrites"]) !== undefined
      ? [{ path: ["channels", name, "configWrites"], value }]
      : [],
  );
}

/** `provider.*` speaks of the provider that is in use; `provider.name` says which one that is (C-15). */
function translateProvider(root: Branch, name: string, value: Json): readonly Assignment[] {
  const findings = createFindings();
  migrate(root, findings);
  const before = currentProvider({ root, findings });
  const primary = ["agents", "defaults", "model", "primary"];
  if (name === "name") {
    const id = String(value);
    const present = partAt(root, primary);
    const model =
      present?.kind === "scalar" && before !== undefined ? String(present.value).slice(before.length + 1) : undefined;
    const known = partAt(root, ["models", "providers", id]) !== undefined;
    return [
      ...(known ? [] : [{ path: ["models", "providers", id], value: {} }]),
      ...(model === undefined || before === id ? [] : [{ path: primary, value: `${id}/${model}` }]),
    ];
  }
  const id = before ?? (name === "baseUrl" ? "custom" : undefined);
  if (id === undefined)
    throw new LoricaError(
      "invalid_request",
      `provider.${name} needs to know which provider is meant. Run first: lorica config set provider.name NAME`,
    );
  if (name === "model") {
    const model = String(value);
    return [{ path: primary, value: model.startsWith(`${id}/`) ? model : `${id}/${model}` }];
  }
  return [{ path: ["models", "providers", id, name], value }];
}

/** What `config get` shows for a path that may be spelled the earlier way. */
export function presentView(path: Path, config: Config, read: (path: Path) => Json | undefined): Json | undefined {
  if (path[0] === "provider") return providerView(path, config, read);
  const there = read(path);
  if (renderPath(path) === "discovery.mdns") return read(["discovery", "mdns", "mode"]);
  if (there !== undefined || schemaAt(configSchema, path) !== undefined) return there;
  const [assignments] = migrated(path, "");
  const present = assignments[0]?.path;
  return present === undefined ? undefined : read(present);
}

/** What is wrong with a key that somebody asks for: nothing where it is one, be it under an earlier name. */
export function askedKeyFault(path: Path): string | undefined {
  if (path[0] === "provider") return undefined;
  const fault = keyFault(path);
  if (fault === undefined) return undefined;
  const [assignments] = migrated(path, "");
  return assignments.every((present) => keyFault(present.path) !== undefined) ? fault : undefined;
}

function providerView(path: Path, config: Config, read: (path: Path) => Json | undefined): Json | undefined {
  const primary = config.agents.defaults.model.primary;
  const slash = primary?.indexOf("/") ?? -1;
  const only = Object.keys(config.models.providers);
  const name = primary !== undefined && slash > 0 ? primary.slice(0, slash) : only.length === 1 ? only[0] : undefined;
  const model = primary === undefined ? undefined : primary.slice(slash + 1);
  const below = (part: string): Json | undefined =>
    name === undefined ? undefined : read(["models", "providers", name, part]);
  const parts = { name, baseUrl: below("baseUrl"), model, apiKey: below("apiKey"), api: below("api") };
  if (path.length === 1)
    return Object.fromEntries(
      Object.entries(parts).flatMap(([key, part]) => (part === undefined ? [] : [[key, part]])),
    );
  return Object.entries(parts).find(([key]) => key === path[1])?.[1];
}

function nest(path: Path, value: Json): Json {
  return path
    .toReversed()
    .reduce<Json>((inner, step) => (typeof step === "number" ? [inner] : { [step]: inner }), value);
}

function startsWith(path: Path, start: Path): boolean {
  return renderPath(path.slice(0, start.length)) === renderPath(start);
}
