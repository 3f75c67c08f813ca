// A dangerous value is refused until the owner has said that it is meant (CFG-019), and told of for as long as it holds.
import { dayAndTime, parseAcknowledgement } from "../../protocol/known/acknowledgement.ts";
import { renderPath } from "../read/issue.ts";
import type { Findings } from "../read/issue.ts";
import { placeOf } from "../read/tree.ts";
import type { Tree } from "../read/tree.ts";
import type { Config } from "../schema/schema.ts";
import { dangersOf, settingOf } from "./dangers.ts";

type Checking = {
  readonly config: Config;
  readonly tree: Tree;
  readonly findings: Findings;
  /** What is not in force any more, though it is written. */
  readonly lapsed: readonly string[];
};

export function checkDangers({ config, tree, findings, lapsed }: Checking): void {
  const acknowledged = new Map(config.security.acknowledged.map((line) => [parseAcknowledgement(line).setting, line]));
  for (const danger of dangersOf(config)) {
    const { path, risk } = danger;
    const setting = settingOf(danger);
    const line = acknowledged.get(setting);
    if (line === undefined)
      findings.refuse(renderPath(path), `${risk}. ${askIfMeant(JSON.stringify(setting))}`, placeOf(tree, path));
    else findings.note(renderPath(path), `${describeEnd(line)}: ${risk}`, placeOf(tree, path));
    acknowledged.delete(setting);
  }
  for (const [setting, line] of acknowledged)
    if (!lapsed.some((path) => setting.startsWith(`${path}=`)))
      findings.note(
        "security.acknowledged",
        `${JSON.stringify(line)} acknowledges nothing that is set; delete it, unless that comes next`,
      );
}

function askIfMeant(setting: string): string {
  return `If this is meant, say so: lorica config acknowledge ${setting} --for 1d; for good: add ${setting} to security.acknowledged`;
}

function describeEnd(line: string): string {
  const { until } = parseAcknowledgement(line);
  return until === undefined ? "acknowledged, without an end" : `acknowledged until ${dayAndTime(until)}`;
}
