// What the gateway asks about texts, read as data of a process that may be somebody else's by now.
import { LoricaError } from "../../../base/errors.ts";
import { limits } from "../../../base/limits.ts";
import type { Point, Question, StreamQuestion } from "../../../dlp/dlp.ts";

type Params = Readonly<Record<string, unknown>>;

/** `model`, `channel` and `egress` are the broker's own. */
const asked: ReadonlySet<unknown> = new Set<Point>([
  "answer",
  "reply",
  "order",
  "call",
  "result",
  "inbound",
  "summary",
  "export",
]);

export function parseQuestion({ point, agentId, sessionKey, to, isOwner, keeps, texts }: Params): Question {
  if (!asked.has(point)) throw wrong("a place that is none");
  if (!Array.isArray(texts) || texts.length > limits.dlpTextsMax || !texts.every((text) => typeof text === "string"))
    throw wrong("texts that are none");
  return {
    point: point as Point,
    agentId: short(agentId),
    sessionKey: short(sessionKey),
    // What people were given before counts for what they are given now, and for nothing else.
    to: to !== undefined && (point === "reply" || point === "order") ? short(to) : undefined,
    isOwner: isOwner === true,
    keeps: keeps === true,
    texts,
  };
}

export function parseStreamQuestion({ agentId, sessionKey, before, text, isEnd }: Params): StreamQuestion {
  if (typeof before !== "string" || typeof text !== "string" || before.length > limits.dlpWindowChars)
    throw wrong("a text that is none");
  if (text.length > limits.dlpStreamAskMaxChars) throw wrong("more text than is judged in one go");
  return { agentId: short(agentId), sessionKey: short(sessionKey), before, text, isEnd: isEnd === true };
}

function short(value: unknown): string {
  if (typeof value === "string" && value.length <= 4 * limits.nameMaxChars) return value;
  throw wrong("a name that is none");
}

function wrong(what: string): LoricaError {
  return new LoricaError("invalid_request", `a question about texts with ${what}`);
}
