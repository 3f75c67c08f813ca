// When the schedule made its last backup and when it makes the next one.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { latestDue } from "../../backup/backup.ts";
import { readPrivateFile, writePrivateFile } from "../../base/files/private-file.ts";
import { isRecord, parseJson } from "../../base/json.ts";
import { limits } from "../../base/limits.ts";
import type { Config, StatePaths } from "../../config/config.ts";

type Settings = Config["backup"];

const days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;

export async function readLastRun({ stateDir }: StatePaths): Promise<number | undefined> {
  const text = await readPrivateFile(runsPath(stateDir), limits.headFileMaxBytes);
  const json = text === undefined ? undefined : parseJson(text);
  const at = json?.ok === true && isRecord(json.value) ? json.value["lastRunAt"] : undefined;
  return typeof at === "number" && Number.isFinite(at) ? at : undefined;
}

export async function saveLastRun({ stateDir }: StatePaths, lastRunAt: number): Promise<void> {
  await mkdir(join(stateDir, "backups"), { recursive: true, mode: 0o700 });
  await writePrivateFile(runsPath(stateDir), `${JSON.stringify({ lastRunAt })}\n`);
}

function runsPath(stateDir: string): string {
  return join(stateDir, "backups", "schedule.json");
}

/** The moment since which a backup is missing; undefined where there is none to be made now. */
export function missedSince(settings: Settings, lastRunAt: number, now: number): number | undefined {
  if (settings.every === "off") return undefined;
  const due = latestDue(scheduleOf(settings, settings.every), now);
  return due > lastRunAt ? due : undefined;
}

export function nextRun(settings: Settings, lastRunAt: number | undefined, now: number): number | undefined {
  if (settings.every === "off") return undefined;
  if (lastRunAt !== undefined && missedSince(settings, lastRunAt, now) !== undefined) return now;
  // A day and a little more than the longest pause, so that a change of the clocks does not skip it.
  const pause = (settings.every === "daily" ? 1 : 7) * 24 * 60 * 60_000;
  return latestDue(scheduleOf(settings, settings.every), now + pause);
}

function scheduleOf({ day, time }: Settings, every: "daily" | "weekly") {
  const [hour, minute] = time.split(":").map(Number);
  return { every, day: days.indexOf(day), minute: (hour ?? 0) * 60 + (minute ?? 0) };
}
