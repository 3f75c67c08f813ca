// Cuts a byte stream into lines, one frame each, without ever holding more than its bound. What is not UTF-8 or too
// long ends the stream: after either there is no telling where the next frame begins.
import { parsed, rejected } from "../base/parsed.ts";
import type { Parsed } from "../base/parsed.ts";

export type LineReader = {
  /** The lines that `chunk` completes, empty ones left out. After a rejection nothing more comes. */
  push(chunk: Uint8Array): Iterable<Parsed<string>>;
  /** Also takes effect within a chunk, between two lines: a client that has introduced itself may send more. */
  limit(maxBytes: number): void;
};

const newline = 0x0a;

export function createLineReader(initialMaxBytes: number): LineReader {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let maxBytes = initialMaxBytes;
  let parts: Uint8Array[] = [];
  let heldBytes = 0;
  let broken = false;

  function* push(chunk: Uint8Array): Generator<Parsed<string>> {
    let rest = chunk;
    while (!broken) {
      const end = rest.indexOf(newline);
      const piece = end < 0 ? rest : rest.subarray(0, end);
      if (heldBytes + piece.length > maxBytes) {
        broken = true;
        parts = [];
        yield rejected(`a frame is longer than ${maxBytes} bytes`);
        return;
      }
      if (end < 0) {
        // A copy, because the runtime may reuse the chunk's memory.
        if (piece.length > 0) parts.push(Uint8Array.from(piece));
        heldBytes += piece.length;
        return;
      }
      const line = take(piece);
      if (!line.ok) broken = true;
      if (!line.ok || line.value !== "") yield line;
      rest = rest.subarray(end + 1);
    }
  }

  function take(last: Uint8Array): Parsed<string> {
    const bytes = parts.length === 0 ? last : Buffer.concat([...parts, last]);
    parts = [];
    heldBytes = 0;
    try {
      return parsed(decoder.decode(bytes).replace(/\r$/, ""));
    } catch (cause) {
      if (!(cause instanceof TypeError)) throw cause;
      return rejected("a frame is not valid UTF-8");
    }
  }

  return {
    push,
    limit(next) {
      maxBytes = next;
    },
  };
}
