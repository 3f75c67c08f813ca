// What can be read in bytes that are no text: letters in a row, one byte each or two, as in the metadata of pictures, in
// programs and in databases.
import { limits } from "../../base/limits.ts";

/** As long as the shortest value that is sought. */
const runMinChars = 8;

export async function printableRuns(bytes: Uint8Array): Promise<readonly string[]> {
  const texts: string[] = [];
  for (const read of [narrowRuns, evenRuns, oddRuns]) {
    const text = read(bytes);
    if (text !== "") texts.push(text);
    // Others wait for an answer meanwhile.
    if (bytes.length > limits.dlpBreathChars) await new Promise((resolve) => setImmediate(resolve));
  }
  return texts;
}

function narrowRuns(bytes: Uint8Array): string {
  const found = createRuns(bytes);
  let from = 0;
  for (let at = 0; at <= bytes.length; at++) {
    if (at < bytes.length && isPrintable(bytes[at])) continue;
    if (at - from >= runMinChars) found.add(from, at, 1);
    from = at + 1;
  }
  return found.text();
}

const evenRuns = (bytes: Uint8Array): string => wideRuns(bytes, 0);
const oddRuns = (bytes: Uint8Array): string => wideRuns(bytes, 1);

/** UTF-16 of letters that one byte can hold: each with a zero behind it, beginning at an even or at an odd place. */
function wideRuns(bytes: Uint8Array, begin: 0 | 1): string {
  const found = createRuns(bytes);
  let from = begin;
  for (let at = begin; at <= bytes.length; at += 2) {
    if (at + 1 < bytes.length && bytes[at + 1] === 0 && isPrintable(bytes[at])) continue;
    if (at - from >= 2 * runMinChars) found.add(from, at, 2);
    from = at + 2;
  }
  return found.text();
}

function isPrintable(byte: number | undefined): boolean {
  return byte !== undefined && ((byte >= 0x20 && byte < 0x7f) || byte === 0x09 || byte === 0x0a || byte === 0x0d);
}

function createRuns(bytes: Uint8Array) {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const runs: string[] = [];
  let chars = 0;
  return {
    add(from: number, to: number, step: 1 | 2) {
      if (chars >= limits.dlpFileReadMaxBytes) return;
      const run = file.toString(step === 1 ? "latin1" : "utf16le", from, to);
      chars += run.length;
      runs.push(run);
    },
    text: () => runs.join("\n"),
  };
}
