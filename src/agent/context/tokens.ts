// What a text will cost, before anybody counts it. Errs on the high side: an overflow costs a call, a spare reserve nothing.
import type { LanguageModelV4FunctionTool } from "@ai-sdk/provider";
import type { Entry } from "../../store/store.ts";

/** Bytes and not characters: a Chinese one costs about as much as three Latin ones, in bytes as in tokens. */
const bytesPerToken = 3.6;
const imageTokens = 1_500;
const messageTokens = 4;

export function estimateText(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / bytesPerToken);
}

export function estimateTools(tools: readonly LanguageModelV4FunctionTool[]): number {
  return tools.reduce((sum, tool) => sum + estimateText(JSON.stringify(tool)), 0);
}

export type Estimator = { entry(entry: Entry): number; entries(entries: readonly Entry[]): number };

export function createEstimator(): Estimator {
  // Entries never change once they are stored, so each is measured once for as long as anybody holds it.
  const measured = new WeakMap<Entry, number>();
  function estimate(entry: Entry): number {
    const known = measured.get(entry);
    if (known !== undefined) return known;
    const tokens = messageTokens + measure(entry);
    measured.set(entry, tokens);
    return tokens;
  }
  return { entry: estimate, entries: (entries) => entries.reduce((sum, entry) => sum + estimate(entry), 0) };
}

function measure({ body }: Entry): number {
  switch (body.kind) {
    case "user":
      return estimateText(body.text) + estimateText(body.from) + 12 + body.media.length * imageTokens;
    case "assistant":
      return estimateText(
        body.content
          .map((part) => (part.type === "tool_call" ? part.tool + JSON.stringify(part.input) : part.text))
          .join(""),
      );
    case "tool_result":
      return estimateText(body.text) + body.media.length * imageTokens;
    case "compaction":
      return estimateText(body.summary);
    case "note":
      return estimateText(body.text);
    case "tool_call":
    case "settings":
      return 0;
  }
}
