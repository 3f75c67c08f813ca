// The one room for hands: exec and every file tool run in the same cell, see the same files and obey the same kernel.
// This is the gateway's port; the broker launches the cells.
import type { Action } from "../base/action.ts";
import type { Grant } from "../base/grant.ts";
import type { Parsed } from "../base/parsed.ts";

export { createFrameReader, encodeFrame, FrameError, parseHead } from "./cell/frames.ts";
export type { Frame } from "./cell/frames.ts";
export { createKill } from "./cell/kill.ts";
export type { CellConfiguration, ControlReply, ControlRequest, FileAnswer, FileRequest } from "./cell/settings.ts";
export {
  commandProfile,
  fileRoots,
  homeOf,
  innerArguments,
  inside,
  isWithin,
  limitArguments,
  maskableProc,
  nodeFlags,
  outerArguments,
  systemFolders,
  systemNames,
  warmArguments,
} from "./profile.ts";
export { hostGroups, noGroups, openGroups } from "./groups/groups.ts";
export type { CellGroup, CellGroups } from "./groups/groups.ts";
export { profileDigest } from "./profile.ts";
export type { CellHost, CellOptions, CellProfile } from "./profile.ts";
export { createRooms, hasLocks, isRoomFor, roomName } from "./place/room.ts";
export type { CellKey, CellRoom } from "./place/room.ts";
export { encodeActs, forbiddenActs, interpreter, parseOutcomes } from "./walls/acts.ts";
export type { Act, Outcome } from "./walls/acts.ts";
export { parseControlReply, parseFileAnswer } from "./replies.ts";
export { buildSeccompFilter } from "./seccomp.ts";

/** One thing the boot probe tried on this host, with the exact profile that commands get. */
export type Wall = { readonly name: string; readonly held: boolean; readonly detail: string };

export type SandboxStatus =
  | { readonly kind: "verified"; readonly walls: readonly Wall[] }
  /** `reason` names what is missing, `fix` the command or setting that brings it. */
  | { readonly kind: "off"; readonly reason: string; readonly fix: string; readonly walls: readonly Wall[] };

/** Standard output and standard error in the order they came, decoded leniently as UTF-8. */
export type RunResult = {
  readonly kind: "exited" | "timed_out" | "cancelled" | "output_capped";
  /** 128 + signal number where a signal ended it, as a shell reports it. */
  readonly exitCode: number;
  readonly output: string;
  /** Bytes that came after the cap and were dropped. */
  readonly droppedBytes: number;
  readonly durationMs: number;
};

export type StartedProcess = { readonly kind: "started"; readonly processId: string };

export type ProcessReport = {
  readonly processId: string;
  readonly command: string;
  readonly state: "running" | "exited";
  readonly exitCode: number | undefined;
  /** What came since the last poll; the oldest is dropped past `limits.execBackgroundBufferBytes`. */
  readonly output: string;
  readonly droppedBytes: number;
};

export type FileReadResult =
  | { readonly kind: "text"; readonly text: string; readonly totalLines: number; readonly truncated: boolean }
  /** An image that a model can look at, as base64. */
  | { readonly kind: "image"; readonly mime: string; readonly base64: string }
  | { readonly kind: "matches"; readonly lines: readonly string[]; readonly truncated: boolean };

export type FileWriteResult = { readonly paths: readonly string[]; readonly summary: string };

/**
 * Every call throws `forbidden` (grant), `unavailable` (no cell), `overloaded` (too many cells or processes),
 * `cancelled`; a file that is not there, a patch that does not fit and the like are `not_found`, `conflict` or
 * `invalid_request` with a message for the model.
 */
export type Sandbox = {
  status(): SandboxStatus;
  run(
    grant: Grant<"process.run">,
    onOutput: (text: string) => void,
    signal: AbortSignal,
  ): Promise<RunResult | StartedProcess>;
  control(grant: Grant<"process.control">, signal: AbortSignal): Promise<readonly ProcessReport[]>;
  read(grant: Grant<"file.read">, signal: AbortSignal): Promise<FileReadResult>;
  write(grant: Grant<"file.write">, signal: AbortSignal): Promise<FileWriteResult>;
};

/** One agent's cell as the broker's ceiling allows it. */
export type CellSettings = {
  /** Absolute; bound into the cell at the same path, never relocated. */
  readonly workspace: string;
  readonly access: "rw" | "ro" | "none";
  /** Who shares the cell; left out: nobody. `shared` is also the grant to have another agent's workspace. */
  readonly scope?: "session" | "agent" | "shared";
  /** Where the owner may lower the filter of system calls for a while; left out: nowhere. */
  readonly mode?: "all" | "non-main" | "off";
  /** `rw` lets tools change the files that the model is told to follow. */
  readonly instructions?: "ro" | "rw";
  readonly bounds?: CellLimits;
  readonly binds?: readonly CellBind[];
  /** More empty folders in memory. */
  readonly folders?: readonly string[];
  /** Left out: the cell has no network whatsoever. */
  readonly wayOut?: CellWayOut;
  /** More variables of commands. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Set by the broker while the owner has lowered that wall; never by the config alone. */
  readonly filter?: "relaxed";
  /** Set by the broker: instruction files that the cell's programs can read and not change. */
  readonly locked?: readonly string[];
  /** How long a cell without work is kept, and any cell; left out: built-in bounds. */
  readonly idleMs?: number;
  readonly ageMs?: number;
};

/** That there is a way out, not where it leads: the broker judges each connection by the rules of that moment. */
export type CellWayOut = {
  /** Hosts whose TLS the broker may end. */
  readonly ended: readonly { readonly kind: "exact" | "below"; readonly name: string }[];
  /** Tells agents with other rules apart, so that these never share a cell. */
  readonly rules: string;
};

export type CellBind = { readonly source: string; readonly target: string; readonly access: "ro" | "rw" };

/** Left out: built-in bounds. */
export type CellLimits = {
  readonly processes?: number;
  readonly memoryBytes?: number;
  /** With memory; left out: none besides it. */
  readonly swapBytes?: number;
  readonly processors?: number;
};

/** The broker's side of the port: the same calls after the grant's action has crossed the link and met the ceiling. */
export type Cells = {
  status(): SandboxStatus;
  /** Where an agent works, or why that is a folder which no cell may have, and nobody may read for the agent. */
  workspaceOf(agentId: string): Parsed<string>;
  run(
    action: Action<"process.run">,
    onOutput: (text: string) => void,
    signal: AbortSignal,
  ): Promise<RunResult | StartedProcess>;
  control(action: Action<"process.control">, signal: AbortSignal): Promise<readonly ProcessReport[]>;
  read(action: Action<"file.read">, signal: AbortSignal): Promise<FileReadResult>;
  write(action: Action<"file.write">, signal: AbortSignal): Promise<FileWriteResult>;
  /** Kills everything that runs in any cell. */
  close(): Promise<void>;
};

/** The files of a workspace that may enter a prompt, read by the broker without following a link (walls.md §5). */
export type WorkspaceFile = {
  readonly name: string;
  readonly text: string;
  readonly bytes: number;
  /** Hex SHA-256 of the whole file, so that a later step can pin what the owner approved. */
  readonly sha256: string;
};

export type WorkspaceFiles = {
  /** Files that are missing, too large or not regular are left out. */
  read(agentId: string, names: readonly string[], signal: AbortSignal): Promise<readonly WorkspaceFile[]>;
};
