// Puts the parts of a stream together: what the model said, thought and called, in the order in which it began.
import type { LanguageModelV4StreamPart, SharedV4ProviderMetadata } from "@ai-sdk/provider";
import { isRecord, parseJson } from "../base/json.ts";
import type { Json } from "../base/json.ts";
import { limits } from "../base/limits.ts";
import type { AssistantPart, StopReason } from "../base/transcript.ts";
import type { ModelEvent } from "./models.ts";

export type Finish = Extract<LanguageModelV4StreamPart, { type: "finish" }>;

export type Answer = {
  /** Takes one part; answers what a watcher may see of it. */
  accept(part: LanguageModelV4StreamPart): ModelEvent | undefined;
  content(): readonly AssistantPart[];
  /** Bytes of everything that the model wrote, for an estimate of its tokens. */
  bytes(): number;
  isFull(): boolean;
};

type Draft = { readonly kind: "text" | "reasoning"; text: string; metadata: SharedV4ProviderMetadata };
type Called = Extract<AssistantPart, { type: "tool_call" }>;

export function createAnswer(): Answer {
  const parts: (Draft | Called)[] = [];
  const drafts = new Map<string, Draft>();
  const callIds = new Set<string>();
  let bytes = 0;
  let chars = 0;

  function draft(kind: Draft["kind"], id: string, metadata: SharedV4ProviderMetadata | undefined): Draft {
    const key = `${kind}:${id}`;
    const found = drafts.get(key) ?? { kind, text: "", metadata: {} };
    if (!drafts.has(key)) parts.push(found);
    drafts.set(key, found);
    for (const [name, values] of Object.entries(metadata ?? {}))
      found.metadata = { ...found.metadata, [name]: { ...found.metadata[name], ...values } };
    return found;
  }

  function write(kind: Draft["kind"], part: Delta): ModelEvent | undefined {
    draft(kind, part.id, part.providerMetadata).text += part.delta;
    count(part.delta);
    return part.delta === "" ? undefined : { type: kind, delta: part.delta };
  }

  function count(text: string): void {
    chars += text.length;
    bytes += Buffer.byteLength(text);
  }

  return {
    accept(part) {
      if (part.type === "text-delta") return write("text", part);
      if (part.type === "reasoning-delta") return write("reasoning", part);
      if (part.type === "text-start" || part.type === "text-end") draft("text", part.id, part.providerMetadata);
      if (part.type === "reasoning-start" || part.type === "reasoning-end")
        draft("reasoning", part.id, part.providerMetadata);
      if (part.type === "text-end" || part.type === "reasoning-end")
        // The next part with the same id, as some formats have, is another one.
        drafts.delete(`${part.type === "text-end" ? "text" : "reasoning"}:${part.id}`);
      if (part.type === "tool-input-delta") count(part.delta);
      if (part.type === "tool-call" && part.providerExecuted !== true) parts.push(callOf(part, callIds));
      return undefined;
    },
    content: () => parts.flatMap(contentOf),
    bytes: () => bytes,
    isFull: () => chars > limits.modelAnswerMaxChars,
  };
}

type Delta = { readonly id: string; readonly delta: string; readonly providerMetadata?: SharedV4ProviderMetadata };

/** Nothing to read and nothing to do: as good as no answer. */
export function isEmpty(content: readonly AssistantPart[]): boolean {
  return content.every((part) => part.type === "reasoning" || (part.type === "text" && part.text.trim() === ""));
}

export function stopReasonOf(finish: Finish, content: readonly AssistantPart[]): StopReason {
  const { unified } = finish.finishReason;
  if (unified === "content-filter") return "refusal";
  if (unified === "length") return "length";
  // Some local servers say `stop` when they call a tool.
  if (content.some((part) => part.type === "tool_call")) return "tool_use";
  return unified === "error" ? "error" : "stop";
}

function contentOf(part: Draft | Called): readonly AssistantPart[] {
  if ("type" in part) return [part];
  const provider = Object.keys(part.metadata).length === 0 ? {} : { provider: part.metadata as Json };
  if (part.kind === "text") return part.text === "" ? [] : [{ type: "text", text: part.text, ...provider }];
  return part.text === "" && !("provider" in provider) ? [] : [{ type: "reasoning", text: part.text, ...provider }];
}

function callOf(part: Extract<LanguageModelV4StreamPart, { type: "tool-call" }>, known: Set<string>): Called {
  const callId = uniqueId(part.toolCallId, known);
  known.add(callId);
  const provider = part.providerMetadata === undefined ? {} : { provider: part.providerMetadata as Json };
  return { type: "tool_call", callId, tool: part.toolName, input: parseInput(part.input), ...provider };
}

/**
 * Arguments that are not a JSON object stay the text they are: no tool's schema takes a string, so the model is told
 * that its arguments are invalid and sees what it wrote.
 */
function parseInput(text: string): Json {
  if (text.trim() === "") return {};
  if (text.length > limits.toolArgumentsMaxChars) return `${text.slice(0, 1_000)}… (${text.length} characters)`;
  const json = parseJson(text);
  return json.ok && isRecord(json.value) ? json.value : text;
}

/** Some servers give every call of an answer the same id, or none. */
function uniqueId(id: string, known: ReadonlySet<string>): string {
  const base = id.trim() === "" ? "call" : id;
  let unique = base;
  for (let number = 2; known.has(unique); number++) unique = `${base}-${number}`;
  return unique;
}
