// Starts the cell of one hook, hands it its question and takes its answer, all of it bounded.
import { lstatSync, readlinkSync, existsSync } from "node:fs";
import { Readable, Writable } from "node:stream";
import { LoricaError } from "../../../base/errors.ts";
import { limits } from "../../../base/limits.ts";
import { abortError, openDeadline } from "../../../base/wait.ts";
import { startConfined } from "../../../broker/broker.ts";
import { hookRoom } from "../../../hook/hook.ts";
import type { RoomEnd, RoomHost, RunHook } from "../../../hook/hook.ts";
import { systemNames } from "../../../sandbox/sandbox.ts";
import type { CellGroup, CellGroups, SandboxStatus } from "../../../sandbox/sandbox.ts";

export type HookRooms = {
  readonly host: Omit<RoomHost, "systemLinks" | "hasProc">;
  readonly stateDir: string;
  readonly bwrap: () => string | undefined;
  /** What bounds a hook as a whole, where something does. */
  readonly groups: () => CellGroups;
  /** What the boot probe found, once it has ended: a cell that is not proved is none to run anything in. */
  readonly sandbox: (signal: AbortSignal) => Promise<SandboxStatus>;
};

export function createRunHook(rooms: HookRooms): RunHook {
  const links = systemNames.flatMap((path): [string, string][] => {
    const status = lstatSync(path, { throwIfNoEntry: false });
    return status?.isSymbolicLink() === true ? [[path, readlinkSync(path)]] : [];
  });
  const host: RoomHost = {
    ...rooms.host,
    systemLinks: new Map(links),
    hasProc: (name) => existsSync(`/proc/${name}`),
  };
  return async ({ definition, folders }, { workspace, question }, signal) => {
    const status = await rooms.sandbox(signal);
    const bwrap = rooms.bwrap();
    if (status.kind === "off" || bwrap === undefined)
      return notStarted(`hooks run in a cell, and the sandbox is off: ${status.kind === "off" ? status.reason : ""}`);
    const { command, timeoutMs } = definition;
    const room = hookRoom(host, { command, folders, workspace, stateDir: rooms.stateDir });
    const group = rooms.groups().open(hookBounds);
    const deadline = openDeadline(signal, timeoutMs);
    try {
      return await runRoom({ bwrap, group, ...room }, question, deadline.signal);
    } catch (error) {
      if (signal.aborted) throw abortError(signal);
      if (error instanceof LoricaError) return notStarted(error.message);
      throw error;
    } finally {
      deadline.close();
      group.close();
    }
  };
}

const hookBounds = { memoryBytes: limits.hookMemoryBytes, processes: limits.hookCellProcessesMax };

type Started = { readonly bwrap: string; readonly group: CellGroup } & ReturnType<typeof hookRoom>;

async function runRoom(room: Started, question: string, deadline: AbortSignal): Promise<RoomEnd> {
  const { child, kill } = startConfined({ ...room, stdio: ["pipe", "pipe", "pipe", "pipe"] });
  const filter = child.stdio[3];
  if (!(filter instanceof Writable) || child.stdin === null) throw new LoricaError("internal", "a hook has no input");
  const state: { end: RoomEnd["end"] } = { end: "exited" };
  const end = (as: RoomEnd["end"]): void => {
    if (state.end === "exited") state.end = as;
    kill();
  };
  const onEnd = (): void => end("timed_out");
  deadline.addEventListener("abort", onEnd, { once: true });
  const [stdout, stderr] = [child.stdout, child.stderr].map((stream) => collect(stream, () => end("output_capped")));
  // A hook need not read its question, and one that has died does not.
  for (const [pipe, bytes] of [
    [filter, room.filter],
    [child.stdin, question],
  ] as const)
    pipe.on("error", () => undefined).end(bytes);
  try {
    const exitCode = await new Promise<number | null>((resolve, reject) => {
      child.once("error", (cause) => reject(new LoricaError("unavailable", `bubblewrap: ${cause.message}`, { cause })));
      child.once("close", resolve);
    });
    return { end: state.end, exitCode, stdout: stdout?.() ?? "", stderr: stderr?.() ?? "" };
  } finally {
    deadline.removeEventListener("abort", onEnd);
  }
}

function collect(stream: Readable | null, onFull: () => void): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream?.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > limits.hookOutputMaxBytes) onFull();
    else chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString("utf8");
}

function notStarted(why: string): RoomEnd {
  return { end: "not_started", exitCode: null, stdout: "", stderr: why };
}
