// Takes credentials out of a rendered line: the values we know, in every spelling; what looks like a well-known
// maker's; and what the config's own patterns name. This is a net for accidents, not a wall.
import { limits } from "../base/limits.ts";
import { parsed, rejected } from "../base/parsed.ts";
import type { Parsed } from "../base/parsed.ts";
import { redactedMark, replaceSpans } from "./find/finding.ts";
import { findFormats } from "./find/formats.ts";
import { createKnownValues } from "./known/known.ts";
import type { KnownValues } from "./known/known.ts";
import { createPatternRunner, parsePattern } from "./pattern.ts";

export { redactedMark };

export type Redactor = {
  /** Cuts what is longer than `limits.redactInputMaxChars`. Never throws; what cannot be searched in time is left out. */
  redact(text: string): string;
  /** Reads the known values again; to be called when a secret was added or changed. */
  refresh(): void;
  /** Patterns that are not used, each with its reason, for the config's owner to read. */
  readonly refused: readonly string[];
  /** The values themselves, for whoever looks for them elsewhere. */
  readonly known: KnownValues;
  /** What the config's patterns make of a text. */
  readonly own: (text: string) => Parsed<string>;
  /** Told of each text out of which a part of a value was taken: whoever reads what is left learns that it is one. */
  onPart(listener: (text: string) => void): void;
};

export type RedactorOptions = {
  readonly values: () => Iterable<string>;
  /** `logging.redactPatterns`. */
  readonly patterns: readonly string[];
};

export function createRedactor(options: RedactorOptions): Redactor {
  const refused: string[] = [];
  const patterns = options.patterns.flatMap((text) => {
    const pattern = parsePattern(text);
    if (pattern.ok) return [pattern.value];
    refused.push(`the redact pattern ${JSON.stringify(text.slice(0, 80))} is not used: ${pattern.reason}`);
    return [];
  });
  const own = createPatternRunner(patterns, redactedMark);
  const known = createKnownValues(options.values);
  let listener: ((text: string) => void) | undefined;
  return {
    redact(text) {
      const line = text.length > limits.redactInputMaxChars ? `${text.slice(0, limits.redactInputMaxChars)}…` : text;
      const { hits } = known.scan(line);
      if (hits.some(({ part }) => part.to - part.from < part.length)) listener?.(line);
      const spans = [...hits, ...findFormats(line, "every")];
      const searched = own(spans.length === 0 ? line : replaceSpans(line, spans));
      return searched.ok ? searched.value : redactedMark;
    },
    refresh: known.refresh,
    refused,
    known,
    own,
    onPart: (next) => void (listener = next),
  };
}

/** A line that is one JSON object stays one: a pattern that bites into its structure costs the line its content. */
export function redactJsonLine(redactor: Redactor, line: string): Parsed<string> {
  const redacted = redactor.redact(line);
  if (redacted === line) return parsed(line);
  try {
    JSON.parse(redacted);
    return parsed(redacted);
  } catch {
    return rejected("redacting it left no JSON");
  }
}
