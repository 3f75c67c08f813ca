// All cells of this broker: one for each session, started when it is first needed and closed when nobody needs it. What
// is asked of them arrives as an action that policy granted and the ceiling allowed; each command is put on record.
import type { Action } from "../base/action.ts";
import type { AuditLog } from "../audit/audit.ts";
import { assert, codeOf, LoricaError } from "../base/errors.ts";
import { rejected } from "../base/parsed.ts";
import type { Parsed } from "../base/parsed.ts";
import { unlessAborted } from "../base/wait.ts";
import { commandProfile } from "../sandbox/sandbox.ts";
import type {
  CellGroups,
  CellKey,
  Cells,
  CellSettings,
  FileWriteResult,
  RunResult,
  SandboxStatus,
  StartedProcess,
} from "../sandbox/sandbox.ts";
import {
  checkControl,
  checkRun,
  toReadQuestion,
  toReadResult,
  toWriteQuestion,
  toWriteResult,
} from "./cell/actions.ts";
import type { BackgroundEnd } from "./cell/commands.ts";
import { createPool } from "./cell/pool.ts";
import type { Cell, CellDescription, CellPlace, OpenWayOut, Pool } from "./cell/pool.ts";
import { probeSandbox } from "./cell/probe.ts";
import type { VerifiedHost } from "./cell/probe.ts";
import { writeInstruction } from "./serve/workspace.ts";
import { notGrouped, provenGroups } from "./cell/bounds.ts";

export type { OpenWayOut, WayOut } from "./cell/pool.ts";

export type CellsOptions = {
  /** The ceiling: what each agent's cell may have. */
  readonly agents: () => ReadonlyMap<string, CellSettings>;
  /** The Node binary that runs the cell's own programs. */
  readonly node: string;
  /** `src/sandbox/cell`, or what a release makes of it. */
  readonly codeDir: string;
  readonly cacheDir: string;
  readonly home: string;
  /** Folders and files that no workspace may be, hold or lie in: credentials, config, run, state, logs, ~/.ssh … */
  readonly protectedPaths: readonly string[];
  readonly audit: AuditLog;
  /** Whether the owner has lowered the filter of system calls for now. */
  readonly isLowered?: () => boolean;
  /** Whether an agent's first conversation is not over; left out where the file that starts it says so by itself. */
  readonly isFirst?: ((agentId: string) => boolean) | undefined;
  /** Told of every instruction file that was written for the gateway, in the same turn. */
  readonly onInstructed?: ((agentId: string, name: string, content: string) => void) | undefined;
  readonly openWayOut?: OpenWayOut | undefined;
  /** How cells are bounded as a whole on this host; asked once, with the first probe. */
  readonly openGroups?: () => CellGroups;
};

/** Until the first probe has ended, requests wait for it. One that finds a wall fallen ends every cell that there is. */
export type ProbedCells = Cells &
  Pick<Pool, "end" | "endUnlocked" | "list" | "mayWriteInstructions"> & {
    probe(signal: AbortSignal): Promise<SandboxStatus>;
    /** What bounds a cell as a whole. */
    groups(): CellGroups;
    /** What a cell would be that were started now, or why there would be none. */
    describe(key: CellKey): Parsed<CellDescription>;
  };

const notProbed: SandboxStatus = {
  kind: "off",
  reason: "the sandbox has not been tried yet",
  fix: "wait for the start to end",
  walls: [],
};

export function createCells(options: CellsOptions): ProbedCells {
  let status: SandboxStatus = notProbed;
  let probing: Promise<SandboxStatus> | undefined;
  let host: VerifiedHost | undefined;
  let groups: CellGroups | undefined;
  const pool = createPool({ ...options, onGone: (key, gone) => recordGone(options.audit, key, gone) });

  async function probe(signal: AbortSignal): Promise<SandboxStatus> {
    groups ??= await provenGroups(options.openGroups);
    const result = await probeSandbox({ ...options, profile: commandProfile, groups }, signal);
    status = result.status;
    host = result.host;
    if (host === undefined) await pool.end(() => true);
    return status;
  }

  function placeNow(): CellPlace {
    if (host === undefined || status.kind === "off") throw offError(status);
    return { ...host, profile: commandProfile, groups: groups ?? notGrouped };
  }

  async function inCell<T>(action: Action, use: (cell: Cell) => Promise<T>, signal: AbortSignal): Promise<T> {
    if (status === notProbed && probing !== undefined) await unlessAborted(probing, signal);
    return await pool.use(keyOf(action), placeNow, { use, signal });
  }

  return {
    status: () => status,
    workspaceOf: pool.workspaceOf,
    groups: () => groups ?? notGrouped,
    list: pool.list,
    endUnlocked: pool.endUnlocked,
    mayWriteInstructions: pool.mayWriteInstructions,
    describe: (key) => (host === undefined ? rejected(offError(status).message) : pool.describe(key, placeNow)),
    end: pool.end,
    probe(signal) {
      // One after the other: each uses the same folder, and the later one is right.
      const before = probing?.catch(() => undefined);
      probing = before === undefined ? probe(signal) : before.then(() => probe(signal));
      return probing;
    },
    async run(action, onOutput, signal) {
      checkRun(action.resource);
      return await recorded(action, options.audit, () =>
        inCell(action, (cell) => cell.commands.run(action.resource, onOutput, signal), signal),
      );
    },
    async control(action, signal) {
      checkControl(action.resource);
      return await inCell(action, (cell) => cell.commands.control(action.resource, signal), signal);
    },
    async read(action, signal) {
      const question = toReadQuestion(action.resource);
      return toReadResult(await inCell(action, (cell) => cell.files.ask(question, undefined, signal), signal));
    },
    async write(action, signal) {
      if (action.resource.operation === "instruct") return instruct(action, pool.workspaceOf(action.agentId), options);
      const { question, body } = toWriteQuestion(action.resource);
      return toWriteResult(await inCell(action, (cell) => cell.files.ask(question, body, signal), signal));
    },
    close: () => pool.close(),
  };
}

function recordGone(audit: AuditLog, { agentId, sessionKey }: CellKey, gone: BackgroundEnd): void {
  const { processId, end, exitCode, durationMs } = gone;
  audit.record({
    kind: "effect",
    verb: "process.run",
    agentId,
    sessionKey,
    resource: `background process ${processId}`,
    result: { end, exitCode, durationMs: Math.round(durationMs) },
  });
}

/** Not inside, where these files can only be read. Which agent's they are is looked up as for a cell. */
function instruct(
  { agentId, sessionKey, resource }: Action<"file.write">,
  workspace: Parsed<string>,
  { audit, onInstructed }: Pick<CellsOptions, "audit" | "onInstructed">,
): FileWriteResult {
  assert(resource.operation === "instruct", "only instructions are written past the cell");
  if (!workspace.ok) throw new LoricaError("forbidden", workspace.reason);
  const { path, content } = resource;
  writeInstruction(workspace.value, path, content);
  const bytes = Buffer.byteLength(content);
  audit.record({
    kind: "effect",
    verb: "file.write",
    agentId,
    sessionKey,
    resource: `instruct ${path}`,
    result: { bytes },
  });
  onInstructed?.(agentId, path, content);
  return { paths: [path], summary: `wrote ${bytes} bytes` };
}

/** Every command leaves a record, whether it ran, failed or never started (TOOL-018). */
async function recorded(
  action: Action<"process.run">,
  audit: AuditLog,
  run: () => Promise<RunResult | StartedProcess>,
): Promise<RunResult | StartedProcess> {
  const startedAt = performance.now();
  const record = (result: Readonly<Record<string, string | number>>): void => {
    const { command, cwd, mode, terminal } = action.resource;
    audit.record({
      kind: "effect",
      verb: "process.run",
      verdict: "allow",
      agentId: action.agentId,
      sessionKey: action.sessionKey,
      principal: action.principal.id,
      resource: command,
      result: { cwd, mode, terminal, durationMs: Math.round(performance.now() - startedAt), ...result },
    });
  };
  try {
    const result = await run();
    record(
      result.kind === "started"
        ? { end: "started", processId: result.processId }
        : { end: result.kind, exitCode: result.exitCode, durationMs: result.durationMs },
    );
    return result;
  } catch (error) {
    record({ end: codeOf(error) });
    throw error;
  }
}

function keyOf(action: Action): CellKey {
  const { agentId, sessionKey, principal, label } = action;
  return { agentId, sessionKey, isOwnersOnly: principal.kind === "owner" && label.integrity === "owner" };
}

function offError(status: SandboxStatus): LoricaError {
  const why = status.kind === "off" ? `${status.reason}. To bring it back: ${status.fix}` : "no cell can be started";
  return new LoricaError("unavailable", `the sandbox is off: ${why}`);
}
