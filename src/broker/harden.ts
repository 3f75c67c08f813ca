// What the broker takes from itself before it holds a secret.
import { existsSync } from "node:fs";
import type { Log } from "../audit/audit.ts";
import { LoricaError } from "../base/errors.ts";
import { spawnClean } from "./spawn.ts";

const prlimit = "/usr/bin/prlimit";

/** Nothing of the product runs as root, except where its owner insists (GW-045). */
export function refuseRoot(allowRoot: "refuse root" | "allow root"): void {
  if (process.getuid?.() !== 0 || allowRoot === "allow root") return;
  throw new LoricaError(
    "forbidden",
    "lorica does not run as root: start it with ./lorica, which becomes the system user lorica, or as an ordinary user",
  );
}

/**
 * A core dump would hold every secret. The limit is inherited by all that is started later. It is best effort: a host
 * without the tool is told so in the log.
 */
export async function forbidCoreDumps(log: Log): Promise<void> {
  if (!existsSync(prlimit)) return log.warn("core dumps could not be switched off: there is no prlimit here");
  const child = spawnClean({
    file: prlimit,
    args: ["--pid", String(process.pid), "--core=0:0"],
    stdio: ["ignore", "ignore", "ignore"],
  });
  const { promise, resolve } = Promise.withResolvers<number | null>();
  child.once("exit", resolve);
  child.once("error", () => resolve(null));
  const code = await promise;
  if (code !== 0) log.warn("core dumps could not be switched off", { exitCode: code });
}
