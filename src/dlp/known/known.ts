// The values that must not leave, ready to be found. The table is made when it is first needed after the values have
// changed, and holds nothing that is not in the values already.
import { limits } from "../../base/limits.ts";
import { foldText, hasEscapes } from "./fold.ts";
import { createGramIndex } from "./gram-index.ts";
import type { GramIndex, Hit, Pattern, Scanned } from "./gram-index.ts";
import { soughtOf } from "./spellings.ts";
import type { Sought } from "./spellings.ts";

export type KnownValues = {
  readonly values: () => Iterable<string>;
  scan(text: string): Scanned;
  /** The values have changed. */
  refresh(): void;
  /** Changes with each refresh: what was found before is called otherwise now. */
  version(): number;
  /** Entries of the table, for who watches its size. */
  size(): number;
  /** The longest spelling of a value of which no part says anything by itself. */
  wholeChars(): number;
};

/** What a hit of the marker says for its value, in a table that has one. */
export const markerValue = 1;

export function createKnownValues(values: () => Iterable<string>): KnownValues {
  let version = 0;
  const table = createTable(values, () => version);
  return {
    ...table,
    values,
    refresh() {
      version += 1;
    },
    version: () => version,
  };
}

/** The same values and a marker in one table, so that one pass finds both. It follows the values by itself. */
export function withMarker(known: KnownValues, marker: string): KnownValues {
  const table = createTable(() => [marker, ...known.values()], known.version);
  return { ...known, ...table };
}

type Table = { readonly indexes: readonly GramIndex[]; readonly wholeChars: number };

function createTable(
  values: () => Iterable<string>,
  version: () => number,
): Pick<KnownValues, "scan" | "size" | "wholeChars"> {
  let built: (Table & { readonly version: number }) | undefined;
  const ready = (): Table => {
    if (built?.version !== version()) built = { version: version(), ...build(values()) };
    return built;
  };
  return {
    scan: (text) => scanInSteps(text, ready().indexes),
    size: () => ready().indexes.reduce((sum, { size }) => sum + size, 0),
    wholeChars: () => ready().wholeChars,
  };
}

function build(values: Iterable<string>): Table {
  const patterns: Pattern[] = [];
  let value = 0;
  let wholeChars = 0;
  for (const text of new Set(values)) {
    value += 1;
    const spellings = soughtOf(text, limits.dlpValueMaxChars);
    if (spellings.every(({ enough }) => enough === undefined))
      wholeChars = Math.max(wholeChars, ...spellings.map((sought) => sought.text.length));
    for (const sought of spellings) for (const codes of codesOf(sought)) patterns.push({ ...sought, value, codes });
  }
  return { indexes: indexesOf(patterns), wholeChars };
}

function indexesOf(patterns: readonly Pattern[]): readonly GramIndex[] {
  return (["folded", "exact"] as const)
    .map((mode) =>
      createGramIndex(
        mode,
        patterns.filter(({ reading }) => reading === mode),
      ),
    )
    .filter(({ size }) => size > 0);
}

/** What looks like an escape in the value itself is sought as it stands there too. */
function codesOf({ reading, text }: Sought): readonly Uint16Array[] {
  if (reading === "exact") return [exactCodes(text)];
  return hasEscapes(text) ? [foldText(text, "folded"), foldText(text, "literal")] : [foldText(text, "folded")];
}

function exactCodes(text: string): Uint16Array {
  return Uint16Array.from({ length: text.length }, (_, at) => text.charCodeAt(at));
}

/** A long text is read in parts that overlap, so that what is kept while reading stays small. */
function scanInSteps(text: string, indexes: readonly GramIndex[]): Scanned {
  const step = limits.dlpStepChars;
  const overlap = Math.min(step / 2, 2 * limits.dlpValueMaxChars);
  const hits: Hit[] = [];
  const fragments: Hit[] = [];
  let openAt = text.length;
  for (const index of indexes) {
    for (let from = 0; ; from += step - overlap) {
      const part = from === 0 && text.length <= step ? text : text.slice(from, from + step);
      const scanned = index.scan(part);
      const shift = (hit: Hit): Hit => ({ ...hit, start: hit.start + from, end: hit.end + from });
      hits.push(...(from === 0 ? scanned.hits : scanned.hits.map(shift)));
      if (fragments.length < limits.dlpFragmentsMax)
        fragments.push(...(from === 0 ? scanned.fragments : scanned.fragments.map(shift)));
      if (from + step < text.length) continue;
      openAt = Math.min(openAt, from + scanned.openAt);
      break;
    }
  }
  return { hits, fragments, openAt };
}
