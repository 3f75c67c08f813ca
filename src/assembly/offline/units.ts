// The owner's and the installer's word about what starts the gateway, while none runs. What is found on the way is recorded,
// and the next start alerts to what is still so.
import type { Environment, StatePaths } from "../../config/config.ts";
import { openUnits } from "../broker/watchdog/units.ts";
import type { Units } from "../broker/watchdog/units.ts";
import { recordOffline } from "./evidence.ts";

/** Runs with the state directory locked. */
export function openUnitsOffline(paths: StatePaths, env: Environment): Units["areas"] {
  const { areas } = openUnits({
    paths,
    env,
    record: (entry) => recordOffline(paths, undefined, entry),
    alertOwner: (text) => void process.stderr.write(`lorica: ${text}\n`),
    settle: () => undefined,
  });
  return areas;
}
