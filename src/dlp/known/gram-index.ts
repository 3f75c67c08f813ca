// Finds the values that we know in a text of any length in one pass: the hash of each six characters in a row is looked
// up in one small table of bits, and only where it is set the values themselves are compared. A table of all states, as
// automata have it, would be ten times as large.
import { limits } from "../../base/limits.ts";
import { createFolder, hasEscapes } from "./fold.ts";
import type { Folded } from "./fold.ts";
import type { Sought, SpellingKind } from "./spellings.ts";

const gramChars = 6;
const hashMask = 0x3fffffff;
const filterBits = 20;
/** Entries with one hash beyond this are left out: a value of one repeated letter must not make every text slow. */
const chainMax = 16;

/** Where in a text a value stands, or a part of it that is enough. */
export type Hit = {
  readonly start: number;
  readonly end: number;
  readonly kind: SpellingKind;
  readonly value: number;
  /** Which characters of which spelling these are. */
  readonly part: { readonly spelling: number; readonly from: number; readonly to: number; readonly length: number };
};

export type Scanned = {
  readonly hits: readonly Hit[];
  /** Parts that are too short to say anything by themselves. */
  readonly fragments: readonly Hit[];
  /** From here on the text could be the beginning of a value; its length where it could not. */
  readonly openAt: number;
};

export type Pattern = Sought & { readonly value: number; readonly codes: Uint16Array };

export type GramIndex = { readonly size: number; scan(text: string): Scanned };

/** Random numbers that differ for letters that are neighbours; the same in every process, so that tests repeat. */
const gears = Int32Array.from(
  { length: 256 },
  (_, at) => Math.imul(at + 1, 0x9e3779b1) ^ Math.imul(at + 7, 0x85ebca6b),
);

export function createGramIndex(mode: Sought["reading"], patterns: readonly Pattern[]): GramIndex {
  const table = createTable();
  for (const [at, pattern] of patterns.entries())
    for (const offset of gramsOf(pattern)) table.add(at, offset, pattern.codes);
  if (table.count() === 0) return { size: 0, scan: (text) => ({ hits: [], fragments: [], openAt: text.length }) };
  const { filter, find } = table.freeze();
  const read = createFolder(mode);
  const readLiterally = createFolder("literal");
  const marks = patterns.map(({ text }) => (mode === "folded" ? marksOf(text) : undefined));

  function look(text: string, { codes, at, length }: Folded, found: ReturnType<typeof createFound>): void {
    let hash = 0;
    let coveredTo = 0;
    for (let index = 0; index < length; index++) {
      const code = codes[index] as number;
      hash = ((hash << 5) + (gears[(code ^ (code >> 8)) & 255] as number)) & hashMask;
      const slot = Math.imul(hash, 0x9e3779b1) >>> (32 - filterBits);
      if (((filter[slot >> 5] as number) & (1 << (slot & 31))) === 0) continue;
      if (index < gramChars - 1 || index < coveredTo) continue;
      const from = index - gramChars + 1;
      for (const entry of find(hash)) {
        const pattern = patterns[entry.pattern] as Pattern;
        const run = extend(pattern, entry.offset, { codes, from, length });
        if (run === undefined) continue;
        const start = at[run.from] as number;
        const last = at[run.to - 1] as number;
        const end = last + ((text.codePointAt(last) ?? 0) > 0xffff ? 2 : 1);
        const isWhole = run.to - run.from === pattern.codes.length;
        const where = {
          ...(isWhole ? withMarks(text, { start, end }, marks[entry.pattern]) : { start, end }),
          touchesEnd: run.to === length,
        };
        if (
          found.add(pattern, {
            ...where,
            offset: entry.offset - (from - run.from),
            chars: run.to - run.from,
            spelling: entry.pattern,
          })
        )
          coveredTo = Math.max(coveredTo, run.to);
      }
    }
  }

  return {
    size: table.count(),
    scan(text) {
      const found = createFound(text.length);
      look(text, read(text), found);
      if (mode === "folded" && hasEscapes(text)) look(text, readLiterally(text), found);
      return found.result();
    },
  };
}

/** Where only the whole counts its beginning is enough to look for. */
function* gramsOf({ codes, enough, kind }: Pattern): Generator<number> {
  if (codes.length < gramChars) return;
  if (enough === undefined || codes.length <= enough) return yield 0;
  // Short values are known by every six characters, so that parts of them can be put together; of long ones each run
  // that is long enough holds at least one of these.
  const step = codes.length <= limits.dlpFragmentsOfMaxChars && kind === "plain" ? 1 : enough - gramChars + 1;
  for (let offset = 0; offset + gramChars <= codes.length; offset += step) yield offset;
}

type Entry = { readonly pattern: number; readonly offset: number };

function createTable() {
  const entries = new Map<number, Entry[]>();
  let count = 0;
  return {
    count: () => count,
    add(pattern: number, offset: number, codes: Uint16Array): void {
      if (count >= limits.dlpGramsMax) return;
      let hash = 0;
      for (let at = offset; at < offset + gramChars; at++) {
        const code = codes[at] as number;
        hash = ((hash << 5) + (gears[(code ^ (code >> 8)) & 255] as number)) & hashMask;
      }
      const chain = entries.get(hash) ?? [];
      if (chain.length >= chainMax) return;
      chain.push({ pattern, offset });
      entries.set(hash, chain);
      count += 1;
    },
    freeze() {
      const filter = new Int32Array((1 << filterBits) >> 5);
      for (const hash of entries.keys()) {
        const slot = Math.imul(hash, 0x9e3779b1) >>> (32 - filterBits);
        filter[slot >> 5] = (filter[slot >> 5] as number) | (1 << (slot & 31));
      }
      return { filter, find: (hash: number): readonly Entry[] => entries.get(hash) ?? [] };
    },
  };
}

type Read = { readonly codes: Uint16Array; readonly from: number; readonly length: number };

/** The longest run around the six characters in which text and spelling agree; undefined where only the hash did. */
function extend(
  pattern: Pattern,
  offset: number,
  { codes, from, length }: Read,
): { from: number; to: number } | undefined {
  const wanted = pattern.codes;
  let to = from;
  let at = offset;
  while (to < length && at < wanted.length && codes[to] === wanted[at]) {
    to += 1;
    at += 1;
  }
  if (to - from < gramChars) return undefined;
  let start = from;
  at = offset;
  while (start > 0 && at > 0 && codes[start - 1] === wanted[at - 1]) {
    start -= 1;
    at -= 1;
  }
  return { from: start, to };
}

type Marks = { readonly before: string; readonly after: string };

/** What a value has before its first letter and after its last one, which folding leaves out. */
function marksOf(text: string): Marks | undefined {
  const before = /^[^A-Za-z0-9]*/.exec(text)?.[0] ?? "";
  const after = /[^A-Za-z0-9]*$/.exec(text)?.[0] ?? "";
  return before === "" && after === "" ? undefined : { before, after };
}

function withMarks(text: string, span: { start: number; end: number }, marks: Marks | undefined): typeof span {
  if (marks === undefined) return span;
  const { before, after } = marks;
  return {
    start: text.endsWith(before, span.start) ? span.start - before.length : span.start,
    end: text.startsWith(after, span.end) ? span.end + after.length : span.end,
  };
}

type Run = {
  readonly start: number;
  readonly end: number;
  readonly touchesEnd: boolean;
  readonly offset: number;
  readonly chars: number;
  readonly spelling: number;
};

function createFound(textLength: number) {
  const hits: Hit[] = [];
  const fragments: Hit[] = [];
  let openAt = textLength;
  return {
    /** Whether it was enough. */
    add({ codes, enough, kind, value }: Pattern, run: Run): boolean {
      const { start, end, offset, chars, spelling } = run;
      if (run.touchesEnd && offset + chars < codes.length) openAt = Math.min(openAt, start);
      const isEnough = chars === codes.length || (enough !== undefined && chars >= enough);
      const part = { spelling, from: offset, to: offset + chars, length: codes.length };
      const list = isEnough ? hits : fragments;
      if (isEnough || (enough !== undefined && list.length < limits.dlpFragmentsMax))
        list.push({ start, end, kind, value, part });
      return isEnough;
    },
    result: (): Scanned => ({ hits, fragments, openAt }),
  };
}
