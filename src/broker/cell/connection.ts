// Starts a cell's outer room and holds the pipe into it.
import { Duplex } from "node:stream";
import { LoricaError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import {
  fileRoots,
  homeOf,
  innerArguments,
  inside,
  limitArguments,
  nodeFlags,
  outerArguments,
} from "../../sandbox/sandbox.ts";
import type { CellConfiguration, CellGroups, CellOptions } from "../../sandbox/sandbox.ts";
import { startConfined } from "../spawn.ts";
import { receiveListener } from "./listener.ts";
import type { WayOut } from "./listener.ts";

export type Connection = {
  readonly send: (frame: Buffer) => void;
  readonly listen: (onData: (chunk: Buffer) => void) => void;
  readonly kill: () => void;
  /** Resolves, once every process of the cell is gone, with what its programs complained about. */
  readonly ended: Promise<string>;
};

export type CellLocation = CellOptions & {
  readonly bwrap: string;
  readonly groups?: CellGroups;
  readonly wayOut?: WayOut | undefined;
};

const complaintMaxChars = 2_000;

export function openConnection(location: CellLocation): Connection {
  const group = location.groups?.open(location.settings.bounds);
  const { child, kill } = startConfined({
    group,
    bwrap: location.bwrap,
    profile: outerArguments(location),
    argv: [...limitArguments(location.settings), inside.node, ...nodeFlags, `${inside.code}/supervisor.ts`],
    stdio: ["ignore", "ignore", "pipe", "pipe", ...(location.wayOut === undefined ? [] : ["ipc" as const])],
  });
  if (location.wayOut !== undefined) receiveListener(child, location.wayOut);
  const pipe = child.stdio[3];
  if (!(pipe instanceof Duplex)) throw new LoricaError("internal", "the cell has no pipe");
  let complaint = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    complaint = (complaint + text).slice(-complaintMaxChars);
  });
  const send = (frame: Buffer): void => {
    if (!pipe.writable) return;
    pipe.write(frame);
    // The supervisor always reads; one that does not any more would have the broker keep everything for it.
    if (pipe.writableLength > limits.cellUnreadMaxBytes) kill();
  };
  // A pipe breaks because the cell is gone, and `ended` says so.
  pipe.on("error", () => kill());
  pipe.on("end", () => kill());
  return {
    send,
    listen: (onData) => void pipe.on("data", onData),
    kill,
    ended: new Promise((resolve) => {
      child.once("error", (error) => resolve(error.message));
      child.once("close", () => resolve(complaint.trim()));
    }).finally(() => {
      location.wayOut?.close();
      return group?.close();
    }) as Promise<string>,
  };
}

/** All that the supervisor needs to know; it reads no file and no variable. */
export function configurationOf(location: CellLocation): CellConfiguration {
  return {
    bwrap: location.bwrap,
    commandProfile: innerArguments(location, "command"),
    filesProfile: innerArguments(location, "files"),
    node: [inside.node, ...nodeFlags],
    filesProgram: `${inside.code}/files/worker.ts`,
    privateDir: inside.private,
    workspace: location.settings.workspace,
    home: homeOf(location.host),
    roots: fileRoots(location),
    bounds: {
      headMaxBytes: limits.cellFrameHeadMaxBytes,
      requestMaxBytes: limits.fileWriteMaxBytes,
      answerMaxBytes: limits.cellFrameMaxBytes,
      outputMaxBytes: limits.execOutputMaxBytes,
      foregroundMax: limits.execForegroundMax,
      backgroundMax: limits.execBackgroundMax,
      backgroundBufferBytes: limits.execBackgroundBufferBytes,
      stdinUnreadMaxBytes: limits.execStdinUnreadMaxBytes,
    },
    fileBounds: {
      textMaxBytes: limits.fileTextMaxBytes,
      imageMaxBytes: limits.fileReadMaxBytes,
      editMaxBytes: limits.fileWriteMaxBytes,
      patchPathsMaxChars: limits.patchPathsMaxChars,
      matchesMaxChars: limits.matchesMaxChars,
      globResultsMax: limits.globResultsMax,
      grepResultsMax: limits.grepResultsMax,
      grepLineMaxChars: limits.grepLineMaxChars,
      grepFileMaxBytes: limits.fileWriteMaxBytes,
      walkEntriesMax: limits.walkEntriesMax,
      walkTimeMs: limits.walkTimeMs,
    },
  };
}
