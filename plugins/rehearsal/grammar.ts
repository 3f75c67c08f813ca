// The grammar that drives the rehearsal model: one directive a line, each beginning with `!`. Other lines mean nothing.
import type { Parsed } from "../../src/base/parsed.ts";
import { parsed, rejected } from "../../src/base/parsed.ts";

export type FailureKind = "stall" | "truncate" | "drop" | "empty" | "malformed" | "overflow";

export type Directive =
  | { readonly kind: "say"; readonly text: string; readonly delayMs: number }
  | { readonly kind: "think"; readonly text: string }
  /** `input` is sent as it stands, so that broken arguments can be rehearsed, too. */
  | { readonly kind: "call"; readonly tool: string; readonly input: string }
  /** Says what the tools of the step before answered. */
  | { readonly kind: "echo" }
  | { readonly kind: "usage"; readonly input: number; readonly output: number }
  | {
      readonly kind: "fail";
      readonly how: FailureKind | number;
      readonly retryAfter: string | undefined;
      /** Only the first attempts of a call fail. */
      readonly times: number;
    };

/** One answer of the model. */
export type Step = readonly Directive[];

export const repeatMax = 100_000;
export const delayMaxMs = 60_000;

/** Lines → answers. An answer ends after its calls, or at `!then`. */
export function parseGrammar(text: string): Parsed<readonly Step[]> {
  const steps: Directive[][] = [[]];
  for (const [index, line] of text.split("\n").entries()) {
    if (!line.startsWith("!")) continue;
    if (line.trim() === "!then") {
      steps.push([]);
      continue;
    }
    const directive = parseDirective(line.trimEnd());
    if (!directive.ok) return rejected(`line ${index + 1}: ${directive.reason}`);
    const current = steps.at(-1) ?? [];
    const called = current.at(-1)?.kind === "call";
    if (called && directive.value.kind !== "call") steps.push([directive.value]);
    else current.push(directive.value);
  }
  return parsed(steps.filter((step) => step.length > 0));
}

export function hasGrammar(text: string): boolean {
  return /^!/m.test(text);
}

const names = ["say", "stream", "repeat", "think", "call", "echo", "usage", "fail", "then"];

function parseDirective(line: string): Parsed<Directive> {
  const [, name = "", rest = ""] = /^!(\S*)\s?(.*)$/s.exec(line) ?? [];
  switch (name) {
    case "say":
      return parsed({ kind: "say", text: rest, delayMs: 0 });
    case "stream":
      return parseStream(rest);
    case "repeat":
      return parseRepeat(rest);
    case "think":
      return parsed({ kind: "think", text: rest });
    case "call":
      return parseCall(rest);
    case "echo":
      return parsed({ kind: "echo" });
    case "usage":
      return parseUsage(rest);
    case "fail":
      return parseFail(rest);
    default:
      return rejected(`!${name} is not a directive; there are ${names.map((known) => `!${known}`).join(", ")}`);
  }
}

function parseStream(rest: string): Parsed<Directive> {
  const [, delay = "", text = ""] = /^(\d+)ms\s(.*)$/s.exec(rest) ?? [];
  const delayMs = Number(delay);
  if (delay === "" || delayMs > delayMaxMs) return rejected("write `!stream 20ms text`, with at most 60000ms");
  return parsed({ kind: "say", text, delayMs });
}

function parseRepeat(rest: string): Parsed<Directive> {
  const [, times = "", text = ""] = /^(\d+)\s(.*)$/s.exec(rest) ?? [];
  const count = Number(times);
  if (times === "" || count > repeatMax) return rejected(`write \`!repeat 3 text\`, with at most ${repeatMax} times`);
  return parsed({ kind: "say", text: Array.from({ length: count }, () => text).join(" "), delayMs: 0 });
}

function parseCall(rest: string): Parsed<Directive> {
  const [, tool = "", input = ""] = /^(\S+)\s*(.*)$/s.exec(rest) ?? [];
  if (tool === "") return rejected('write `!call tool {"argument":"value"}`');
  return parsed({ kind: "call", tool, input: input === "" ? "{}" : input });
}

function parseUsage(rest: string): Parsed<Directive> {
  const [, input = "", output = ""] = /^in=(\d{1,9}) out=(\d{1,9})$/.exec(rest) ?? [];
  if (input === "") return rejected("write `!usage in=100 out=20`");
  return parsed({ kind: "usage", input: Number(input), output: Number(output) });
}

const failures: readonly string[] = ["stall", "truncate", "drop", "empty", "malformed", "overflow"];

function parseFail(rest: string): Parsed<Directive> {
  const [word = "", ...options] = rest.split(/\s+/);
  const status = /^[45]\d\d$/.test(word) ? Number(word) : undefined;
  if (status === undefined && !failures.includes(word))
    return rejected(`write \`!fail 429\` or another HTTP status, or one of ${failures.join(", ")}`);
  const given = new Map(options.map((option) => [option.split("=")[0], option.split("=")[1]]));
  const times = given.get("times");
  return parsed({
    kind: "fail",
    how: status ?? (word as FailureKind),
    retryAfter: given.get("retry-after"),
    times: times === undefined ? Infinity : Number(times),
  });
}
