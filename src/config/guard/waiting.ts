// The owner's word about an edit that waits: all of it, some of its keys, or none.
import { rm } from "node:fs/promises";
import { LoricaError } from "../../base/errors.ts";
import { sha256 } from "../../base/ids.ts";
import type { EditResult } from "../file.ts";
import { writeAtomically } from "../keep/atomic.ts";
import { acceptSome } from "./accept-some.ts";
import type { Accepting, WaitingParts } from "./accept-some.ts";
import { nameTyped } from "./name-typed.ts";
import { changesBetween } from "../keep/store.ts";
import { rotateBackups } from "../keep/versions.ts";

export async function acceptPending(
  {
    only,
    actor,
    digest,
  }: Pick<Accepting, "actor"> & { readonly only: readonly string[]; readonly digest?: string | undefined },
  parts: WaitingParts,
): Promise<EditResult> {
  const { paths, approval, pendingStore, judge } = parts;
  const pending = await pendingStore.find(digest);
  const before = await approval.config();
  if (before === undefined) throw new LoricaError("config_invalid", "the approved config cannot be read to compare");
  const files = await pendingStore.open(pending);
  const there = new Map(before.sources);
  for (const [path, bytes] of files) {
    if (bytes === undefined) there.delete(path);
    else there.set(path, bytes);
  }
  const main = files.has(paths.configPath) ? files.get(paths.configPath) : before.sources.get(paths.configPath);
  const after = await judge(main, there);
  if (after.kind === "invalid") return { kind: "refused", issues: after.issues };
  if (only.length > 0) return acceptSome({ only, actor, before, after, pending, files }, parts);
  const present = before.sources.get(paths.configPath);
  if ((present === undefined ? "" : sha256(present)) !== pending.base)
    throw new LoricaError(
      "conflict",
      "the config has changed since this edit was made. Take keys of it with --only, or reject it and edit again.",
    );
  return acceptAll({ actor, before, after, pending, files }, parts);
}

async function acceptAll(accepting: Accepting, parts: WaitingParts): Promise<EditResult> {
  const { actor, before, pending } = accepting;
  const { paths, approval, pendingStore, store, keepSecret } = parts;
  const { after, files, secrets } = await nameTyped(accepting, parts);
  for (const [name, value] of secrets) await keepSecret?.(name, value);
  const changes = await changesBetween(before, after);
  await rotateBackups(paths.configPath);
  await approval.approve(after, actor);
  for (const [path, bytes] of files) {
    if (bytes === undefined) await rm(path, { recursive: true, force: true });
    else await writeAtomically(path, bytes);
  }
  const [bytesBefore, bytesAfter] = [before, after].map(({ sources }) => sources.get(paths.configPath));
  const { widening } = pending;
  await store.record({ actor, before, after, bytesBefore, bytesAfter, verdict: "applied", widening });
  await pendingStore.settle(pending);
  return { kind: "saved", loaded: after, changes, secretsKept: [...secrets.keys()] };
}
