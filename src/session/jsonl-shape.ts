// catalogue
// The shapes a transcript line may have: our own entries, and the messages that other tools write.
import { z } from "zod";
import { thinkingLevels } from "../base/envelope.ts";
import { parsed, rejected } from "../base/parsed.ts";
import type { Parsed } from "../base/parsed.ts";
import type { AssistantPart, EntryBody, Usage } from "../base/transcript.ts";

const count = z.int().min(0);
const usage = z.strictObject({
  inputTokens: count,
  outputTokens: count,
  cacheReadTokens: count,
  cacheWriteTokens: count,
  costMicros: z.number().nullable(),
  estimated: z.boolean(),
});
const media = z.array(
  z.strictObject({ id: z.string().regex(/^[0-9a-f]{64}$/), mime: z.string(), bytes: count, name: z.string() }),
);
const part = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("text"), text: z.string() }),
  z.strictObject({ type: z.literal("reasoning"), text: z.string(), provider: z.json().optional() }),
  z.strictObject({
    type: z.literal("tool_call"),
    callId: z.string(),
    tool: z.string(),
    input: z.json(),
    provider: z.json().optional(),
  }),
]);

export const label = z.strictObject({
  integrity: z.enum(["owner", "member", "untrusted"]),
  readers: z.array(z.string()),
});

export const entryBody = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("user"), text: z.string(), media, from: z.string(), inboxId: z.string() }),
  z.strictObject({
    kind: z.literal("assistant"),
    content: z.array(part),
    provider: z.string(),
    model: z.string(),
    usage,
    stopReason: z.enum(["stop", "length", "tool_use", "refusal", "error", "cancelled"]),
  }),
  z.strictObject({ kind: z.literal("tool_call"), callId: z.string(), tool: z.string(), input: z.json() }),
  z.strictObject({
    kind: z.literal("tool_result"),
    callId: z.string(),
    tool: z.string(),
    text: z.string(),
    media,
    outcome: z.enum(["ok", "error", "denied", "cancelled", "unknown"]),
    durationMs: z.number().min(0),
  }),
  z.strictObject({
    kind: z.literal("compaction"),
    summary: z.string(),
    firstKeptSeq: z.int().min(1),
    tokensBefore: count,
  }),
  z.strictObject({ kind: z.literal("note"), text: z.string() }),
  z.strictObject({
    kind: z.literal("settings"),
    model: z.string().optional(),
    thinking: z.enum(thinkingLevels).optional(),
  }),
]);

const block = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text"), text: z.string() }),
  z.object({ type: z.literal("thinking"), thinking: z.string() }),
  z.object({ type: z.literal("toolCall"), id: z.string(), name: z.string(), arguments: z.json() }),
  z.object({ type: z.literal("image") }),
]);
const content = z.union([z.string().transform((text) => [{ type: "text" as const, text }]), z.array(block)]);
const foreignMessage = z.discriminatedUnion("role", [
  z.object({ role: z.literal("user"), content }),
  z.object({
    role: z.literal("assistant"),
    content,
    provider: z.string().default("imported"),
    model: z.string().default("unknown"),
    stopReason: z.string().optional(),
  }),
  z.object({
    role: z.literal("toolResult"),
    content,
    toolCallId: z.string(),
    toolName: z.string().default("unknown"),
    isError: z.boolean().default(false),
  }),
]);
const compaction = z.object({ summary: z.string() });

const noUsage: Usage = {
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  costMicros: null,
  estimated: true,
};

/** Another tool's event as an entry; undefined for events that only its own screens need. */
export function readForeign(line: Readonly<Record<string, unknown>>): Parsed<EntryBody | undefined> {
  if (line["type"] === "compaction" || line["type"] === "branch_summary") {
    const found = compaction.safeParse(line);
    if (!found.success) return rejected("its compaction has no summary");
    return parsed({ kind: "note", text: found.data.summary });
  }
  if (line["type"] !== "message") return parsed(undefined);
  const found = foreignMessage.safeParse(line["message"]);
  if (!found.success) return rejected("its message has none of the known forms");
  return parsed(toBody(found.data));
}

function toBody(message: z.infer<typeof foreignMessage>): EntryBody {
  switch (message.role) {
    case "user":
      return { kind: "user", text: textOf(message.content), media: [], from: "imported", inboxId: "" };
    case "assistant": {
      const { provider, model } = message;
      const parts = message.content.flatMap(toPart);
      const stopReason = parts.some(({ type }) => type === "tool_call") ? "tool_use" : "stop";
      return { kind: "assistant", content: parts, provider, model, usage: noUsage, stopReason };
    }
    case "toolResult": {
      const { toolCallId: callId, toolName: tool } = message;
      const outcome = message.isError ? "error" : "ok";
      return { kind: "tool_result", callId, tool, text: textOf(message.content), media: [], outcome, durationMs: 0 };
    }
  }
}

function textOf(blocks: readonly z.infer<typeof block>[]): string {
  return blocks
    .map((each) => (each.type === "text" ? each.text : each.type === "image" ? "[image, not imported]" : ""))
    .join("");
}

function toPart(each: z.infer<typeof block>): readonly AssistantPart[] {
  if (each.type === "text") return [{ type: "text", text: each.text }];
  if (each.type === "thinking") return [{ type: "reasoning", text: each.thinking }];
  if (each.type === "image") return [];
  return [{ type: "tool_call", callId: each.id, tool: each.name, input: each.arguments }];
}
