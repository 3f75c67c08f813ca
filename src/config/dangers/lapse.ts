// An acknowledgement that has ended is none: what it allowed is out of force from then on, whatever the file says, and what
// is safe holds in its place.
import { isRecord } from "../../base/json.ts";
import { dayAndTime, parseAcknowledgement } from "../../protocol/known/acknowledgement.ts";
import { renderPath } from "../read/issue.ts";
import type { Findings, Path } from "../read/issue.ts";
import { placeOf } from "../read/tree.ts";
import type { Tree } from "../read/tree.ts";
import type { Config } from "../schema/schema.ts";
import { dangersOf, settingOf } from "./dangers.ts";

type Lapsing = { readonly now: number; readonly tree: Tree; readonly findings: Findings };

/** The config as it holds now, and the keys of which something else holds than is written. */
export function takeBackLapsed(
  config: Config,
  { now, tree, findings }: Lapsing,
): { readonly config: Config; readonly lapsed: readonly string[] } {
  const acknowledged = config.security.acknowledged.map(parseAcknowledgement);
  let taken: unknown = config;
  const lapsed: string[] = [];
  for (const danger of dangersOf(config)) {
    const ends = acknowledged.flatMap(({ setting, until }) => (setting === settingOf(danger) ? [until] : []));
    // More than one may name it: the latest counts, and one without an end has none.
    if (ends.length === 0 || ends.some((until) => until === undefined || until > now)) continue;
    const ended = Math.max(...ends.map((until) => until ?? now));
    const path = renderPath(danger.path);
    findings.note(
      path,
      `NOT in force: what acknowledged it ended at ${dayAndTime(ended)}. To go on: lorica config acknowledge ${JSON.stringify(settingOf(danger))} --for 1d`,
      placeOf(tree, danger.path),
    );
    taken = changeAt(taken, danger.safe.at, danger.safe.from);
    lapsed.push(path);
  }
  return { config: taken as Config, lapsed };
}

function changeAt(part: unknown, path: Path, change: (present: unknown) => unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return change(part);
  if (!isRecord(part)) return part;
  return { ...part, [step]: changeAt(part[String(step)], rest, change) };
}
