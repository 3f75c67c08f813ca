// Finds out what a cell needs to know of this host, and writes the few files that every cell sees instead of the host's.
import { existsSync, lstatSync, readlinkSync } from "node:fs";
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { LoricaError } from "../../base/errors.ts";
import { sha256 } from "../../base/ids.ts";
import { homeOf, inside, maskableProc, nodeFlags, systemNames, warmArguments } from "../../sandbox/sandbox.ts";
import type { CellHost } from "../../sandbox/sandbox.ts";
import { startConfined } from "../spawn.ts";

export type CellHostOptions = {
  readonly bwrap: string;
  readonly node: string;
  readonly codeDir: string;
  /** A folder of the broker's own; what is written into it is never read by anything but cells. */
  readonly cacheDir: string;
  readonly home: string;
};

/** Idempotent: a second start finds everything in place, and compiles nothing. */
export async function prepareCellHost(options: CellHostOptions, signal: AbortSignal): Promise<CellHost> {
  const caches = join(options.cacheDir, "cell-code");
  const host: CellHost = {
    node: options.node,
    codeDir: options.codeDir,
    compileCacheDir: join(caches, await fingerprint(options)),
    etcDir: join(options.cacheDir, "cell-etc"),
    systemLinks: new Map(systemNames.flatMap((path) => linkAt(path))),
    maskedProc: maskableProc.filter((name) => existsSync(`/proc/${name}`)),
    home: options.home,
  };
  await mkdir(host.compileCacheDir, { recursive: true, mode: 0o700 });
  await mkdir(host.etcDir, { recursive: true, mode: 0o700 });
  await Promise.all(
    Object.entries(etcFiles(host)).map(([name, text]) => writeFile(join(host.etcDir, name), text, { mode: 0o644 })),
  );
  if ((await readdir(host.compileCacheDir)).length > 0) return host;
  await warm(options.bwrap, host, signal);
  await removeOthers(caches, host.compileCacheDir);
  return host;
}

/** Other code, or another Node, needs a cache of its own: no cell can add to one. */
async function fingerprint({ codeDir, node }: CellHostOptions): Promise<string> {
  const entries = await readdir(codeDir, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const contents = await Promise.all(paths.toSorted().map((path) => readFile(path, "utf8")));
  const binary = await stat(node);
  return sha256([process.version, ...nodeFlags, binary.size, binary.mtimeMs, ...contents].join("\0")).slice(0, 16);
}

async function removeOthers(caches: string, current: string): Promise<void> {
  const others = (await readdir(caches)).map((name) => join(caches, name)).filter((path) => path !== current);
  await Promise.all(others.map((path) => rm(path, { recursive: true, force: true })));
}

/** The names that a cell knows: its own user, and this machine by loopback only. */
function etcFiles(host: CellHost): Readonly<Record<string, string>> {
  const user = process.getuid?.() ?? 65_534;
  const group = process.getgid?.() ?? 65_534;
  return {
    passwd: [
      `lorica:x:${user}:${group}:Lorica:${homeOf(host)}:/bin/bash`,
      ...(user === 0 ? [] : ["root:x:0:0:root:/:/usr/sbin/nologin"]),
      "nobody:x:65534:65534:nobody:/:/usr/sbin/nologin",
      "",
    ].join("\n"),
    group: [`lorica:x:${group}:`, ...(group === 0 ? [] : ["root:x:0:"]), "nogroup:x:65534:", ""].join("\n"),
    hosts: "127.0.0.1 localhost cell\n::1 localhost\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n",
  };
}

/** Types are stripped and code is compiled once, here; a cell reads the result and can never write it. */
async function warm(bwrap: string, host: CellHost, signal: AbortSignal): Promise<void> {
  const { child, kill } = startConfined({
    bwrap,
    profile: warmArguments(host),
    argv: [inside.node, ...nodeFlags, `${inside.code}/warm.ts`],
    // Descriptor 3, where a cell has its pipe, is nothing here: the programs load, find that, and stop.
    stdio: ["ignore", "ignore", "pipe", "ignore"],
  });
  signal.addEventListener("abort", kill, { once: true });
  let complaint = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (complaint = (complaint + text).slice(0, 2_000)));
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    if (code !== 0)
      throw new LoricaError(
        "unavailable",
        `bubblewrap cannot start a program here: ${complaint.trim() || `exit ${code}`}`,
      );
  } finally {
    signal.removeEventListener("abort", kill);
  }
}

function linkAt(path: string): [string, string][] {
  const status = lstatSync(path, { throwIfNoEntry: false });
  return status?.isSymbolicLink() === true ? [[path, readlinkSync(path)]] : [];
}
