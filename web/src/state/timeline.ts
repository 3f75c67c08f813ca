// What is shown of a conversation: stored messages, what was sent and is not stored yet, and what is happening now,
// merged into one list in which nothing stands twice.
import type { ClientMessage } from "../../../src/protocol/shapes.ts";

export type Item =
  | {
      readonly kind: "user";
      readonly id: string;
      readonly text: string;
      readonly files: readonly string[];
      readonly at: number;
      readonly state: "stored" | "sending" | "waiting" | "failed";
      readonly problem?: string;
    }
  | { readonly kind: "text"; readonly id: string; readonly text: string; readonly at: number; readonly isLive: boolean }
  | { readonly kind: "thinking"; readonly id: string; readonly text: string; readonly isLive: boolean }
  | ToolItem
  | { readonly kind: "note"; readonly id: string; readonly text: string }
  | { readonly kind: "error"; readonly id: string; readonly text: string; readonly runId: string };

export type ToolItem = {
  readonly kind: "tool";
  readonly id: string;
  readonly name: string;
  readonly input: unknown;
  readonly output: string | undefined;
  readonly state: "running" | "done" | "failed" | "unknown";
};

/** Sent by this page; its key is the run's id. */
export type Sent = {
  readonly key: string;
  readonly text: string;
  readonly files: readonly string[];
  readonly at: number;
  readonly state: "sending" | "waiting" | "failed";
  readonly problem?: string;
};

/** What a run has said and done since this page listens. */
export type LiveRun = { readonly runId: string; readonly items: readonly Item[] };

type Block = Readonly<Record<string, unknown>> & { readonly type?: unknown };

export function buildTimeline(
  messages: readonly ClientMessage[],
  sent: readonly Sent[],
  runs: readonly LiveRun[],
): readonly Item[] {
  const results = new Map(messages.filter(isResult).map((message) => [String(message["toolCallId"]), message]));
  const live = new Map(runs.flatMap(({ items }) => items).map((item) => [item.id, item]));
  const stored = messages.flatMap((message) => itemsOf(message, results)).map((item) => withLive(item, live));
  const known = new Set(stored.filter(({ kind }) => kind === "tool").map(({ id }) => id));
  const keys = new Set(messages.map((message) => message["idempotencyKey"]));
  const waiting = sent.filter(({ key }) => !keys.has(`${key}:user`));
  const own = new Set(waiting.map(({ key }) => key));
  const tail = (runId: string): readonly Item[] =>
    notStored(runs.find((run) => run.runId === runId)?.items ?? [], known);
  return [
    ...stored,
    ...runs.filter(({ runId }) => !own.has(runId)).flatMap(({ runId }) => tail(runId)),
    ...waiting.flatMap((one) => [userItem(one), ...tail(one.key)]),
  ];
}

/** A call is stored before its tool runs, and with it everything that came before it. */
function notStored(items: readonly Item[], known: ReadonlySet<string>): readonly Item[] {
  return items.slice(items.findLastIndex(({ kind, id }) => kind === "tool" && known.has(id)) + 1);
}

/** What is known of a call whose result is not stored yet. */
function withLive(item: Item, live: ReadonlyMap<string, Item>): Item {
  return item.kind === "tool" && item.state === "unknown" ? (live.get(item.id) ?? item) : item;
}

function userItem({ key, text, files, at, state, problem }: Sent): Item {
  return { kind: "user", id: key, text, files, at, state, ...(problem === undefined ? {} : { problem }) };
}

function isResult(message: ClientMessage): boolean {
  return message.role === "toolResult";
}

function itemsOf(message: ClientMessage, results: ReadonlyMap<string, ClientMessage>): readonly Item[] {
  const { role, content, timestamp: at } = message;
  const { id } = message.__openclaw;
  if (role === "user") {
    const files = blocksOf(content).filter(({ type }) => type !== "text");
    // The page's own key, so that the bubble that was shown at once stays the same element.
    const key = String(message["idempotencyKey"] ?? id).replace(/:user$/, "");
    return [{ kind: "user", id: key, text: textOf(content), files: files.map(fileName), at, state: "stored" }];
  }
  if (role === "assistant")
    return blocksOf(content).flatMap((block, index) => answerItem(block, `${id}.${index}`, { at, results }));
  if (role === "system") return [{ kind: "note", id, text: textOf(content) }];
  return [];
}

function answerItem(
  block: Block,
  id: string,
  { at, results }: { readonly at: number; readonly results: ReadonlyMap<string, ClientMessage> },
): readonly Item[] {
  if (block.type === "text" && typeof block["text"] === "string")
    return block["text"].trim() === "" ? [] : [{ kind: "text", id, text: block["text"], at, isLive: false }];
  if (block.type === "thinking" && typeof block["thinking"] === "string")
    return [{ kind: "thinking", id, text: block["thinking"], isLive: false }];
  if (block.type !== "toolCall") return [];
  const callId = String(block["id"]);
  const result = results.get(callId);
  const state = result === undefined ? "unknown" : result["isError"] === true ? "failed" : "done";
  const output = result === undefined ? undefined : textOf(result.content);
  return [{ kind: "tool", id: callId, name: String(block["name"]), input: block["arguments"], output, state }];
}

function blocksOf(content: unknown): readonly Block[] {
  if (typeof content === "string") return [{ type: "text", text: content }];
  return Array.isArray(content) ? (content as readonly Block[]) : [];
}

function textOf(content: unknown): string {
  return blocksOf(content)
    .filter(({ type }) => type === "text")
    .map((block) => String(block["text"] ?? ""))
    .join("\n");
}

function fileName(block: Block): string {
  return typeof block["fileName"] === "string" ? block["fileName"] : String(block["mimeType"] ?? "file");
}
