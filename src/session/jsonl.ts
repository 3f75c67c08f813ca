// A transcript as JSON lines that other tools for this kind of assistant read too. Each line carries the exact entry
// under `lorica`, so that what we wrote comes back without loss.
import type { AssistantPart, EntryBody } from "../base/transcript.ts";
import type { Entry, Session, SessionWindow } from "../store/store.ts";

export function encodeHeader(session: Pick<Session, "key" | "agentId">, window: SessionWindow): string {
  return JSON.stringify({
    type: "session",
    version: 4,
    id: window.id,
    timestamp: iso(window.startedAt),
    lorica: { sessionKey: session.key, agentId: session.agentId },
  });
}

export type EntryPlace = {
  /** The entry in front of it: readers follow the chain of parents. */
  readonly before: Entry | undefined;
  /** Takes credentials out of a text. The database keeps what was said; what leaves it need not (LOG-001). */
  readonly redact: (text: string) => string;
};

export function encodeEntry(entry: Entry, { before, redact }: EntryPlace): string {
  const { id, seq, turnId, label, body, at } = entry;
  const line = {
    ...outer(body),
    id,
    parentId: before?.id ?? null,
    timestamp: iso(at),
    lorica: { seq, turnId, label, body, at },
  };
  // Text by text: a pattern that bites into a rendered line could cost it its structure.
  return JSON.stringify(line, (_name, value: unknown) => (typeof value === "string" ? redact(value) : value));
}

function outer(body: EntryBody): Record<string, unknown> {
  switch (body.kind) {
    case "user":
      return { type: "message", message: { role: "user", content: textContent(body.text) } };
    case "assistant": {
      const { provider, model, stopReason, usage } = body;
      const content = body.content.map(encodePart);
      return { type: "message", message: { role: "assistant", content, provider, model, stopReason, usage } };
    }
    case "tool_result": {
      const { callId: toolCallId, tool: toolName, outcome } = body;
      const content = textContent(body.text);
      return {
        type: "message",
        message: { role: "toolResult", toolCallId, toolName, content, isError: outcome !== "ok" },
      };
    }
    case "compaction":
      return { type: "compaction", summary: body.summary, tokensBefore: body.tokensBefore };
    case "tool_call":
    case "note":
    case "settings":
      return { type: "custom", customType: `lorica.${body.kind}`, data: body };
  }
}

function encodePart(part: AssistantPart): Record<string, unknown> {
  if (part.type === "text") return { type: "text", text: part.text };
  if (part.type === "reasoning") return { type: "thinking", thinking: part.text };
  return { type: "toolCall", id: part.callId, name: part.tool, arguments: part.input };
}

function textContent(text: string): readonly Record<string, string>[] {
  return [{ type: "text", text }];
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
