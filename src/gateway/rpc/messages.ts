// A transcript as clients see it. The step journal's own entries are left out: the answer that asks for a tool and the
// tool's result already say what happened.
import type { AssistantPart, EntryBody } from "../../base/transcript.ts";
import type { ClientMessage, PlacedMessage } from "../../protocol/shapes.ts";
import type { Entry, Turn } from "../../store/store.ts";
import { dollars, usageFigures } from "./usage.ts";

type Body<K extends EntryBody["kind"]> = Extract<EntryBody, { readonly kind: K }>;

const stopReasons: Readonly<Record<string, string>> = { tool_use: "toolUse", cancelled: "aborted" };

/** Undefined for an entry that is not a message. */
export function clientMessage(entry: Entry, textMaxChars: number): ClientMessage | undefined {
  const content = contentOf(entry.body, (text) => cut(text, textMaxChars));
  if (content === undefined) return undefined;
  const { id, seq, at: timestamp } = entry;
  return { ...content, timestamp, __openclaw: { id, seq, kind: entry.body.kind } } as ClientMessage;
}

/** The same with where it belongs, as it is told when it is stored and to those who ask what is new. */
export function placedMessage(
  turn: Pick<Turn, "sessionKey" | "agentId" | "inboxIds">,
  entry: Entry,
  textMaxChars: number,
): PlacedMessage | undefined {
  const message = clientMessage(entry, textMaxChars);
  if (message === undefined) return undefined;
  const { sessionKey, agentId, inboxIds } = turn;
  const [runId] = inboxIds;
  const run = runId === undefined ? {} : { runId };
  return { sessionKey, agentId, ...run, messageId: entry.id, messageSeq: entry.seq, message };
}

function contentOf(body: EntryBody, cutText: (text: string) => string): Readonly<Record<string, unknown>> | undefined {
  switch (body.kind) {
    case "user":
      return userMessage(body, cutText);
    case "assistant":
      return assistantMessage(body, cutText);
    case "tool_result":
      return {
        role: "toolResult",
        toolCallId: body.callId,
        toolName: body.tool,
        content: [{ type: "text", text: cutText(body.text) }],
        isError: body.outcome !== "ok",
        outcome: body.outcome,
      };
    case "compaction":
      return { role: "system", content: cutText(body.summary) };
    case "note":
      return { role: "system", content: cutText(body.text) };
    default:
      return undefined;
  }
}

/** Clients match the message they showed at once against this row by its idempotency key. */
function userMessage(body: Body<"user">, cutText: (text: string) => string): Readonly<Record<string, unknown>> {
  const files = body.media.map(({ mime, name, bytes }) => ({
    type: "attachment",
    mimeType: mime,
    fileName: name,
    bytes,
  }));
  const text = cutText(body.text);
  return {
    role: "user",
    content: files.length === 0 ? text : [{ type: "text", text }, ...files],
    idempotencyKey: `${body.inboxId}:user`,
  };
}

function assistantMessage(
  body: Body<"assistant">,
  cutText: (text: string) => string,
): Readonly<Record<string, unknown>> {
  return {
    role: "assistant",
    content: body.content.map((part) => block(part, cutText)),
    provider: body.provider,
    model: body.model,
    usage: {
      ...usageFigures(body.usage),
      estimated: body.usage.estimated,
      cost: { total: dollars(body.usage.costMicros) },
    },
    stopReason: stopReasons[body.stopReason] ?? body.stopReason,
  };
}

function block(part: AssistantPart, cutText: (text: string) => string): Readonly<Record<string, unknown>> {
  if (part.type === "text") return { type: "text", text: cutText(part.text) };
  if (part.type === "reasoning") return { type: "thinking", thinking: cutText(part.text) };
  return { type: "toolCall", id: part.callId, name: part.tool, arguments: part.input };
}

function cut(text: string, maxChars: number): string {
  return text.length <= maxChars ? text : `${text.slice(0, maxChars)}… (${text.length - maxChars} more characters)`;
}
