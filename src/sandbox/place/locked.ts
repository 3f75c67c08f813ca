// Which files a cell's rooms have closed, and whether they are still the ones that lie there. A file that somebody saves
// anew, as editors do, takes the place of the one that was mounted, and the kernel lets go of that mount in every room:
// what runs there can write the new one.
import { existsSync, lstatSync } from "node:fs";
import { join } from "node:path";
import { instructionFiles, lockedInstructionFiles } from "../../protocol/known/instruction-files.ts";
import type { CellSettings } from "../sandbox.ts";

/** Name → which file that is; empty where there is none. */
export type LockedFiles = ReadonlyMap<string, string>;

export type Speaker = {
  /** Whether nobody but the owner has said anything in what led here. */
  readonly isOwnersOnly?: boolean | undefined;
  /** Whether the agent's first conversation is not over, as far as anybody but the agent knows. */
  readonly isFirst: boolean;
};

const firstConversationFile = "BOOTSTRAP.md";

/** Whatever is not there is listed too: the list must not change with what a command makes or removes. */
export function lockedFiles({ instructions, workspace }: CellSettings, { isOwnersOnly, isFirst }: Speaker) {
  if (instructions === "rw") return [];
  const isOpen = isFirst && existsSync(join(workspace, firstConversationFile));
  const present = instructionFiles.filter((name) => isOpen || name !== firstConversationFile);
  return lockedInstructionFiles(present, isOwnersOnly === true ? "owner" : "others");
}

export function lookAtLocked({ access, locked = [], workspace }: CellSettings): LockedFiles {
  if (access !== "rw") return new Map();
  return new Map(locked.map((name) => [name, identityOf(join(workspace, name))]));
}

/** With its time of birth, because the number of a file that is gone is given to another. */
function identityOf(path: string): string {
  const status = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return status === undefined ? "" : [status.dev, status.ino, status.birthtimeNs].join(":");
}
