// The JavaScript entry. It keeps compiled code in a cache of the user's own, so that types are stripped once and not at
// every call, and refuses a Node that cannot strip them. Everything else is in src/bin.ts.
import { existsSync, mkdirSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 24 || (major === 24 && minor < 12)) {
  process.stderr.write(
    `lorica: Node.js 24.12 or newer is needed; this is ${process.versions.node}. Start ./lorica, which brings its own.\n`,
  );
  process.exit(1);
}

const cache = cacheFolder();
if (cache !== undefined) enableCompileCache(cache);
await import("./src/bin.ts");

/**
 * Compiled code is code: whoever can write this folder can run what they like in the next process. So the gateway, which
 * reads what strangers write, gets it read-only; its argument names it, because it has no home to look in. And where root
 * has put the program out of its user's reach, what was compiled of it lies there, too.
 */
function cacheFolder() {
  if (process.argv[2] === "gateway-child") return process.argv[3];
  const beside = join(import.meta.dirname, "compiled");
  if (existsSync(beside)) return beside;
  try {
    const folder = join(homedir(), ".cache", "lorica", "compiled");
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return folder;
  } catch {
    // A home that cannot be written, or none: slower, and otherwise the same.
    return undefined;
  }
}
