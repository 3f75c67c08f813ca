// The owner's word about an edit that waits: all of it, some of its keys, or none.
import { rm } from "node:fs/promises";
import { LoricaError } from "../../base/errors.ts";
import { sha256 } from "../../base/ids.ts";
import type { EditResult } from "../file.ts";
import { writeAtomically } from "../keep/atomic.ts";
import { acceptSome } from "./accept-some.ts";
import type { Accepting, WaitingParts } from "./accept-some.ts";
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
  const there = [...pending.files].flatMap(([path, bytes]) => (bytes === undefined ? [] : [[path, bytes] as const]));
  const main = pending.files.has(paths.configPath)
    ? pending.files.get(paths.configPath)
    : before.sources.get(paths.configPath);
  const after = await judge(main, new Map([...before.sources, ...there]));
  if (after.kind === "invalid") return { kind: "refused", issues: after.issues };
  if (only.length > 0) return acceptSome({ only, actor, before, after, pending }, parts);
  const present = before.sources.get(paths.configPath);
  if ((present === undefined ? "" : sha256(present)) !== pending.base)
    throw new LoricaError(
      "conflict",
      "the config has changed since this edit was made. Take keys of it with --only, or reject it and edit again.",
    );
  return acceptAll({ actor, before, after, pending }, parts);
}

async function acceptAll({ actor, before, after, pending }: Accepting, parts: WaitingParts): Promise<EditResult> {
  const { paths, approval, pendingStore, store } = parts;
  const changes = await changesBetween(before, after);
  await rotateBackups(paths.configPath);
  await approval.approve(after, actor);
  for (const [path, bytes] of pending.files) {
    if (bytes === undefined) await rm(path, { recursive: true, force: true });
    else await writeAtomically(path, bytes);
  }
  const [bytesBefore, bytesAfter] = [before, after].map(({ sources }) => sources.get(paths.configPath));
  const { widening } = pending;
  await store.record({ actor, before, after, bytesBefore, bytesAfter, verdict: "applied", widening });
  await pendingStore.settle(pending);
  return { kind: "saved", loaded: after, changes, secretsKept: [] };
}
