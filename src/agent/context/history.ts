// Stored entries → the messages a provider is sent. Pure: the same entries give the same messages, byte for byte, so
// that the prefix of one turn is the prefix of the next.
import type { LanguageModelV4Message, LanguageModelV4TextPart } from "@ai-sdk/provider";
import type { LanguageModelV4ToolResultOutput, LanguageModelV4ToolResultPart } from "@ai-sdk/provider";
import { isRecord } from "../../base/json.ts";
import type { AssistantPart } from "../../base/transcript.ts";
import type { Entry } from "../../store/store.ts";
import type { PruningSettings } from "../settings.ts";
import type { Renderer } from "./envelope.ts";
import type { Shown } from "./media.ts";
import { pruneResult } from "./prune.ts";
import type { PruneLine } from "./prune.ts";
import type { Visible } from "./visible.ts";

type AssistantMessage = Extract<LanguageModelV4Message, { role: "assistant" }>;
type Assistant = AssistantMessage["content"][number];
type ProviderOptions = NonNullable<LanguageModelV4TextPart["providerOptions"]>;
type UserMessage = Extract<LanguageModelV4Message, { role: "user" }>;

export type HistoryView = {
  readonly turnId: string;
  /** Reasoning and call metadata go back only to the provider they came from. */
  readonly provider: string;
  readonly renderer: Renderer;
  readonly media: Shown;
  readonly line: PruneLine;
  readonly pruning: PruningSettings;
};

/** Stands where an answer would: models expect one, and a message that was given up must not run into the next. */
const unanswered = "(This was not answered.)";
const notRun = "This call was not run: the turn ended before it.";
const lost = "No result was recorded: the turn ended while this ran. Whether it took effect is not known.";

export function encodeHistory(visible: Visible, view: HistoryView): LanguageModelV4Message[] {
  const messages: LanguageModelV4Message[] = [];
  const results = createResults(visible.entries);
  let previous: Entry | undefined;
  if (visible.compaction?.body.kind === "compaction")
    pushUser(messages, said(`[#summary of the conversation before this]\n${visible.compaction.body.summary}`));
  for (const entry of visible.entries) {
    const { body } = entry;
    if (body.kind === "user") {
      if (previous !== undefined && previous.turnId !== entry.turnId && messages.at(-1)?.role === "user")
        messages.push({ role: "assistant", content: [text(unanswered)] });
      pushUser(messages, userMessage(entry, view, previous?.at));
      previous = entry;
    }
    if (body.kind === "note") pushUser(messages, said(`[#note]\n${body.text}`));
    if (body.kind === "assistant" && !isScrap(entry, visible.entries, view.turnId))
      pushAssistant(messages, entry, { view, results });
  }
  return messages;
}

/** Strict chat templates want user and assistant in turn, so what follows a user message of its own turn joins it. */
function pushUser(messages: LanguageModelV4Message[], message: UserMessage): void {
  const last = messages.at(-1);
  if (last?.role !== "user") messages.push(message);
  // The message before is made once and belongs to later prompts, too: the two are joined in a third.
  else messages[messages.length - 1] = { role: "user", content: [...last.content, ...message.content] };
}

function said(value: string): UserMessage {
  return { role: "user", content: [text(value)] };
}

function userMessage(entry: Entry, { renderer, media }: HistoryView, previousAt: number | undefined): UserMessage {
  const refs = entry.body.kind === "user" ? entry.body.media : [];
  const make = (): UserMessage => {
    const { header, words } = renderer.message(entry, previousAt);
    // The person's own words come last: whatever reads only the end of a prompt reads them.
    return { role: "user", content: [header, ...refs.flatMap((ref) => media.parts(ref, entry.seq)), ...words] };
  };
  // What is shown of an attachment differs from call to call.
  return refs.length === 0 ? renderer.once(entry, previousAt, make) : make();
}

/** What an aborted answer said is worth keeping only where no other answer came after it in the same turn. */
function isScrap(entry: Entry, entries: readonly Entry[], turnId: string): boolean {
  if (entry.body.kind !== "assistant" || entry.body.stopReason !== "cancelled") return false;
  if (entry.turnId === turnId) return true;
  return entries.some(
    (other) => other.turnId === entry.turnId && other.seq > entry.seq && other.body.kind === "assistant",
  );
}

function pushAssistant(
  messages: LanguageModelV4Message[],
  entry: Entry,
  options: { readonly view: HistoryView; readonly results: Results },
): void {
  if (entry.body.kind !== "assistant") return;
  const { content, provider } = entry.body;
  const own = provider === options.view.provider;
  const message = options.view.renderer.once(entry, own, (): AssistantMessage => ({
    role: "assistant",
    content: content.flatMap((part) => encodePart(part, own)),
  }));
  if (message.content.length === 0) return;
  messages.push(message);
  const answers = content.flatMap((part) =>
    part.type === "tool_call" ? [encodeResult(part, options.results.take(part.callId, entry.seq), options)] : [],
  );
  if (answers.length > 0) messages.push({ role: "tool", content: answers });
}

function encodePart(part: AssistantPart, own: boolean): readonly Assistant[] {
  const metadata = own ? providerOptions(part) : {};
  if (part.type === "text") return part.text.trim() === "" ? [] : [{ type: "text", text: part.text, ...metadata }];
  // To another provider it is only text that nobody said.
  if (part.type === "reasoning") return own ? [{ type: "reasoning", text: part.text, ...metadata }] : [];
  const input = isRecord(part.input) ? part.input : { invalid: part.input };
  return [{ type: "tool-call", toolCallId: part.callId, toolName: part.tool, input, ...metadata }];
}

function providerOptions(part: { readonly provider?: unknown }): { readonly providerOptions?: ProviderOptions } {
  return isRecord(part.provider) ? { providerOptions: part.provider as ProviderOptions } : {};
}

function encodeResult(
  call: { readonly callId: string; readonly tool: string },
  found: { readonly entry: Entry | undefined; readonly started: boolean },
  options: { readonly view: HistoryView },
): LanguageModelV4ToolResultPart {
  const output: LanguageModelV4ToolResultOutput =
    found.entry === undefined
      ? { type: "error-text", value: found.started ? lost : notRun }
      : resultOutput(found.entry, options.view);
  return { type: "tool-result", toolCallId: call.callId, toolName: call.tool, output };
}

function resultOutput(entry: Entry, view: HistoryView): LanguageModelV4ToolResultOutput {
  if (entry.body.kind !== "tool_result") return { type: "text", value: "" };
  const value = pruneResult(entry.body.text, entry.seq, { line: view.line, settings: view.pruning });
  const shown = entry.body.media.flatMap((ref) => view.media.parts(ref, entry.seq));
  if (shown.length > 0) return { type: "content", value: [text(value), ...shown] };
  return entry.body.outcome === "ok" ? { type: "text", value } : { type: "error-text", value };
}

function text(value: string): { type: "text"; text: string } {
  return { type: "text", text: value };
}

type Results = {
  take(callId: string, afterSeq: number): { readonly entry: Entry | undefined; readonly started: boolean };
};

/** Results by call id. Each is used once, and only by a call that came before it: ids may repeat in old transcripts. */
function createResults(entries: readonly Entry[]): Results {
  const results = new Map<string, Entry[]>();
  const started = new Set<string>();
  for (const entry of entries) {
    if (entry.body.kind === "tool_call") started.add(entry.body.callId);
    if (entry.body.kind !== "tool_result") continue;
    const known = results.get(entry.body.callId);
    if (known === undefined) results.set(entry.body.callId, [entry]);
    else known.push(entry);
  }
  return {
    take(callId, afterSeq) {
      const known = results.get(callId) ?? [];
      const at = known.findIndex((entry) => entry.seq > afterSeq);
      return { entry: at < 0 ? undefined : known.splice(at, 1)[0], started: started.has(callId) };
    },
  };
}
