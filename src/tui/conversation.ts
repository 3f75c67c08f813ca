// One session as it is shown: what was said, and what the events of its runs add to it. It knows nothing of a screen.
import { isRecord } from "../base/json.ts";
import type { EventFrame } from "../protocol/frames.ts";
import { assistantItem, noteItem, textOf, thinkingItem, toolItem } from "./items.ts";
import type { Item } from "./items.ts";

export type Conversation = {
  readonly items: readonly Item[];
  /** Runs that have begun and not ended, the oldest first. */
  readonly runs: readonly string[];
};

export const emptyConversation: Conversation = { items: [], runs: [] };

const itemsMax = 2_000;

/** The same object where the event is not about this session, or changes nothing. */
export function hear(now: Conversation, frame: EventFrame, sessionKey: string): Conversation {
  const { event, payload } = frame;
  if (!isRecord(payload) || payload["sessionKey"] !== sessionKey) return now;
  const runId = String(payload["runId"] ?? "");
  if (event === "chat") return hearChat(now, runId, payload);
  const data = payload["data"];
  return event === "agent" && isRecord(data) ? hearAgent(now, runId, { stream: payload["stream"], data }) : now;
}

export function add(now: Conversation, ...items: readonly Item[]): Conversation {
  return { ...now, items: [...now.items, ...items].slice(-itemsMax) };
}

type Told = { readonly stream: unknown; readonly data: Readonly<Record<string, unknown>> };

function hearAgent(now: Conversation, runId: string, { stream, data }: Told): Conversation {
  if (stream === "lifecycle" && data["phase"] === "start") return started(now, runId);
  if (stream === "assistant" && typeof data["text"] === "string") return say(now, runId, data["text"]);
  if (stream === "thinking" && typeof data["delta"] === "string") return think(now, runId, data["delta"]);
  if (stream === "tool") return tool(now, runId, data);
  if (stream === "compaction") return add(now, noteItem(nextId(now, runId), "older messages were summarised"));
  return now;
}

function hearChat(now: Conversation, runId: string, payload: Readonly<Record<string, unknown>>): Conversation {
  const { state } = payload;
  if (state === "delta") return started(now, runId);
  if (state !== "final" && state !== "aborted" && state !== "error") return now;
  const { message } = payload;
  const text = isRecord(message) ? textOf(message["content"]) : "";
  const said = state === "final" && text !== "" ? say(now, runId, text) : now;
  const ended = { ...said, runs: said.runs.filter((one) => one !== runId) };
  if (state === "aborted") return add(ended, noteItem(nextId(ended, runId), "cancelled"));
  if (state !== "error") return ended;
  const why = String(payload["errorMessage"] ?? "it failed");
  return add(ended, noteItem(nextId(ended, runId), why, "bad"));
}

function started(now: Conversation, runId: string): Conversation {
  return now.runs.includes(runId) ? now : { ...now, runs: [...now.runs, runId] };
}

/**
 * `text` is all that the run says so far. What it said before a tool stays where it was; only what follows goes below
 * the tool.
 */
function say(now: Conversation, runId: string, text: string): Conversation {
  const before = now.items.filter((item) => item.kind === "assistant" && isOf(item, runId));
  const last = before.at(-1);
  const current = last !== undefined && last === lastOf(now, runId) ? last : undefined;
  const earlier = before.filter((item) => item !== current).map((item) => ("text" in item ? item.text : ""));
  const fresh = withoutEarlier(text, earlier);
  if (current !== undefined) return replace(now, current, assistantItem(current.id, fresh));
  return fresh.trim() === "" ? now : add(now, assistantItem(nextId(now, runId), fresh));
}

function withoutEarlier(text: string, earlier: readonly string[]): string {
  let rest = text;
  for (const part of earlier) {
    const trimmed = rest.trimStart();
    if (!trimmed.startsWith(part.trim())) return rest;
    rest = trimmed.slice(part.trim().length);
  }
  return rest;
}

function think(now: Conversation, runId: string, delta: string): Conversation {
  const last = lastOf(now, runId);
  if (last?.kind === "thinking") return replace(now, last, thinkingItem(last.id, last.text + delta));
  return add(now, thinkingItem(nextId(now, runId), delta));
}

function tool(now: Conversation, runId: string, data: Readonly<Record<string, unknown>>): Conversation {
  const id = `${runId}:tool:${String(data["toolCallId"])}`;
  const known = now.items.find((item) => item.id === id);
  const { name, args, phase } = data;
  if (phase === "start") {
    const one = toolItem(id, { name, args, state: "running", output: "" });
    return known === undefined ? add(started(now, runId), one) : now;
  }
  const state = phase !== "result" ? "running" : data["isError"] === true ? "error" : "ok";
  const output = phase === "result" ? data["result"] : data["partialResult"];
  const fresh = toolItem(id, { name, args: undefined, state, output });
  if (known?.kind !== "tool" || fresh.kind !== "tool") return known === undefined ? add(now, fresh) : now;
  return replace(now, known, { ...fresh, args: known.args });
}

function replace(now: Conversation, old: Item, fresh: Item): Conversation {
  return { ...now, items: now.items.map((item) => (item === old ? fresh : item)) };
}

function lastOf(now: Conversation, runId: string): Item | undefined {
  return now.items.findLast((item) => isOf(item, runId));
}

function isOf(item: Item, runId: string): boolean {
  return item.id.startsWith(`${runId}:`);
}

function nextId(now: Conversation, runId: string): string {
  return `${runId}:${now.items.length}`;
}
