// Real cells for the jail tests: an ordinary user, a workspace, and something worth stealing next to it.
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type {
  Action,
  FileRead,
  FileWrite,
  ProcessControl,
  ProcessRun,
  Resources,
  Verb,
} from "../../src/base/action.ts";
import type { AuditRecord } from "../../src/audit/audit.ts";
import { owner } from "../../src/base/principal.ts";
import { createCells } from "../../src/broker/cells.ts";
import type { CellsOptions, ProbedCells } from "../../src/broker/cells.ts";
import type {
  CellSettings,
  FileReadResult,
  FileWriteResult,
  ProcessReport,
  RunResult,
  StartedProcess,
} from "../../src/sandbox/sandbox.ts";
import { becomeOrdinary } from "./ordinary.ts";

export const secret = "planted-where-no-cell-may-look";
export const place = becomeOrdinary();
export const home = join(place.folder, "home");
export const workspace = join(home, ".openclaw/workspace");
export const secretFile = join(home, ".openclaw/credentials/secrets.json");
export const records: AuditRecord[] = [];
export const agents = new Map<string, CellSettings>([["main", { workspace, access: "rw" }]]);

for (const folder of [workspace, join(secretFile, ".."), join(home, ".ssh")]) mkdirSync(folder, { recursive: true });
for (const path of [secretFile, join(home, ".ssh/id_ed25519")]) writeFileSync(path, secret);

export const cellsOptions: CellsOptions = {
  agents: () => agents,
  node: place.node,
  codeDir: place.codeDir,
  cacheDir: join(home, ".openclaw/cache"),
  home,
  protectedPaths: [join(home, ".openclaw/credentials"), join(home, ".ssh")],
  audit: { record: (record) => void records.push(record) },
};
export const cells: ProbedCells = createCells(cellsOptions);

export const never = new AbortController().signal;

type Options = Partial<ProcessRun> & {
  readonly session?: string;
  readonly agentId?: string;
  readonly signal?: AbortSignal;
};

export async function exec(command: string, options: Options = {}): Promise<RunResult> {
  const result = await start(command, options);
  assert.ok(result.kind !== "started");
  return result;
}

/** The output of a command that must succeed. */
export async function output(command: string, options: Options = {}): Promise<string> {
  const result = await exec(command, options);
  assert.deepEqual([result.kind, result.exitCode], ["exited", 0], result.output);
  return result.output;
}

export async function background(command: string, options: Options = {}): Promise<string> {
  const result = await start(command, { ...options, mode: "background" });
  assert.ok(result.kind === "started");
  return result.processId;
}

async function start(command: string, options: Options): Promise<RunResult | StartedProcess> {
  const { session, agentId, signal, ...run } = options;
  const resource: ProcessRun = { command, cwd: ".", timeoutMs: 20_000, terminal: "none", mode: "foreground", ...run };
  return await cells.run(action("process.run", resource, { session, agentId }), () => undefined, signal ?? never);
}

export async function control(resource: ProcessControl): Promise<readonly ProcessReport[]> {
  return await cells.control(action("process.control", resource, {}), never);
}

export async function readFile(resource: FileRead, options: Who = {}): Promise<FileReadResult> {
  return await cells.read(action("file.read", resource, options), never);
}

export async function readText(path: string, options: Who = {}): Promise<string> {
  const result = await readFile({ operation: "read", path, offset: 1, lines: 1_000 }, options);
  assert.ok(result.kind === "text");
  return result.text;
}

export async function writeFile(resource: FileWrite, options: Who = {}): Promise<FileWriteResult> {
  return await cells.write(action("file.write", resource, options), never);
}

type Who = { readonly session?: string | undefined; readonly agentId?: string | undefined };

export function action<V extends Verb>(verb: V, resource: Resources[V], who: Who): Action<V> {
  return {
    verb,
    agentId: who.agentId ?? "main",
    sessionKey: `agent:main:${who.session ?? "main"}`,
    principal: owner,
    label: { integrity: "owner", readers: ["*"] },
    resource,
  } as unknown as Action<V>;
}

/** Processes of this host whose command line holds a text. */
export function processesWith(text: string): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => commandLineOf(name).includes(text))
    .map(Number);
}

/** Those of them that this test started, directly or not: other tests have cells at the same time. */
export function ownProcessesWith(text: string): readonly number[] {
  return processesWith(text).filter((pid) => descendsFromHere(pid));
}

function descendsFromHere(pid: number): boolean {
  for (let at = pid; at > 1; at = parentOf(at)) if (at === process.pid) return true;
  return false;
}

function parentOf(pid: number): number {
  try {
    return Number(/^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
  } catch {
    // Gone since it was listed.
    return 0;
  }
}

function commandLineOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ");
  } catch {
    // Gone since it was listed.
    return "";
  }
}

export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await condition())) {
    assert.ok(Date.now() < deadline, `waited too long until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export async function leave(): Promise<void> {
  await cells.close();
  place.leave();
}
