// Loads configs from text, without a disk, for tests.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { Json } from "../../src/base/json.ts";
import type { Environment } from "../../src/config/config.ts";
import { loadBytes } from "../../src/config/load.ts";
import type { Loaded, LoadedConfig } from "../../src/config/load.ts";
import { parsePath } from "../../src/config/edit/path.ts";
import { resolvePaths } from "../../src/config/paths.ts";
import { redactConfig, partOf } from "../../src/config/view.ts";

export const nowhere = resolvePaths({ env: {}, home: "/nonexistent" });

export async function load(config: string | Json, env: Environment = {}): Promise<Loaded> {
  const text = typeof config === "string" ? config : JSON.stringify(config);
  return loadBytes(new TextEncoder().encode(text), { paths: nowhere, env });
}

export async function loadGood(config: string | Json, env: Environment = {}): Promise<LoadedConfig> {
  const loaded = await load(config, env);
  if (loaded.kind === "invalid") assert.fail(JSON.stringify(loaded.issues, undefined, 1));
  return loaded;
}

/** The issues of a config that must be refused, each as `path: message`. */
export async function issuesOf(config: string | Json, env: Environment = {}): Promise<readonly string[]> {
  const loaded = await load(config, env);
  if (loaded.kind === "loaded") assert.fail("the config was accepted");
  return loaded.issues.map(({ path, message }) => `${path}: ${message}`);
}

/** The same for a config that may be good: empty where it is. */
export async function problemsOf(config: string | Json): Promise<readonly string[]> {
  const loaded = await load(config);
  return loaded.kind === "loaded" ? [] : loaded.issues.map(({ path, message }) => `${path}: ${message}`);
}

/** What a config says at a key in the end, as `config get` shows it. */
export async function valueAt(config: string | Json, key: string, env: Environment = {}): Promise<Json | undefined> {
  const path = parsePath(key);
  assert(path.ok);
  return partOf(redactConfig((await loadGood(config, env)).config), path.value);
}

/** A config that sets one key. */
export function setting(key: string, value: Json): Json {
  const path = parsePath(key);
  assert(path.ok);
  return path.value
    .toReversed()
    .reduce<Json>((inner, step) => (typeof step === "number" ? [inner] : { [step]: inner }), value);
}

/** Each value is taken as it is, and shows up at the key. */
export async function accepts(key: string, ...values: readonly Json[]): Promise<void> {
  for (const value of values) assert.deepEqual(await valueAt(setting(key, value), key), value, key);
}

/** Each value is refused with an issue at the key that says `why`. */
export async function refuses(key: string, why: RegExp, ...values: readonly Json[]): Promise<void> {
  for (const value of values) {
    const issues = await issuesOf(setting(key, value));
    assert.match(issues.join("\n"), why, `${key} = ${JSON.stringify(value)}`);
    assert(
      issues.some((issue) => issue.startsWith(key)),
      `${key} is not named in ${issues.join("\n")}`,
    );
  }
}

export async function defaultsTo(key: string, value: Json | undefined): Promise<void> {
  assert.deepEqual(await valueAt({}, key), value, key);
}

/** The key accepts its default and nothing of `others`, each refused as not built. */
export async function waits(key: string, safe: Json, ...others: readonly Json[]): Promise<void> {
  await defaultsTo(key, safe);
  await accepts(key, safe);
  await refuses(key, /is accepted|leave it out/, ...others);
}

export async function temporary(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "lorica-config-"));
  context.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
