// The walls are tried as an ordinary user. A jail test that root started becomes one, in its own process and for good.
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

export type Place = {
  /** A folder of the test's own; removed by `leave`. */
  readonly folder: string;
  readonly node: string;
  readonly codeDir: string;
  readonly leave: () => void;
};

const source = resolve(import.meta.dirname, "../../src/sandbox/cell");
const nobody = { user: 65_534, group: 65_534 };

export function becomeOrdinary(): Place {
  const folder = mkdtempSync(join(tmpdir(), "lorica-jail-"));
  const leave = (): void => rmSync(folder, { recursive: true, force: true });
  if (process.getuid?.() !== 0) return { folder, node: process.execPath, codeDir: source, leave };
  const { user, group } = systemUser();
  const node = isOpen(process.execPath) ? process.execPath : join(folder, "node");
  const codeDir = isOpen(source) ? source : join(folder, "code");
  // What lies in root's home cannot be seen by anybody else, so it is brought along.
  if (node !== process.execPath) cpSync(process.execPath, node);
  if (codeDir !== source) cpSync(source, codeDir, { recursive: true });
  execFileSync("chown", ["-R", `${user}:${group}`, folder]);
  process.setgroups?.([group]);
  process.setgid?.(group);
  process.setuid?.(user);
  return { folder, node, codeDir, leave };
}

function systemUser(): { readonly user: number; readonly group: number } {
  const entry = /^lorica:[^:]*:(\d+):(\d+):/m.exec(readFileSync("/etc/passwd", "utf8"));
  return entry === null ? nobody : { user: Number(entry[1]), group: Number(entry[2]) };
}

/** Whether others may enter every folder on the way. */
function isOpen(path: string): boolean {
  for (let folder = dirname(path); folder !== "/"; folder = dirname(folder)) {
    if (!othersMayEnter(folder)) return false;
  }
  return true;
}

function othersMayEnter(folder: string): boolean {
  return (statSync(folder).mode & 0o001) !== 0;
}
