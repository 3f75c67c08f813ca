// Compiled code, kept between starts. Stripping types costs a process a tenth of its time to start and a dozen megabytes
// for as long as it lives, so a process of its own does it for all the others, whenever the code has changed.
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { flushCompileCache, getCompileCacheDir } from "node:module";
import { dirname, join } from "node:path";
import { sha256 } from "./base/ids.ts";
import { LoricaError } from "./base/errors.ts";
import { limits, nodeFlags } from "./base/limits.ts";
import { spawnClean } from "./broker/spawn.ts";

/** Where the program lies, and whose home its cache is in. */
type Place = { readonly codeRoot: string; readonly home: string };

/** The folder of the cache, as the gateway is told it; undefined where this process has none. */
export function compileCacheFolder(): string | undefined {
  const versioned = getCompileCacheDir();
  return versioned === undefined ? undefined : dirname(versioned);
}

/** Compiles everything that a start needs, unless that was done for this very code. */
export async function warmCompileCache(place: Place, signal: AbortSignal): Promise<void> {
  const folder = compileCacheFolder();
  // Beside the program it is whole, and nobody's to write who runs it.
  if (folder === undefined || folder === join(place.codeRoot, "compiled")) return;
  const stamp = join(folder, "warm");
  const code = fingerprint(place.codeRoot);
  if (readIfThere(stamp) === code) return;
  const why = await runWarmUp(place, signal);
  if (signal.aborted) return;
  if (why !== undefined) throw new LoricaError("internal", `the code could not be compiled ahead: ${why}`);
  writeFileSync(stamp, code, { mode: 0o600 });
}

/** What the process that warms the cache does: load it all, keep what was compiled, and leave. */
export async function compileEverything(): Promise<void> {
  await Promise.all([
    import("./assembly/start/start-broker.ts"),
    import("./assembly/broker/build-broker.ts"),
    import("./assembly/gateway/run-gateway.ts"),
    import("./open-offline.ts"),
  ]);
  flushCompileCache();
}

/** Why it failed, where it did. */
function runWarmUp({ codeRoot, home }: Place, signal: AbortSignal): Promise<string | undefined> {
  const child = spawnClean({
    file: process.execPath,
    // The cache is another one for other flags.
    args: [...nodeFlags, join(codeRoot, "lorica.mjs"), "warm-up"],
    stdio: ["ignore", "ignore", "ignore"],
    environment: { HOME: home },
  });
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const kill = (): boolean => child.kill("SIGKILL");
  const killer = setTimeout(() => {
    resolve(`it took longer than ${limits.warmUpTimeoutMs} ms`);
    kill();
  }, limits.warmUpTimeoutMs);
  signal.addEventListener("abort", kill, { once: true });
  child.once("exit", (code, by) => resolve(code === 0 ? undefined : `it ended with ${by ?? `status ${code}`}`));
  child.once("error", ({ message }) => resolve(message));
  return promise.finally(() => {
    clearTimeout(killer);
    signal.removeEventListener("abort", kill);
  });
}

/** Changes when any file of the program does. */
function fingerprint(codeRoot: string): string {
  const files = ["src", "plugins"].flatMap((folder) =>
    readdirSync(join(codeRoot, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  return sha256(files.map((file) => `${file} ${statSync(file).mtimeMs}`).join("\n"));
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
