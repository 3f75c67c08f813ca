// The safest reading of a config of which nobody knows any more what its owner approved: whatever of it allows more than
// no config at all is left out, and what forbids something stays.
import { LoricaError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import { applyEdits } from "../edit/edit.ts";
import { parsePath } from "../edit/path.ts";
import { createEditing } from "../edit/resolve.ts";
import type { Editing } from "../edit/edit.ts";
import type { ConfigFileOptions } from "../file.ts";
import { changesBetween } from "../keep/store.ts";
import type { Loaded, LoadedConfig } from "../load.ts";
import type { Path } from "../read/issue.ts";
import { widensByHand } from "../widen.ts";
import type { Judge } from "./approval.ts";

type Reading = Pick<ConfigFileOptions, "paths" | "env"> & { readonly judge: Judge };

export async function leastOf(found: LoadedConfig, { paths, env, judge }: Reading): Promise<LoadedConfig> {
  const nothing = await judge(undefined, new Map());
  if (nothing.kind === "invalid") throw new LoricaError("config_invalid", "the defaults are not valid here");
  const main = found.sources.get(paths.configPath);
  if (main === undefined) return nothing;
  // What `.env` says is judged after that, as something that appeared.
  const files = new Map([...found.sources].filter(([path]) => path !== paths.dotEnvPath));
  const editing = await createEditing(paths.dotEnvPath, env);
  let text = new TextDecoder().decode(main);
  for (let round = 0; round < limits.leastRoundsMax; round++) {
    const read = await judge(new TextEncoder().encode(text), files);
    const beyond = await beyondNothing(nothing, read);
    if (beyond.length === 0 && read.kind === "loaded") return read;
    const next = beyond.reduce((rest, path) => without(rest, path, editing), text);
    if (next === text) break;
    text = next;
  }
  return nothing;
}

/** What has to go. One thing at a time where nothing valid was left: the other complaints may go with it. */
async function beyondNothing(nothing: LoadedConfig, read: Loaded): Promise<readonly string[]> {
  if (read.kind === "invalid") return read.issues.slice(0, 1).map(({ path }) => path);
  const changes = await changesBetween(nothing, read);
  return widensByHand({ before: nothing.written, after: read.written, changes });
}

/** Without the key, or where it does not stand in this file itself, without all that it may have been included by. */
function without(text: string, key: string, editing: Editing): string {
  const parsed = parsePath(key);
  const path: Path = parsed.ok ? parsed.value : [];
  for (const place of [path, path.slice(0, 1), ["$include"]]) {
    if (place.length === 0) continue;
    try {
      return applyEdits(text, [{ op: "unset", path: place }], editing);
    } catch (error) {
      if (!(error instanceof LoricaError) || error.code !== "not_found") throw error;
    }
  }
  return text;
}
