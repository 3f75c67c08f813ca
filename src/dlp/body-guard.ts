// A request's body on its way out, looked at as it passes. What must not leave is blanked out at the same length, so that
// what was announced about the body stays true and JSON stays JSON; or it ends the request before it has left.
import { limits } from "../base/limits.ts";
import type { Hit } from "./known/gram-index.ts";
import type { KnownValues } from "./known/known.ts";

export type BodyJudge = {
  readonly known: KnownValues;
  /** Left out where all counts. */
  readonly counts?: (hit: Hit) => boolean;
  /** Throws where the request is to end; returns where it is to go on without what was found. */
  readonly onFound: (found: readonly Hit[], text: string) => void;
};

/** So many characters stay back until what follows them is there. */
const heldChars = 512;

export async function* guardBody(body: AsyncIterable<Uint8Array>, judge: BodyJudge): AsyncGenerator<Uint8Array> {
  let held = "";
  for await (const chunk of body) {
    const text = held + Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString("latin1");
    const { safe, masked } = look(text, judge);
    // A value that goes on for ever is none: it is let go bit by bit, blanked.
    const until = text.length - safe > limits.dlpBodyHeldMaxChars ? text.length - heldChars : safe;
    held = text.slice(until);
    if (until > 0) yield Buffer.from(masked.slice(0, until), "latin1");
  }
  if (held !== "") yield Buffer.from(look(held, judge).masked, "latin1");
}

function look(text: string, { known, counts, onFound }: BodyJudge): { readonly safe: number; readonly masked: string } {
  const { hits, openAt } = known.scan(text);
  let safe = Math.min(openAt, Math.max(0, text.length - heldChars));
  const found = counts === undefined ? hits : hits.filter(counts);
  if (found.length === 0) return { safe, masked: text };
  for (const { start, end } of found) if (end > safe && start < safe) safe = start;
  onFound(found, text);
  let masked = text;
  for (const { start, end } of found) {
    const from = afterEscape(text, start);
    if (from < end) masked = masked.slice(0, from) + "*".repeat(end - from) + masked.slice(end);
  }
  return { safe, masked };
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
