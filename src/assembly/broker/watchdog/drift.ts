// How far things have moved since the owner last said that all is as it should be: many small steps, each of which may
// have looked harmless, seen together (WD-010).
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isMissing } from "../../../base/errors.ts";
import { isRecord, parseJson } from "../../../base/json.ts";
import type { Json } from "../../../base/json.ts";
import { replaceFile } from "../../../base/replace-file.ts";
import { viewConfig } from "../../../config/config.ts";
import type { Config, StatePaths } from "../../../config/config.ts";
import { diffConfigs } from "../../../config/diff.ts";
import { widensByHand } from "../../../config/widen.ts";
import type { WatchdogStatus } from "../../../protocol/owner/watchdog.ts";
import type { Alerts, InstructionWatch } from "../../../watchdog/watchdog.ts";
import type { ConfigKeeper } from "../config-keeper.ts";
import type { Units } from "./units.ts";

export type Drift = {
  status(): Promise<WatchdogStatus>;
  baseline(): Promise<{ readonly at: number }>;
};

export function createDrift(deps: {
  readonly paths: StatePaths;
  readonly keeper: ConfigKeeper;
  readonly instructions: InstructionWatch;
  readonly units: Pick<Units, "list">;
  readonly alerts: Alerts;
}): Drift {
  const { paths, keeper, instructions, units, alerts } = deps;
  const path = join(paths.watchdog, "baseline.json");
  return {
    async status() {
      instructions.look();
      const baseline = await loadBaseline(path);
      const files = keeper.filesState();
      const config = baseline === undefined ? [] : await driftOf(baseline.config, keeper.config());
      const shown = instructions.list().map(instructionRow);
      const since = baseline?.at ?? null;
      return { since, files, config, instructions: shown, units: units.list(), alerts: alerts.open().length };
    },
    async baseline() {
      const at = Date.now();
      await replaceFile(path, JSON.stringify({ at, config: await viewConfig(keeper.config()) }));
      instructions.baseline();
      return { at };
    },
  };
}

async function driftOf(before: Json, now: Config): Promise<WatchdogStatus["config"]> {
  // Both without their secrets: a credential of another value is the vault's to tell.
  const [was, is] = [before as unknown as Config, (await viewConfig(now)) as unknown as Config];
  const changes = diffConfigs(was, is);
  const wider = new Set(widensByHand({ before: was, after: is, changes }));
  const text = (value: Json | undefined): string => (value === undefined ? "unset" : JSON.stringify(value));
  return changes.map(({ path, before: from, after: to }) => ({
    path,
    before: text(from),
    after: text(to),
    direction: wider.has(path) ? "wider" : "not wider",
  }));
}

function instructionRow(file: ReturnType<InstructionWatch["list"]>[number]): WatchdogStatus["instructions"][number] {
  const { agentId, name, by, at, hash, base, aside } = file;
  const same = hash === null ? ("not there" as const) : ("as it was" as const);
  const other = hash === null ? ("removed" as const) : ("changed" as const);
  return { agentId, name, by, at, state: aside !== null ? "put aside" : hash === base ? same : other };
}

async function loadBaseline(path: string): Promise<{ readonly at: number; readonly config: Json } | undefined> {
  try {
    const read = parseJson(await readFile(path, "utf8"));
    if (!read.ok || !isRecord(read.value)) return undefined;
    const { at, config } = read.value;
    return typeof at === "number" && isRecord(config) ? { at, config: config as Json } : undefined;
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    throw cause;
  }
}
