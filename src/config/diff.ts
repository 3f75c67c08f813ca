// What changed between two configs, key by key, and what each change asks for.
import { isRecord } from "../base/json.ts";
import type { Json } from "../base/json.ts";
import { isSecretRef, redactedLiteral } from "../base/secret.ts";
import { renderPath } from "./read/issue.ts";
import type { Path } from "./read/issue.ts";
import { configSchema } from "./schema/schema.ts";
import type { Config } from "./schema/schema.ts";
import type { Reload } from "./schema/field.ts";
import { metaOf, stepInto } from "./schema/walk.ts";

export type ConfigChange = {
  readonly path: string;
  readonly reload: Reload;
  /** Undefined where the key was not there, or is not there any more. Secrets are shown by their mark. */
  readonly before: Json | undefined;
  readonly after: Json | undefined;
};

export function diffConfigs(before: Config, after: Config): readonly ConfigChange[] {
  return [...differences(before, after, [])];
}

/**
 * What a running gateway may take of a changed config. Keys that need a restart keep the value that it was started with,
 * so that none of them takes effect by half; `waiting` names them.
 */
export function holdBack(
  running: Config,
  next: Config,
): { readonly config: Config; readonly waiting: readonly string[] } {
  const config = held(running, next, []) as Config;
  return { config, waiting: diffConfigs(config, next).map(({ path }) => path) };
}

function held(before: unknown, after: unknown, path: Path): unknown {
  if (isRecord(before) && isRecord(after) && !isSecretRef(before) && !isSecretRef(after)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    const parts = names.map((name) => [name, held(before[name], after[name], [...path, name])] as const);
    return Object.fromEntries(parts.filter(([, value]) => value !== undefined));
  }
  if (hasIds(before) && hasIds(after))
    return after.map((item) => {
      const known = before.find(({ id }) => id === item.id);
      return known === undefined ? item : held(known, item, [...path, item.id]);
    });
  return reloadOf(listSteps(path)) === "restart" ? before : after;
}

/** The nearest word on the way down to a key; a key that nobody classified needs a restart. */
export function reloadOf(path: Path): Reload {
  let reload: Reload = "restart";
  let at: ReturnType<typeof stepInto> = configSchema;
  for (const step of path) {
    at = at === undefined ? undefined : stepInto(at, step);
    if (at === undefined) break;
    reload = metaOf(at)["x-reload"] ?? reload;
  }
  return reload;
}

function* differences(before: unknown, after: unknown, path: Path): Generator<ConfigChange> {
  if (isSecretRef(before) || isSecretRef(after)) {
    if (JSON.stringify(before) !== JSON.stringify(after)) yield change(path, before, after);
    return;
  }
  if (isRecord(before) && isRecord(after)) {
    for (const name of new Set([...Object.keys(before), ...Object.keys(after)]))
      yield* differences(before[name], after[name], [...path, name]);
    return;
  }
  if (hasIds(before) && hasIds(after)) {
    const ids = new Set([...before, ...after].map((item) => item.id));
    for (const id of ids)
      yield* differences(
        before.find((item) => item.id === id),
        after.find((item) => item.id === id),
        [...path, id],
      );
    return;
  }
  if (JSON.stringify(before) !== JSON.stringify(after)) yield change(path, before, after);
}

function change(path: Path, before: unknown, after: unknown): ConfigChange {
  return { path: renderPath(path), reload: reloadOf(listSteps(path)), before: shown(before), after: shown(after) };
}

/** Items are named by id in a diff; the schema knows them only by position. */
function listSteps(path: Path): Path {
  return path.map((step, depth) => (path[depth - 1] === "list" && path[0] === "agents" ? 0 : step));
}

function shown(value: unknown): Json | undefined {
  if (value === undefined) return undefined;
  return JSON.parse(
    JSON.stringify(value, (_name, part: unknown) => (isSecretRef(part) ? redactedLiteral : part)),
  ) as Json;
}

function hasIds(value: unknown): value is readonly { readonly id: string }[] {
  return (
    Array.isArray(value) && value.length > 0 && value.every((item) => isRecord(item) && typeof item.id === "string")
  );
}

/** One line for each change, as `gateway.port: 18789 → 18790 (restart)`. */
export function renderChanges(changes: readonly ConfigChange[]): string {
  const side = (value: Json | undefined): string => (value === undefined ? "unset" : JSON.stringify(value));
  return changes
    .map(({ path, before, after, reload }) => `${path}: ${side(before)} → ${side(after)} (${reload})`)
    .join("\n");
}
