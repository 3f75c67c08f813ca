// Reads another process's memory, as a debugger would.
import { closeSync, openSync, readFileSync, readSync } from "node:fs";

/** Which of the texts stand somewhere in the memory of the process, in the spelling of bytes or of wide characters. */
export function searchMemory(pid: number, texts: readonly string[]): readonly string[] {
  const wanted = texts.map((text) => ({ text, spellings: [Buffer.from(text), Buffer.from(text, "utf16le")] }));
  const found = new Set<string>();
  const memory = openSync(`/proc/${pid}/mem`, "r");
  try {
    for (const [start, end] of writableRanges(pid)) {
      const bytes = readRange(memory, start, end);
      for (const { text, spellings } of wanted)
        if (spellings.some((spelling) => bytes.includes(spelling))) found.add(text);
    }
  } finally {
    closeSync(memory);
  }
  return texts.filter((text) => found.has(text));
}

function writableRanges(pid: number): readonly (readonly [number, number])[] {
  return readFileSync(`/proc/${pid}/maps`, "utf8")
    .split("\n")
    .flatMap((line) => {
      const [, start, end] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? [];
      return start === undefined || end === undefined ? [] : [[Number.parseInt(start, 16), Number.parseInt(end, 16)]];
    }) as [number, number][];
}

/** What went away since the ranges were listed reads as nothing. */
function readRange(memory: number, start: number, end: number): Buffer {
  const bytes = Buffer.alloc(end - start);
  let read = 0;
  try {
    while (read < bytes.length) {
      const count = readSync(memory, bytes, read, bytes.length - read, start + read);
      if (count === 0) break;
      read += count;
    }
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EIO")) throw error;
  }
  return bytes.subarray(0, read);
}
