// What was said before, as the gateway answers it, made into items.
import { isRecord } from "../base/json.ts";
import { assistantItem, noteItem, textOf, thinkingItem, toolItem, userItem } from "./items.ts";
import type { Item } from "./items.ts";

export function itemsOfHistory(messages: readonly unknown[]): readonly Item[] {
  const results = new Map<unknown, Record<string, unknown>>();
  for (const message of messages)
    if (isRecord(message) && message["role"] === "toolResult") results.set(message["toolCallId"], message);
  return messages.flatMap((message, index) => (isRecord(message) ? itemsOf(message, `h${index}`, results) : []));
}

function itemsOf(
  message: Readonly<Record<string, unknown>>,
  id: string,
  results: ReadonlyMap<unknown, Record<string, unknown>>,
): readonly Item[] {
  const { role, content } = message;
  if (role === "user") return [userItem(id, textOf(content))];
  if (role === "system") return [noteItem(id, textOf(content))];
  if (role !== "assistant") return [];
  const blocks = Array.isArray(content) ? content : [{ type: "text", text: textOf(content) }];
  return blocks.flatMap((block: unknown, index): readonly Item[] => {
    if (!isRecord(block)) return [];
    const own = `${id}.${index}`;
    if (block["type"] === "thinking") return [thinkingItem(own, String(block["thinking"] ?? ""))];
    if (block["type"] === "toolCall") return [callItem(own, block, results.get(block["id"]))];
    const text = String(block["text"] ?? "");
    return text === "" ? [] : [assistantItem(own, text)];
  });
}

function callItem(
  id: string,
  block: Readonly<Record<string, unknown>>,
  result: Readonly<Record<string, unknown>> | undefined,
): Item {
  const state = result === undefined ? "running" : result["isError"] === true ? "error" : "ok";
  return toolItem(id, { name: block["name"], args: block["arguments"], state, output: result?.["content"] });
}
