// A copy of the evidence for somebody else: the whole log, the public key, and the one file that verifies both.
import { constants, copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { errnoOf, isMissing, LoricaError } from "../../base/errors.ts";
import { headName, keyName, listFiles } from "../verify/verify-evidence.ts";
import { fits, recordOf } from "./query.ts";
import type { AuditFilter } from "./query.ts";

const verifier = "verify-evidence.ts";

export type Exported = { readonly folder: string; readonly files: readonly string[]; readonly selected: number | null };

/** Copied in one go, so that nothing is written meanwhile. With a filter, what fits it is in a file of its own beside. */
export function exportAudit(from: string, to: string, filter: AuditFilter): Exported {
  if (!isAbsolute(to)) throw new LoricaError("invalid_request", `not an absolute path: ${to}`);
  makeFolder(to);
  const names = [headName, keyName, ...listFiles(from)];
  const copied = names.filter((name) => copyIfThere(join(from, name), join(to, name)));
  copyFileSync(join(import.meta.dirname, "../verify", verifier), join(to, verifier));
  writeFileSync(
    join(to, "README.txt"),
    explain(copied.includes(keyName) ? readFileSync(join(to, keyName), "utf8") : ""),
  );
  const isFiltered = Object.values(filter).some((value) => value !== undefined);
  const selected = isFiltered ? select(to, filter) : null;
  const extra = selected === null ? [] : ["selected.jsonl"];
  return { folder: to, files: [...copied, verifier, "README.txt", ...extra], selected };
}

function select(folder: string, filter: AuditFilter): number {
  const lines = listFiles(folder).flatMap((name) =>
    readFileSync(join(folder, name), "utf8")
      .split("\n")
      .filter((text) => {
        const record = recordOf(text);
        return record !== undefined && fits(record, text, filter);
      }),
  );
  writeFileSync(join(folder, "selected.jsonl"), lines.map((line) => `${line}\n`).join(""), { mode: 0o600 });
  return lines.length;
}

function explain(publicKey: string): string {
  const key = publicKey.trim();
  return [
    "This folder holds a copy of Lorica's evidence log (audit.jsonl, older parts as audit.jsonl.1 and on).",
    "Verify it with Node 24 or newer, which is all that is needed:",
    "",
    `  node ${verifier} . --key PUBLIC_KEY`,
    "",
    "Take the public key from its owner (`lorica audit key`) and not from this folder, which whoever forged the log could",
    `have written whole. The key that came with the log says: ${key === "" ? "none, the log was never signed" : key}`,
    "Exit status: 0 intact, 1 changed or incomplete, 2 nothing to verify, 3 whole but unsigned.",
    "selected.jsonl, where it is there, is a choice of the records for reading; only the whole log can be verified.",
    "",
  ].join("\n");
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (cause) {
    const errno = errnoOf(cause);
    if (errno === "EEXIST") throw new LoricaError("conflict", `${path} is there already; name a new folder`, { cause });
    throw new LoricaError("invalid_request", `cannot make the folder ${path} (${errno})`, { cause });
  }
}

function copyIfThere(from: string, to: string): boolean {
  try {
    copyFileSync(from, to, constants.COPYFILE_EXCL);
    return true;
  } catch (cause) {
    if (isMissing(cause)) return false;
    throw cause;
  }
}
