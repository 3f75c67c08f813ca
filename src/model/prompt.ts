// Fits one prompt to one model: a conversation may have begun with another provider, with other ids for its tool calls,
// other signatures, and images that this model cannot see. What is left out is said in its place.
import type { LanguageModelV4Message, LanguageModelV4Prompt } from "@ai-sdk/provider";
import { sha256 } from "../base/ids.ts";
import { isRecord } from "../base/json.ts";
import type { Candidate } from "./directory.ts";

type AssistantMessage = Extract<LanguageModelV4Message, { role: "assistant" }>;
type ToolMessage = Extract<LanguageModelV4Message, { role: "tool" }>;
type UserMessage = Extract<LanguageModelV4Message, { role: "user" }>;
type ToolResult = Extract<ToolMessage["content"][number], { type: "tool-result" }>;

export function fitPrompt(prompt: LanguageModelV4Prompt, candidate: Candidate): LanguageModelV4Prompt {
  const lastUser = prompt.findLastIndex((message) => message.role === "user");
  const fitted = prompt.flatMap((message, index): LanguageModelV4Message[] => {
    if (message.role === "system") return [{ ...message, content: wellFormed(message.content) }];
    if (message.role === "user") return [fitUser(message, candidate)];
    if (message.role === "assistant") return fitAssistant(message, candidate, index > lastUser ? "current" : "past");
    return fitTool(message, candidate);
  });
  return candidate.provider.api === "anthropic-messages" ? markCache(fitted) : fitted;
}

/** Most of a long conversation is: what needs no change is not copied, at every call again. */
function isReady({ content }: UserMessage | AssistantMessage): boolean {
  return content.every((part) => part.type === "text" && part.text !== "" && part.text.isWellFormed());
}

function fitUser(message: UserMessage, candidate: Candidate): UserMessage {
  if (isReady(message)) return message;
  const content = message.content.map((part) => {
    if (part.type === "text") return { ...part, text: wellFormed(part.text) };
    if (candidate.info.images || !part.mediaType.startsWith("image/")) return part;
    return { type: "text" as const, text: notSeen(part.filename ?? "an image") };
  });
  return { ...message, content };
}

function fitAssistant(message: AssistantMessage, candidate: Candidate, age: "past" | "current"): AssistantMessage[] {
  if (isReady(message)) return [message];
  const content = message.content.flatMap((part): AssistantMessage["content"] => {
    if (part.type === "text") return part.text === "" ? [] : [{ ...part, text: wellFormed(part.text) }];
    if (part.type === "tool-call")
      return [
        {
          ...part,
          toolCallId: wireId(part.toolCallId),
          input: isRecord(part.input) ? part.input : asObject(part.input),
        },
      ];
    // This format has no signatures: earlier thoughts would only be text, and only those of the running turn are read.
    if (part.type === "reasoning" && candidate.provider.api === "openai-completions" && age === "past") return [];
    return [part];
  });
  return content.length === 0 ? [] : [{ ...message, content }];
}

/** A chat-completions server takes text as a tool's result; images follow in a message of their own. */
function fitTool(message: ToolMessage, candidate: Candidate): LanguageModelV4Message[] {
  const textOnly = candidate.provider.api === "openai-completions";
  const images: UserMessage["content"] = [];
  const content = message.content.map((part): ToolMessage["content"][number] => {
    if (part.type !== "tool-result") return part;
    const output = fitOutput(part.output, candidate);
    if (!textOnly || output.type !== "content") return { ...part, toolCallId: wireId(part.toolCallId), output };
    images.push(...output.value.flatMap((item) => (item.type === "file" ? [item] : [])));
    const text = output.value
      .map((item) => (item.type === "text" ? item.text : "(an image, in the next message)"))
      .join("\n");
    return { ...part, toolCallId: wireId(part.toolCallId), output: { type: "text", value: text } };
  });
  return images.length === 0
    ? [{ ...message, content }]
    : [
        { ...message, content },
        { role: "user", content: images },
      ];
}

function fitOutput(output: ToolResult["output"], candidate: Candidate): ToolResult["output"] {
  if (output.type === "text" || output.type === "error-text") return { ...output, value: wellFormed(output.value) };
  if (output.type !== "content") return output;
  const value = output.value.map((item) => {
    if (item.type === "text") return { ...item, text: wellFormed(item.text) };
    if (item.type !== "file" || candidate.info.images) return item;
    return { type: "text" as const, text: notSeen(item.filename ?? "an image") };
  });
  return { type: "content", value };
}

/**
 * Everything up to a mark is read from the cache where a later request begins with it. The first mark keeps tools and
 * system prompt, the last one the conversation.
 */
function markCache(prompt: LanguageModelV4Prompt): LanguageModelV4Prompt {
  const lastSystem = prompt.findLastIndex((message) => message.role === "system");
  return prompt.map((message, index) => {
    if (index !== lastSystem && index !== prompt.length - 1) return message;
    const anthropic = { ...message.providerOptions?.anthropic, cacheControl: { type: "ephemeral" } };
    return { ...message, providerOptions: { ...message.providerOptions, anthropic } };
  });
}

/** Ids of one provider may hold characters that another refuses. */
function wireId(id: string): string {
  return /^[A-Za-z0-9_-]{1,64}$/.test(id) ? id : `call_${sha256(id).slice(0, 32)}`;
}

/** What the model wrote where an object was due: it sees it again, in a form that every provider accepts. */
function asObject(input: unknown): { readonly invalid_arguments: string } {
  return { invalid_arguments: typeof input === "string" ? input : JSON.stringify(input ?? null) };
}

/** Half of a surrogate pair is not UTF-8, and makes a whole request invalid. */
function wellFormed(text: string): string {
  return text.isWellFormed() ? text : text.toWellFormed();
}

function notSeen(name: string): string {
  return `(${name} was attached, but this model cannot see images)`;
}
