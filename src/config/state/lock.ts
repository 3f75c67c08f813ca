// One gateway for each state directory, workspace, config file and port of this user (GW-043). The locks are SQLite's:
// the kernel takes them back when the process dies, however it dies, so a lock is never stale and no process id has to
// be trusted.
import { chmodSync, lstatSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { errnoOf, isMissing, LoricaError } from "../../base/errors.ts";
import { sha256 } from "../../base/ids.ts";
import { isRecord, parseJson } from "../../base/json.ts";

export type LockOptions = {
  readonly stateDir: string;
  readonly configPath: string;
  readonly workspaces: readonly string[];
  readonly port: number;
  /** `lockMeetingDir`: where this user's gateways meet. */
  readonly meetingDir: string;
};

export type StateLock = { release(): void };

/** Throws `locked` for whatever another gateway has already. */
export function lockStateDir(options: LockOptions): StateLock {
  const run = join(options.stateDir, "run");
  prepare(run);
  prepare(options.meetingDir);
  const wanted = [
    {
      what: `the state directory ${options.stateDir}`,
      file: join(run, "gateway.lock"),
      fix: "Stop it with: lorica gateway stop",
    },
    shared(
      options,
      { kind: "config", value: options.configPath },
      "Give each gateway a config file of its own (OPENCLAW_CONFIG_PATH).",
    ),
    ...[...new Set(options.workspaces.map((path) => resolve(path)))].map((path) =>
      shared(
        options,
        { kind: "workspace", value: path },
        "Give each gateway workspaces of its own (agents.defaults.workspace).",
      ),
    ),
    shared(
      options,
      { kind: "port", value: String(options.port) },
      "Give each gateway a port of its own (gateway.port).",
    ),
  ];
  const held: DatabaseSync[] = [];
  const release = (): void => {
    for (const database of held.splice(0)) database.close();
  };
  try {
    for (const lock of wanted) held.push(acquire(lock, options));
  } catch (error) {
    release();
    throw error;
  }
  return { release };
}

type Wanted = { readonly what: string; readonly file: string; readonly fix: string };

type Shared = { readonly kind: "config" | "workspace" | "port"; readonly value: string };

function shared(options: LockOptions, { kind, value }: Shared, fix: string): Wanted {
  const file = join(options.meetingDir, `${kind}-${sha256(value).slice(0, 32)}.lock`);
  return { what: kind === "config" ? `the config file ${value}` : `the ${kind} ${value}`, file, fix };
}

function acquire(lock: Wanted, options: LockOptions): DatabaseSync {
  const database = new DatabaseSync(lock.file, { timeout: 0 });
  try {
    chmodSync(lock.file, 0o600);
    database.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
  } catch (cause) {
    database.close();
    const holder = readHolder(`${lock.file}.json`);
    if (!isBusy(cause)) throw new LoricaError("internal", `cannot lock ${lock.what} at ${lock.file}`, { cause });
    throw new LoricaError("locked", `another gateway is using ${lock.what}${holder}. ${lock.fix}`, { cause });
  }
  // Only for the message that a second gateway prints; whether the lock is held is the kernel's to say.
  const holder = { pid: process.pid, port: options.port, stateDir: options.stateDir };
  writeFileSync(`${lock.file}.json`, JSON.stringify(holder), { mode: 0o600 });
  return database;
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && (error.errcode === 5 || error.errcode === 6);
}

function readHolder(file: string): string {
  try {
    const holder = parseJson(readFileSync(file, "utf8"));
    if (!holder.ok || !isRecord(holder.value)) return "";
    return ` (process ${String(holder.value.pid)}, port ${String(holder.value.port)}, state in ${String(holder.value.stateDir)})`;
  } catch (cause) {
    if (isMissing(cause)) return "";
    throw cause;
  }
}

/** The folder must be this user's own: in another's, the lock could be taken away from under us. */
function prepare(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const stat = lstatSync(folder);
  if (!stat.isDirectory() || stat.uid !== userInfo().uid)
    throw new LoricaError("forbidden", `${folder} is not a directory of this user; remove it and try again.`);
  try {
    chmodSync(folder, 0o700);
  } catch (cause) {
    throw new LoricaError("forbidden", `cannot protect ${folder}: ${errnoOf(cause) ?? "unknown error"}`, { cause });
  }
}
