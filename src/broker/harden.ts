// What the broker takes from itself before it holds a secret.
import { existsSync } from "node:fs";
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
 * A core dump would hold every secret. The limit is inherited by all that is started later. It is best effort: what is
 * answered is for the log.
 */
export async function forbidCoreDumps(): Promise<readonly string[]> {
  if (!existsSync(prlimit)) return ["core dumps could not be switched off: there is no prlimit here"];
  const child = spawnClean({
    file: prlimit,
    args: ["--pid", String(process.pid), "--core=0:0"],
    stdio: ["ignore", "ignore", "ignore"],
  });
  const { promise, resolve } = Promise.withResolvers<number | null>();
  child.once("exit", resolve);
  child.once("error", () => resolve(null));
  const code = await promise;
  return code === 0 ? [] : [`core dumps could not be switched off: prlimit ended with ${code}`];
}
