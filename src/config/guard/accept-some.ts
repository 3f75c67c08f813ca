// Taking some keys of an edit that waits, one by one.
import { LoricaError } from "../../base/errors.ts";
import { sha256 } from "../../base/ids.ts";
import { redactedLiteral } from "../../base/secret.ts";
import type { Edit } from "../edit/edit.ts";
import type { ConfigFileOptions, EditResult } from "../file.ts";
import type { Keeping } from "../keep/keeping.ts";
import { changesBetween } from "../keep/store.ts";
import { readVersion } from "../keep/versions.ts";
import type { LoadedConfig } from "../load.ts";
import { partOf, redactConfig } from "../view.ts";
import type { HeldFiles, Pending } from "./pending.ts";

export type WaitingParts = Keeping &
  ConfigFileOptions & {
    readonly edit: (edits: readonly Edit[], actor: string) => Promise<EditResult>;
  };

export type Accepting = {
  readonly actor: string;
  readonly before: LoadedConfig;
  readonly after: LoadedConfig;
  readonly pending: Pending;
  /** What the edit that waits has written. */
  readonly files: HeldFiles;
};

/** Key by key through the ordinary way of editing; the rest goes on waiting. */
export async function acceptSome(
  { only, actor, before, after, pending, files }: Accepting & { readonly only: readonly string[] },
  { paths, pendingStore, edit }: WaitingParts,
): Promise<EditResult> {
  const changes = await changesBetween(before, after);
  const isNamed = (path: string): boolean =>
    only.some((key) => path === key || path.startsWith(`${key}.`) || path.startsWith(`${key}[`));
  const chosen = changes.filter(({ path }) => isNamed(path));
  if (chosen.length === 0)
    throw new LoricaError("not_found", `the edit changes none of these; it changes:\n${pending.changes}`);
  const { parsePath } = await import("../edit/path.ts");
  const edits = chosen.map(({ path: key }): Edit => {
    const path = parsePath(key);
    if (!path.ok) throw new LoricaError("invalid_request", path.reason);
    const value = partOf(redactConfig(after.written), path.value);
    if (value === undefined) return { op: "unset", path: path.value };
    if (JSON.stringify(value).includes(redactedLiteral))
      throw new LoricaError("invalid_request", `${key} holds a credential; accept the whole edit, or set it anew`);
    return { op: "set", path: path.value, value };
  });
  const result = await edit(edits, actor);
  if (result.kind !== "saved") return result;
  if (chosen.length === changes.length) await pendingStore.settle(pending);
  else {
    const present = await readVersion(paths.configPath);
    const base = present === undefined ? "" : sha256(present);
    await pendingStore.add({ ...pending, files, at: new Date().toISOString(), base });
    await pendingStore.tidy();
  }
  return result;
}
