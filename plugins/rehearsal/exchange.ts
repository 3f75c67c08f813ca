// What the rehearsal model sees of a prompt: the last message of a person, and what tools have answered since.
import type { LanguageModelV4Message, LanguageModelV4Prompt } from "@ai-sdk/provider";

export type Exchange = {
  /** A person's own words in the last user message: the only place where grammar is ever read. */
  readonly asked: string;
  /** How many answers the model has given since. */
  readonly step: number;
  /** What the tools of the step before answered, in their order. */
  readonly results: readonly string[];
};

type ToolMessage = Extract<LanguageModelV4Message, { role: "tool" }>;
type ToolResult = Extract<ToolMessage["content"][number], { type: "tool-result" }>;

export function readExchange(prompt: LanguageModelV4Prompt): Exchange {
  const lastUser = prompt.findLastIndex((message) => message.role === "user");
  const since = prompt.slice(lastUser + 1);
  const lastAnswer = since.findLastIndex((message) => message.role === "assistant");
  return {
    asked: wordsOf(prompt[lastUser]),
    step: since.filter((message) => message.role === "assistant").length,
    results: since.slice(lastAnswer + 1).flatMap(resultsOf),
  };
}

/**
 * One user message may hold more than the last one's words: summaries, notes and headers stand in parts before them,
 * and begin with `[#`, which nobody's words do. None of these is ever read.
 */
function wordsOf(message: LanguageModelV4Message | undefined): string {
  if (message?.role !== "user") return "";
  const last = message.content.findLast((part) => part.type === "text");
  return last?.type === "text" && !last.text.startsWith("[#") ? last.text : "";
}

function resultsOf(message: LanguageModelV4Message): readonly string[] {
  if (message.role !== "tool") return [];
  return message.content.flatMap((part) => (part.type === "tool-result" ? [outputText(part.output)] : []));
}

function outputText(output: ToolResult["output"]): string {
  switch (output.type) {
    case "text":
    case "error-text":
      return output.value;
    case "execution-denied":
      return output.reason ?? "denied";
    case "content":
      return output.value.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n");
    default:
      return JSON.stringify(output.value);
  }
}
