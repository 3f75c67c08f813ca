// Takes credentials out of a rendered line: the values we know, in every spelling; what looks like a well-known
// maker's; and what the config's own patterns name. This is a net for accidents, not a wall.
import { limits } from "../base/limits.ts";
import { parsed, rejected } from "../base/parsed.ts";
import type { Parsed } from "../base/parsed.ts";
import { spellingsOf } from "./encodings.ts";
import { credentialFormats } from "./formats.ts";
import { createPatternRunner, parsePattern } from "./pattern.ts";

export const redactedMark = "[redacted]";

export type Redactor = {
  /** Cuts what is longer than `limits.redactInputMaxChars`. Never throws; what cannot be searched in time is left out. */
  redact(text: string): string;
  /** Reads the known values again; to be called when a secret was added or changed. */
  refresh(): void;
  /** Patterns that are not used, each with its reason, for the config's owner to read. */
  readonly refused: readonly string[];
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
  const runPatterns = createPatternRunner(patterns, redactedMark);
  let spellings = spellingsOf(options.values());
  return {
    redact(text) {
      let line = text.length > limits.redactInputMaxChars ? `${text.slice(0, limits.redactInputMaxChars)}…` : text;
      for (const spelling of spellings) {
        if (line.includes(spelling)) line = line.replaceAll(spelling, redactedMark);
      }
      for (const [, format] of credentialFormats) line = line.replace(format, redactedMark);
      const searched = runPatterns(line);
      return searched.ok ? searched.value : redactedMark;
    },
    refresh() {
      spellings = spellingsOf(options.values());
    },
    refused,
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
