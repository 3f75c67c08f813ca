// Patterns from the config, which are somebody's regular expressions: some are refused by their shape, and what is left
// runs under a time limit, because no look at a pattern finds every slow one (LOG-010).
import { createContext, Script } from "node:vm";
import { limits } from "../base/limits.ts";
import { parsed, rejected } from "../base/parsed.ts";
import type { Parsed } from "../base/parsed.ts";

/** `text` or `/text/flags`. */
export function parsePattern(text: string): Parsed<RegExp> {
  if (text.length > limits.redactPatternMaxChars)
    return rejected(`longer than ${limits.redactPatternMaxChars} characters`);
  const slashed = /^\/(.+)\/([a-z]*)$/s.exec(text);
  const source = slashed?.[1] ?? text;
  const flags = new Set(slashed?.[2] ?? "");
  flags.delete("y");
  flags.add("g");
  const shape = dangerousShape(source);
  if (shape !== undefined) return rejected(shape);
  try {
    const pattern = new RegExp(source, [...flags].join(""));
    return pattern.test("") ? rejected("it matches the empty text, and so everything") : parsed(pattern);
  } catch (cause) {
    return rejected(cause instanceof Error ? cause.message : "not a regular expression");
  }
}

/** A repetition of something that itself repeats or branches is what makes a pattern exponential. */
function dangerousShape(source: string): string | undefined {
  const text = source.replace(/\\[^1-9k]/g, "_").replace(/\[(?:\\.|[^\]])*\]/g, "_");
  if (/\\[1-9k]/.test(text)) return "it refers back to a group, which can take exponential time";
  const groups: { repeats: boolean; branches: boolean }[] = [];
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === "(") groups.push({ repeats: false, branches: false });
    else if (character === "|") mark(groups, "branches");
    else if (character === ")") {
      const group = groups.pop();
      const repeated = isRepetition(text, at + 1);
      if (repeated && (group?.repeats === true || group?.branches === true))
        return "it repeats a group that repeats or branches inside, which can take exponential time";
      if (repeated || group?.repeats === true) mark(groups, "repeats");
    } else if (isRepetition(text, at + 1)) mark(groups, "repeats");
  }
  return undefined;
}

function mark(groups: { repeats: boolean; branches: boolean }[], what: "repeats" | "branches"): void {
  const group = groups.at(-1);
  if (group !== undefined) group[what] = true;
}

function isRepetition(text: string, at: number): boolean {
  return text[at] === "*" || text[at] === "+" || /^\{\d+,?\d*\}/.test(text.slice(at, at + 16));
}

export type PatternRunner = (text: string) => Parsed<string>;

/** Replaces what any of the patterns matches. A rejection means that time ran out, and the text is to be left out. */
export function createPatternRunner(patterns: readonly RegExp[], replacement: string): PatternRunner {
  if (patterns.length === 0) return parsed;
  const replace = "compiled.reduce((text, pattern) => text.replace(pattern, () => replacement), text)";
  const run = compile(patterns, { script: replace, replacement, timeoutMs: limits.redactTimeoutMs });
  return (text) => {
    try {
      return parsed(String(run(text)));
    } catch {
      return rejected(`the patterns took longer than ${limits.redactTimeoutMs} ms`);
    }
  };
}

/** Whether any of the patterns matches. Where time runs out, none does. */
export function createPatternMatcher(patterns: readonly RegExp[], timeoutMs: number): (text: string) => boolean {
  if (patterns.length === 0) return () => false;
  const run = compile(patterns, { script: "compiled.some((pattern) => pattern.test(text))", timeoutMs });
  return (text) => {
    try {
      return run(text) === true;
    } catch {
      return false;
    }
  };
}

/** The patterns are compiled once, inside, so that the time limit covers every step they make. */
function compile(
  patterns: readonly RegExp[],
  {
    timeoutMs,
    script,
    ...values
  }: { readonly timeoutMs: number; readonly script: string; readonly replacement?: string },
): (text: string) => unknown {
  const box = { text: "", patterns: patterns.map(({ source, flags }) => ({ source, flags })), ...values };
  const context = createContext(box);
  new Script("compiled = patterns.map(({ source, flags }) => new RegExp(source, flags))").runInContext(context);
  const compiled = new Script(script);
  return (text) => {
    box.text = text;
    return withinOwnTime(timeoutMs, () => compiled.runInContext(context, { timeout: timeoutMs }));
  };
}

/**
 * The limit is one of the clock on the wall, and on a busy machine it passes while nothing runs. What was given less than
 * half of it is tried again: a text that costs much uses all of its time at the first try.
 */
function withinOwnTime(timeoutMs: number, run: () => unknown): unknown {
  for (let tries = 1; ; tries += 1) {
    const before = process.threadCpuUsage();
    try {
      return run();
    } catch (error) {
      const { user, system } = process.threadCpuUsage(before);
      const wasStarved = (user + system) / 1_000 < timeoutMs / 2;
      if (!wasStarved || tries >= limits.patternTriesMax) throw error;
    }
  }
}
