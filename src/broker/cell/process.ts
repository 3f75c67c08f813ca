// One running cell, seen from outside: starts it, asks it for work, and believes nothing that it answers.
import { LoricaError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import { bounded, unlessAborted } from "../../base/wait.ts";
import {
  buildSeccompFilter,
  createFrameReader,
  encodeFrame,
  FrameError,
  parseControlReply,
  parseHead,
} from "../../sandbox/sandbox.ts";
import type { ControlReply, Frame } from "../../sandbox/sandbox.ts";
import { createCalls } from "./calls.ts";
import { createCellCommands } from "./commands.ts";
import type { BackgroundEnd, CellCommands } from "./commands.ts";
import { configurationOf, openConnection } from "./connection.ts";
import type { CellLocation } from "./connection.ts";
import { createCellFiles } from "./files.ts";
import type { CellFiles } from "./files.ts";

export type CellLaunch = CellLocation & {
  /** The end of a background process, for the record. */
  readonly onGone: (end: BackgroundEnd) => void;
};

export type Cell = {
  readonly commands: Pick<CellCommands, "run" | "control">;
  readonly files: Pick<CellFiles, "ask">;
  /** Whether anything runs in it that somebody may still want. */
  isBusy(): boolean;
  /** Resolves once every process of it is gone. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
};

export async function startCell(launch: CellLaunch, signal: AbortSignal): Promise<Cell> {
  const cell = createCell(launch);
  try {
    await unlessAborted(cell.ready, bounded(signal, limits.cellStartTimeoutMs));
    return cell;
  } catch (error) {
    await cell.close();
    throw error;
  }
}

function createCell(launch: CellLaunch): Cell & { readonly ready: Promise<void> } {
  const connection = openConnection(launch);
  const ready = createReadiness();
  const calls = createCalls({ send: connection.send, breakOff });
  const commands = createCellCommands({ calls, breakOff, onGone: launch.onGone });
  const files = createCellFiles({ send: connection.send, breakOff });
  const reader = createFrameReader({
    headMaxBytes: limits.cellFrameHeadMaxBytes,
    bodyMaxBytes: limits.cellFrameMaxBytes,
  });
  let over: LoricaError | undefined;

  connection.listen((chunk) => {
    if (over !== undefined) return;
    try {
      for (const frame of reader.push(chunk)) if (over === undefined) take(frame);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      breakOff(error.message);
    }
  });

  const ended = connection.ended.then((complaint) => {
    over ??= new LoricaError("unavailable", `the sandbox cell ended${complaint === "" ? "" : `: ${complaint}`}`);
    ready.fail(over);
    calls.end(over);
    files.end(over);
    commands.end();
  });

  function take(frame: Frame): void {
    const head = parseHead(frame);
    if (frame.lane === "file") return files.take(head, frame.body);
    const reply = parseControlReply(head);
    if (!reply.ok) return breakOff(reply.reason);
    if (!obey(reply.value, frame.body)) breakOff(`a frame that nobody asked for: ${reply.value.kind}`);
  }

  /** False for what nobody asked for: a cell that may send such a frame may send any number of them. */
  function obey(reply: ControlReply, body: Buffer): boolean {
    if (reply.kind === "ready") return ready.come();
    if (reply.kind === "gone") return commands.gone(reply);
    if (reply.kind === "files_gone") return files.gone(reply.generation);
    return calls.take(reply, body);
  }

  /** What cannot be understood is not asked again. */
  function breakOff(reason: string): void {
    over ??= new LoricaError("unavailable", `the sandbox cell broke its protocol and was ended: ${reason}`);
    connection.kill();
  }

  connection.send(firstFrame(launch));
  return {
    ready: ready.promise,
    ended,
    commands,
    files,
    isBusy: () => calls.waiting > 0 || files.isBusy() || commands.isBusy(),
    async close() {
      over ??= new LoricaError("cancelled", "the sandbox cell was closed");
      connection.kill();
      await ended;
    },
  };
}

/** Two profiles, and the filter as the body. */
function firstFrame(launch: CellLaunch): Buffer {
  const filter = buildSeccompFilter(process.arch, launch.settings.filter);
  return encodeFrame("control", { kind: "configure", configuration: configurationOf(launch) }, filter);
}

function createReadiness(): {
  readonly promise: Promise<void>;
  /** False where it has come before. */
  come(): boolean;
  fail(error: LoricaError): void;
} {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // Whoever starts the cell hears of it; where nobody waits any more it is no unhandled rejection.
  promise.catch(() => undefined);
  let hasCome = false;
  return {
    promise,
    come() {
      const isFirst = !hasCome;
      hasCome = true;
      resolve();
      return isFirst;
    },
    fail: reject,
  };
}
