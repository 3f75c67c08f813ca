// Backups at their place in the broker: made on the owner's word and by the schedule, from a copy of the database that the
// gateway makes, because the broker never reads it.
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { AuditLog } from "../../audit/audit.ts";
import { LoricaError } from "../../base/errors.ts";
import { systemClock } from "../../base/clock.ts";
import { newId } from "../../base/ids.ts";
import { isRecord } from "../../base/json.ts";
import { limits } from "../../base/limits.ts";
import { sleep } from "../../base/wait.ts";
import type { Broker, OwnerHandlers } from "../../broker/broker.ts";
import type { StatePaths } from "../../config/config.ts";
import type { backupMethods } from "../../protocol/owner/backup.ts";
import { createBackupCalls } from "./calls.ts";
import type { BackupDeps } from "./calls.ts";
import { makeDue } from "./due.ts";
import { createDiskSide } from "./disk.ts";
import type { Ground } from "../broker/open-parts.ts";
import { createSealSide, readHead, toHead } from "../broker/seal.ts";
import type { BrokerSide } from "../broker/side.ts";

type BackupSide = BrokerSide & { readonly areas: Pick<OwnerHandlers, keyof typeof backupMethods> };

type Needs = Pick<Ground, "options" | "keeper" | "vault" | "log" | "alertOwner" | "starts">;

/** The sealed state, its backups, the disk that both are on, and what is known of the starts. */
export function createStateSides(ground: Needs, audit: AuditLog) {
  const seal = createSealSide(ground);
  const backup = createBackupSide(ground, audit);
  const sides = [
    seal,
    backup,
    createDiskSide({ stateDir: ground.options.paths.stateDir, alertOwner: ground.alertOwner }),
    ground.starts.side({ ...ground, audit }),
  ];
  return { sides, areas: { ...seal.areas, ...backup.areas }, settings: seal.settings };
}

function createBackupSide(needs: Needs, audit: AuditLog): BackupSide {
  const { options, keeper, vault } = needs;
  let running: Broker | undefined;
  let looking: Promise<void> = Promise.resolve();
  const deps: BackupDeps = {
    paths: options.paths,
    version: options.version,
    vault,
    now: systemClock.now,
    config: () => keeper.config().backup,
    withDatabase: (use) => withSnapshot(options.paths, running, use),
  };
  const calls = createBackupCalls(deps);
  return {
    areas: {
      ...calls,
      async "backup.create"(order, context) {
        const made = await calls["backup.create"](order, context);
        const { path, bytes, files, kind } = made;
        audit.record({
          kind: "backup",
          actor: "owner",
          resource: `made ${path}`,
          result: { bytes, files, what: kind },
        });
        return made;
      },
      "backup.restore": async () => refuseRunning("backup restore"),
      "backup.accept": async () => refuseRunning("backup accept"),
    },
    part() {
      const { every, time, day } = deps.config();
      const when = every === "weekly" ? `each ${day} at ${time}` : `each day at ${time}`;
      if (every !== "off") return { name: "backup", state: "on", detail: when, fix: null };
      const detail = "no backup is made by itself";
      return { name: "backup", state: "off", detail, fix: "lorica backup schedule" };
    },
    start(broker, signal) {
      running = broker;
      looking = keepSchedule((ends) => makeDue(deps, { calls, audit }, ends), needs, signal);
    },
    stop: () => looking,
  };
}

/** A copy that the gateway makes of its own database, for as long as `use` takes. */
async function withSnapshot<T>(
  paths: StatePaths,
  broker: Broker | undefined,
  use: Parameters<BackupDeps["withDatabase"]>[0],
): Promise<T> {
  if (broker === undefined) throw new LoricaError("unavailable", "the gateway has not started yet");
  const name = `snapshot-${newId()}`;
  try {
    const answer = await broker.ask("state.snapshot", { name }, AbortSignal.timeout(limits.stateCheckTimeoutMs));
    const said = isRecord(answer) ? toHead(answer["head"]) : undefined;
    const head = said ?? (await readHead(paths));
    return (await use({ database: new Map([["state/lorica.sqlite", join(paths.state, name)]]), head })) as T;
  } finally {
    // With it goes what a copy that was killed has left.
    for (const left of await readdir(paths.state))
      if (left.startsWith("snapshot-")) await rm(join(paths.state, left), { force: true });
  }
}

/** Looks again and again until the signal; after a failure less and less often. */
async function keepSchedule(
  look: (signal: AbortSignal) => Promise<void>,
  { log, alertOwner }: Needs,
  signal: AbortSignal,
): Promise<void> {
  for (let failed = 0; !signal.aborted;) {
    const pauseMs = Math.min(limits.backupLookMs * 2 ** failed, limits.backupRetryMaxMs);
    await sleep(pauseMs, signal).catch(() => undefined);
    if (signal.aborted) return;
    try {
      await look(signal);
      failed = 0;
    } catch (err) {
      if (signal.aborted) return;
      log.source("backup").error("the backup of the schedule was not made", { err });
      if (failed === 0) alertOwner("The backup of the schedule was not made. Why is in the log: lorica logs");
      failed = Math.min(failed + 1, 16);
    }
  }
}

function refuseRunning(command: string): never {
  throw new LoricaError(
    "conflict",
    `a gateway is running; stop it first: lorica gateway stop. Then again: lorica ${command}`,
  );
}
