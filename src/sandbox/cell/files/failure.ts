// Why a file tool could not do what was asked, in words for the model.
import type { FailureCode } from "../settings.ts";

export class FileFailure extends Error {
  override readonly name = "FileFailure";
  readonly code: FailureCode;

  constructor(code: FailureCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** A system error as a failure; undefined where it is not one that a path can cause. */
export function failureOf(error: unknown, path: string): FileFailure | undefined {
  if (error instanceof FileFailure) return error;
  const meaning = meanings[errnoOf(error) ?? ""];
  return meaning === undefined ? undefined : new FileFailure(meaning[0], `${abbreviate(path)}: ${meaning[1]}`);
}

/** What is wrong must stay readable beside a path of any length. */
function abbreviate(path: string): string {
  return path.length > 300 ? `${path.slice(0, 300)}…` : path;
}

const meanings: Readonly<Record<string, readonly [FailureCode, string]>> = {
  ENOENT: ["not_found", "no such file or folder"],
  ENOTDIR: ["not_found", "a part of this path is a file, not a folder"],
  EISDIR: ["invalid_request", "this is a folder"],
  ELOOP: ["invalid_request", "a symbolic link is in the way; name the file itself"],
  EACCES: ["forbidden", "permission denied"],
  EPERM: ["forbidden", "not permitted"],
  EROFS: ["forbidden", "this place is read-only; write inside the workspace or /tmp"],
  ENAMETOOLONG: ["invalid_request", "the path is too long"],
  ENOSPC: ["too_large", "no space left"],
  EDQUOT: ["too_large", "the disk quota is used up"],
  EFBIG: ["too_large", "the file would be too large"],
  ENXIO: ["invalid_request", "not a regular file"],
  ENOTEMPTY: ["conflict", "the folder is not empty"],
  EEXIST: ["conflict", "it exists already"],
};

export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
