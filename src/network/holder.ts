// Who holds a port that we would have, as far as this user may look.
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";
import { errnoOf } from "../base/errors.ts";

/** Who listens on a port, as far as this user may look. */
export function findHolder(port: number): { readonly pid: number; readonly command: string } | undefined {
  const inodes = new Set(["/proc/net/tcp", "/proc/net/tcp6"].flatMap((table) => listeners(table, port)));
  if (inodes.size === 0) return undefined;
  for (const pid of namesIn("/proc").filter((name) => /^\d+$/.test(name))) {
    const held = namesIn(`/proc/${pid}/fd`).some((fd) => inodes.has(targetOf(`/proc/${pid}/fd/${fd}`)));
    if (held) return { pid: Number(pid), command: commandOf(pid) };
  }
  return undefined;
}

/** What a person would call it: a program, and for an interpreter the script that it runs. Its arguments are its own affair. */
function commandOf(pid: string): string {
  const [program = "", ...words] = textOf(`/proc/${pid}/cmdline`).split("\0");
  const script = words.find((word) => word !== "" && !word.startsWith("-"));
  const name = basename(program) || textOf(`/proc/${pid}/comm`).trim();
  return /^(node|python|perl|ruby|sh|bash)/.test(name) && script !== undefined ? `${name} ${basename(script)}` : name;
}

function listeners(table: string, port: number): readonly string[] {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return textOf(table)
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local = "", , state]) => local.endsWith(wanted) && state === "0A")
    .map((fields) => `socket:[${fields[9] ?? ""}]`);
}

// Processes come and go while they are looked at, and most are not ours to look at: what cannot be read is empty.
function namesIn(folder: string): readonly string[] {
  return orElse(() => readdirSync(folder), []);
}

function textOf(path: string): string {
  return orElse(() => readFileSync(path, "utf8"), "");
}

function targetOf(path: string): string {
  return orElse(() => readlinkSync(path), "");
}

function orElse<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return otherwise;
  }
}
