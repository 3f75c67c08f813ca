// Makes the journal's entries: what changed, what of it gives somebody more, what is unusual, and which process wrote.
import type { Clock } from "../../base/clock.ts";
import type { Json } from "../../base/json.ts";
import { diffConfigs } from "../diff.ts";
import type { Loaded } from "../load.ts";
import { createFindings } from "../read/issue.ts";
import { parseTree, toJson } from "../read/tree.ts";
import { widens } from "../widen.ts";
import { flagsOf } from "./flags.ts";
import type { JournalEntry } from "./journal.ts";

export type Change = {
  readonly actor: string;
  readonly before: Loaded;
  readonly after: Loaded;
  readonly bytesBefore: Uint8Array | undefined;
  readonly bytesAfter: Uint8Array | undefined;
  readonly verdict: "applied" | "held";
  /** What the guard found besides what the keys' rules find. */
  readonly widening?: readonly string[];
};

/** Words of the command only: what follows them may be a secret. */
const wordsShown = 2;

export function entryOf(change: Change, clock: Clock): JournalEntry {
  const { actor, before, after, bytesBefore, bytesAfter, verdict } = change;
  const changes = before.kind === "loaded" && after.kind === "loaded" ? diffConfigs(before.written, after.written) : [];
  const widening = [...new Set([...changes.filter(widens).map(({ path }) => path), ...(change.widening ?? [])])];
  const sizes = { bytesBefore: bytesBefore?.byteLength ?? 0, bytesAfter: bytesAfter?.byteLength ?? 0 };
  const flags = flagsOf({ ...sizes, widening, before: topOf(bytesBefore), after: topOf(bytesAfter) });
  return {
    at: new Date(clock.now()).toISOString(),
    actor,
    changed: changes.map(({ path }) => path),
    before: before.hash,
    after: after.hash,
    suspicious: widening.length + flags.length > 0,
    widening,
    flags,
    ...sizes,
    verdict,
    ...(actor === "hand" ? {} : { by: writer() }),
  };
}

function writer(): NonNullable<JournalEntry["by"]> {
  const argv = process.argv.slice(2, 2 + wordsShown).filter((word) => /^[a-z-]{1,32}$/.test(word));
  return { pid: process.pid, ppid: process.ppid, cwd: process.cwd(), argv };
}

function topOf(bytes: Uint8Array | undefined): Json | undefined {
  if (bytes === undefined) return undefined;
  const tree = parseTree(new TextDecoder().decode(bytes), "", createFindings());
  return tree === undefined ? undefined : toJson(tree);
}
