// Notices a turn that goes in circles (AG-017): the same call over and over, a few calls in turn (ping-pong), a poll
// that brings nothing new. Pure over the journal, so a restart does not make it forget.
import { isRecord, parseJson } from "../../base/json.ts";
import { limits } from "../../base/limits.ts";
import type { MadeCall } from "../journal.ts";

export type LoopVerdict =
  | { readonly kind: "fine" }
  /** The model is told, once per further round, with its next results. */
  | { readonly kind: "warn" | "end"; readonly rounds: number; readonly tools: readonly string[] };

const periodMax = 3;
/** Told at the bound, ended at twice the bound: a model that heeds the warning has time to. */
const endFactor = 2;

export function detectLoop(calls: readonly MadeCall[]): LoopVerdict {
  for (let period = 1; period <= periodMax; period++) {
    const rounds = repeatedRounds(calls, period);
    const cycle = calls.slice(-period);
    const bound = cycle.every(isPoll) ? limits.loopPollRepeatsMax : limits.loopRepeatsMax;
    const tools = [...new Set(cycle.map((call) => call.tool))];
    if (rounds >= bound * endFactor) return { kind: "end", rounds, tools };
    if (rounds >= bound) return { kind: "warn", rounds, tools };
  }
  return { kind: "fine" };
}

export function renderLoopWarning(verdict: { readonly rounds: number; readonly tools: readonly string[] }): string {
  return `[#note] ${verdict.tools.join(" and ")}: the same call with the same result, ${verdict.rounds} times. Do something else, or answer with what you have; repeating it will end this turn.`;
}

/** How often the last `period` calls came in a row, with the same results each time. */
function repeatedRounds(calls: readonly MadeCall[], period: number): number {
  if (calls.length < period) return 0;
  let rounds = 1;
  for (let end = calls.length - period; end >= period; end -= period) {
    for (let at = 0; at < period; at++) {
      if (!isSame(calls[end - period + at], calls[calls.length - period + at])) return rounds;
    }
    rounds += 1;
  }
  return rounds;
}

function isSame(left: MadeCall | undefined, right: MadeCall | undefined): boolean {
  if (left === undefined || right === undefined) return false;
  return left.tool === right.tool && left.input === right.input && essence(left.output) === essence(right.output);
}

/** Neither our warning nor a marker's id may make two results differ. */
function essence(output: string): string {
  const at = output.lastIndexOf("\n[#note] ");
  const text = at < 0 ? output : output.slice(0, at);
  return text.replace(/(_UNTRUSTED_CONTENT id=")[0-9a-f]+/g, "$1");
}

/** Waiting for something that runs is not a loop until it has gone on for long. */
function isPoll(call: MadeCall): boolean {
  const input = parseJson(call.input);
  return input.ok && isRecord(input.value) && (input.value["operation"] === "poll" || input.value["action"] === "poll");
}
