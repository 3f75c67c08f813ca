// What the owner is told of the disk: how much is left, and that logs and copies stop where it is nearly full.
import { createDiskLook } from "../../base/files/disk.ts";
import type { DiskLook } from "../../base/files/disk.ts";
import { limits } from "../../base/limits.ts";
import type { PartStatus } from "../../protocol/owner/kit.ts";
import type { AlertOwner } from "../../watchdog/watchdog.ts";
import type { BrokerSide } from "../broker/side.ts";

export function createDiskSide({
  stateDir,
  disk = createDiskLook(stateDir),
  alertOwner,
}: {
  readonly stateDir: string;
  readonly disk?: DiskLook;
  readonly alertOwner: AlertOwner;
}): BrokerSide {
  return {
    part: () => describe(disk.freeBytes(), disk.isLow()),
    start(_, signal) {
      let wasLow = false;
      const look = (): void => {
        const isLow = disk.isLow();
        if (isLow && !wasLow) alertOwner(`${nearlyFull} under ${stateDir}: ${stops}. Free some space.`);
        wasLow = isLow;
      };
      look();
      const timer = setInterval(look, limits.watchdogScanMs).unref();
      signal.addEventListener("abort", () => clearInterval(timer), { once: true });
    },
  };
}

const nearlyFull = "the disk is nearly full";
const stops =
  "the log and the copies of transcripts are not written until there is room, and the config cannot be changed";

function describe(freeBytes: number, isLow: boolean): PartStatus {
  const free = `${Math.floor(freeBytes / 1_048_576)} MB free`;
  if (!isLow) return { name: "disk", state: "on", detail: free, fix: null };
  const detail = `${nearlyFull}: ${free}; ${stops}`;
  return { name: "disk", state: "degraded", detail, fix: "free some space", notes: [detail] };
}
