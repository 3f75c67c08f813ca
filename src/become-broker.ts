// The broker's process begins clean. The environment that it was started with may hold credentials, and what was once in a
// process's environment stays readable in /proc however much is deleted; so the program takes what it was given over once,
// and puts itself in its own place with an environment that holds nothing. It starts there by a file that nobody may read:
// the kernel lets no other process of the same user look into the memory of a program that the user cannot read.
import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { randomBytes } from "node:crypto";
import { homedir, tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";
import { nodeFlags } from "./base/limits.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** What the program was given before it put itself in its own place. */
export type Given = { readonly env: Environment; readonly node: string };

const variable = "LORICA_BOOTSTRAP";

/** Not secret, and needed before the program reads what it was given. */
const kept = ["HOME", "LANG", "LC_ALL", "NODE_EXTRA_CA_CERTS", "PATH", "TERM", "TZ"];

/** What an earlier self has left for this one; undefined where there was none. */
export function takeGiven(env: Environment): Given | undefined {
  const path = env[variable];
  if (path === undefined) return undefined;
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const { uid, mode } = fstatSync(file);
    if (uid !== process.getuid?.() || (mode & 0o077) !== 0) throw new Error(`${path} is not this program's own`);
    return JSON.parse(readFileSync(file, "utf8")) as Given;
  } finally {
    closeSync(file);
    rmSync(path, { force: true });
  }
}

/** Does not return where it can; where it cannot, the broker goes on as it is and its status says so. */
export function becomeBroker(env: Environment, argv: readonly string[]): void {
  if (process.platform !== "linux" || process.execve === undefined) return;
  const given: Given = { env, node: process.execPath };
  // In memory, where there is such a place: it is there for as long as it takes to start.
  const path = join(isWritable("/dev/shm") ? "/dev/shm" : tmpdir(), `lorica-${randomBytes(16).toString("hex")}`);
  writeFileSync(path, JSON.stringify(given), { flag: "wx", mode: 0o600 });
  const clean = Object.fromEntries(kept.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
  const [, script = "", ...words] = argv;
  const loader = unreadableLoader(env);
  // However it was started: no debugger at a signal.
  const flags = new Set([...process.execArgv, ...nodeFlags]);
  const started = [...flags, script, ...words];
  const line = loader === undefined ? ["node", ...started] : ["node", process.execPath, ...started];
  try {
    process.execve(loader ?? process.execPath, line, { ...clean, [variable]: path });
  } catch {
    // Some sandboxes forbid it. The file must not outlive the attempt; the status finds out by itself what holds.
    rmSync(path, { force: true });
  }
}

/** Whether other processes of the same user may look into this one: the kernel says so by whom it lets own /proc/self. */
export function isReadableByOthers(): boolean {
  try {
    return statSync("/proc/self/environ").uid !== 0;
  } catch {
    // No /proc, so nobody can read it there.
    return false;
  }
}

/** Where the copy is: like the compiled code, nothing that anybody else may write. */
export function unreadableFolder(env: Environment): string {
  const base = env["XDG_CACHE_HOME"];
  return join(base !== undefined && isAbsolute(base) ? base : join(homedir(), ".cache"), "lorica", "unreadable");
}

/**
 * The system's loader, copied without the right to read it. Started through it, Node itself stays the file that all
 * processes share in memory, and the copy costs 200 KB where one of Node would cost 120 MB. Undefined where there is none.
 */
function unreadableLoader(env: Environment): string | undefined {
  const loader = loaders[process.arch];
  // Whoever watches the program from its first moment is its owner, and would see nothing any more.
  if (loader === undefined || isTraced()) return undefined;
  try {
    const folder = unreadableFolder(env);
    const { size, mtimeMs } = statSync(loader);
    const copy = join(folder, `loader-${size}-${Math.floor(mtimeMs)}`);
    if (isOurs(copy, size)) return copy;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const fresh = `${copy}.${randomBytes(8).toString("hex")}`;
    copyFileSync(loader, fresh, constants.COPYFILE_EXCL);
    chmodSync(fresh, 0o111);
    renameSync(fresh, copy);
    return isOurs(copy, size) ? copy : undefined;
  } catch {
    // No such loader here, or a home that cannot be written: the status says what that means.
    return undefined;
  }
}

const loaders: Partial<Record<string, string>> = {
  x64: "/lib64/ld-linux-x86-64.so.2",
  arm64: "/lib/ld-linux-aarch64.so.1",
};

function isOurs(path: string, size: number): boolean {
  const about = statSync(path, { throwIfNoEntry: false });
  // Also where it must not be run from: what cannot be started is found out before the program has given itself up.
  if (about !== undefined) accessSync(path, constants.X_OK);
  return about?.uid === process.getuid?.() && about?.size === size && (about.mode & 0o777) === 0o111;
}

function isTraced(): boolean {
  return !/^TracerPid:\s*0$/m.test(readFileSync("/proc/self/status", "utf8"));
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
