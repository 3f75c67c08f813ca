// Looks for credentials everywhere that another program of the same user can look: environments, command lines and memory
// of processes, and files, also inside of what is compressed.
import { closeSync, openSync, readFileSync, readSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { processesBelow } from "../outside/processes.ts";
import type { Hit, Search } from "./search.ts";

const pieceBytes = 16 * 1024 * 1024;

export type Found = Hit & { readonly where: string };
export type ProcessScan = {
  readonly pid: number;
  readonly line: string;
  readonly memoryBytes: number;
  readonly found: readonly Found[];
  /** Why it could not be looked into; undefined where it could. */
  readonly closed: string | undefined;
};

/** Undefined where it ended meanwhile. */
export function scanProcess(pid: number, search: Search): ProcessScan | undefined {
  try {
    const line = readFileSync(`/proc/${pid}/cmdline`);
    const name = line.toString().replaceAll("\0", " ").slice(0, 1_000);
    const at = (where: string, hits: readonly Hit[]): readonly Found[] =>
      hits.map((hit) => ({ ...hit, where: `${where} of ${pid}: ${name}` }));
    const found = [...at("command line", search(line))];
    try {
      found.push(...at("environment", search(readFileSync(`/proc/${pid}/environ`))));
      const { bytes, hits } = scanMemory(pid, search);
      return { pid, line: name, memoryBytes: bytes, found: [...found, ...at("memory", hits)], closed: undefined };
    } catch (error) {
      const { code = "" } = error as NodeJS.ErrnoException;
      if (code !== "EACCES" && code !== "EPERM") throw error;
      return { pid, line: name, memoryBytes: 0, found, closed: code };
    }
  } catch (error) {
    if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}

function scanMemory(pid: number, search: Search): { readonly bytes: number; readonly hits: readonly Hit[] } {
  const memory = openSync(`/proc/${pid}/mem`, "r");
  const hits: Hit[] = [];
  let bytes = 0;
  try {
    for (const line of readFileSync(`/proc/${pid}/maps`, "utf8").split("\n")) {
      const [, from = "", to = ""] = /^([0-9a-f]+)-([0-9a-f]+) r/.exec(line) ?? [];
      if (from === "" || /\[v(syscall|var)/.test(line)) continue;
      const end = Number.parseInt(to, 16);
      for (let at = Number.parseInt(from, 16); at < end; at += pieceBytes) {
        const piece = readRange(memory, at, Math.min(end, at + pieceBytes + search.overlap));
        bytes += piece.length;
        hits.push(...search(piece));
      }
    }
  } finally {
    closeSync(memory);
  }
  return { bytes, hits };
}

/** What went away since the ranges were listed, and what is of a device, reads as nothing. */
function readRange(memory: number, from: number, to: number): Buffer {
  const bytes = Buffer.allocUnsafe(to - from);
  let read = 0;
  try {
    while (read < bytes.length) {
      const count = readSync(memory, bytes, read, bytes.length - read, from + read);
      if (count === 0) break;
      read += count;
    }
  } catch (error) {
    if (!["EIO", "EFAULT"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
  return bytes.subarray(0, read);
}

export type FileScan = {
  readonly files: number;
  readonly bytes: number;
  /** What its owner has closed to itself. */
  readonly closed: readonly string[];
  readonly found: readonly Found[];
};

/** Every file below a folder, with what the files and folders are called. Links are not followed. */
export function scanFiles(folder: string, search: Search): FileScan {
  const found: Found[] = [];
  const closed: string[] = [];
  let [files, bytes] = [0, 0];
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    found.push(...search(Buffer.from(entry.name)).map((hit) => ({ ...hit, where: `the name ${path}` })));
    if (!entry.isFile()) continue;
    const content = readIfThere(path);
    if (content === "closed") {
      closed.push(path);
      continue;
    }
    files += 1;
    bytes += content.length;
    for (const piece of [content, ...unpacked(content)])
      found.push(...search(piece).map((hit) => ({ ...hit, where: path })));
  }
  return { files, bytes, closed, found };
}

/** A file may go while the folder is read. */
function readIfThere(path: string): Buffer | "closed" {
  try {
    return readFileSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return Buffer.alloc(0);
    if (code === "EACCES") return "closed";
    throw error;
  }
}

/** What begins as something compressed, wherever in the file it begins. */
function unpacked(content: Buffer): readonly Buffer[] {
  const magic = Buffer.from([0x1f, 0x8b, 0x08]);
  const found: Buffer[] = [];
  for (let at = content.indexOf(magic); at >= 0; at = content.indexOf(magic, at + 1)) {
    try {
      found.push(gunzipSync(content.subarray(at)));
    } catch {
      // Three bytes that only look like it.
    }
  }
  return found;
}

/** Everything that was started below this process and is still there. */
export function belowThis(search: Search): readonly ProcessScan[] {
  return processesBelow(process.pid, "").flatMap((pid) => scanProcess(pid, search) ?? []);
}
