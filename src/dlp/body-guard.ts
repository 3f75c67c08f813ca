// A request's body on its way out, looked at as it passes. What must not leave is blanked out at the same length, so that
// what was announced about the body stays true and JSON stays JSON; or it ends the request before it has left.
import { limits } from "../base/limits.ts";
import type { Hit } from "./known/gram-index.ts";
import type { KnownValues } from "./known/known.ts";
import { digestOf } from "./seen-texts.ts";
import type { SeenTexts } from "./seen-texts.ts";

export type BodyJudge = {
  readonly known: KnownValues;
  /** Left out where all counts. */
  readonly counts?: (hit: Hit) => boolean;
  /** Throws where the request is to end; returns where it is to go on without what was found. */
  readonly onFound: (found: readonly Hit[], text: string) => void;
  /** What was looked through before, by the same way of counting. */
  readonly seen?: SeenTexts;
  /** How much is looked at in one go; for tests, which want many seams. */
  readonly blockBytes?: number;
};

/** So many characters stay back until what follows them is there. */
const heldChars = 512;

/**
 * However the body comes, it is looked at in blocks that begin at the same places, so that what it has in common with an
 * earlier one is known again.
 */
export async function* guardBody(body: AsyncIterable<Uint8Array>, judge: BodyJudge): AsyncGenerator<Uint8Array> {
  const { blockBytes = limits.dlpBodyBlockBytes } = judge;
  let held: Uint8Array = new Uint8Array();
  let waiting: Uint8Array = new Uint8Array();
  for await (const chunk of body) {
    waiting = join([waiting, chunk]);
    const left: Uint8Array[] = [];
    while (waiting.length >= blockBytes) {
      const bytes = join([held, waiting.subarray(0, blockBytes)]);
      waiting = waiting.subarray(blockBytes);
      const { safe, clean } = look(bytes, judge);
      // A value that goes on for ever is none: it is let go bit by bit, blanked.
      const until = bytes.length - safe > limits.dlpBodyHeldMaxChars ? bytes.length - heldChars : safe;
      held = bytes.subarray(until);
      left.push(clean.subarray(0, until));
    }
    const bytes = join(left);
    if (bytes.length > 0) yield bytes;
  }
  const rest = join([held, waiting]);
  if (rest.length > 0) yield look(rest, judge).clean;
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const filled = parts.filter(({ length }) => length > 0);
  return filled.length === 1 && filled[0] !== undefined ? filled[0] : Buffer.concat(filled);
}

type Looked = { readonly safe: number; readonly clean: Uint8Array };

function look(bytes: Uint8Array, judge: BodyJudge): Looked {
  const digest = judge.seen === undefined ? "" : digestOf(bytes);
  const openAt = judge.seen?.openAt(digest);
  if (openAt !== undefined) return { safe: safeUntil(openAt, bytes.length), clean: bytes };
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  const scanned = judge.known.scan(text);
  const found = judge.counts === undefined ? scanned.hits : scanned.hits.filter(judge.counts);
  if (found.length > 0) return blank(text, { found, openAt: scanned.openAt }, judge);
  judge.seen?.keep(digest, scanned.openAt);
  return { safe: safeUntil(scanned.openAt, bytes.length), clean: bytes };
}

function safeUntil(openAt: number, length: number): number {
  return Math.min(openAt, Math.max(0, length - heldChars));
}

type Found = { readonly found: readonly Hit[]; readonly openAt: number };

function blank(text: string, { found, openAt }: Found, { onFound }: BodyJudge): Looked {
  let safe = safeUntil(openAt, text.length);
  for (const { start, end } of found) if (end > safe && start < safe) safe = start;
  onFound(found, text);
  let masked = text;
  for (const { start, end } of found) {
    const from = afterEscape(text, start);
    if (from < end) masked = masked.slice(0, from) + "*".repeat(end - from) + masked.slice(end);
  }
  return { safe, clean: Buffer.from(masked, "latin1") };
}

/** Half an escape such as `\n` or `\u0041` would be no JSON any more. */
function afterEscape(text: string, at: number): number {
  const slash = text.lastIndexOf("\\", at - 1);
  if (slash < 0 || at - slash > 5) return at;
  let slashes = 0;
  while (text[slash - slashes] === "\\") slashes += 1;
  if (slashes % 2 === 0) return at;
  const end = slash + (text[slash + 1] === "u" ? 6 : 2);
  return Math.max(at, end);
}
