// How many tokens a prompt has, before anybody has counted: bytes by a ratio that is learned from real usage. Bytes, and
// not characters, because one Chinese character costs about as much as three Latin ones, in bytes and in tokens alike.
import type { LanguageModelV4FunctionTool, LanguageModelV4Message, LanguageModelV4Prompt } from "@ai-sdk/provider";
import { limits } from "../base/limits.ts";

const bytesPerToken = 4;
const bytesPerTokenMin = 1.5;
const bytesPerTokenMax = 8;
const imageTokens = 1_500;
const messageTokens = 4;
/** How much one measurement moves the ratio. */
const learningRate = 0.3;
/** Below this the ratio says more of the overhead than of the text. */
const calibrationBytesMin = 2_000;

export type PromptSize = { readonly bytes: number; readonly fixedTokens: number };

export type Estimator = {
  /** `calibrated` says whether real usage stands behind the figure. */
  estimate(key: string, size: PromptSize): { readonly tokens: number; readonly calibrated: boolean };
  learn(key: string, size: PromptSize, tokens: number): void;
  /** What a message or a tool weighs is found out once: a conversation's are the same ones at each call. */
  measure(prompt: LanguageModelV4Prompt, tools: readonly LanguageModelV4FunctionTool[]): PromptSize;
};

export function createEstimator(): Estimator {
  // In order of use, so that the first key is the one to forget.
  const ratios = new Map<string, number>();
  const sizes: Sizes = new WeakMap();
  return {
    measure: (prompt, tools) => measurePrompt(prompt, tools, sizes),
    estimate(key, size) {
      const ratio = ratios.get(key);
      return { tokens: tokensOf(size, ratio ?? bytesPerToken), calibrated: ratio !== undefined };
    },
    learn(key, size, tokens) {
      if (size.bytes < calibrationBytesMin || tokens <= size.fixedTokens) return;
      const measured = size.bytes / (tokens - size.fixedTokens);
      const known = ratios.get(key);
      const next = known === undefined ? measured : known + (measured - known) * learningRate;
      ratios.delete(key);
      ratios.set(key, Math.min(bytesPerTokenMax, Math.max(bytesPerTokenMin, next)));
      const oldest = ratios.keys().next();
      if (ratios.size > limits.modelCalibrationsMax && oldest.done !== true) ratios.delete(oldest.value);
    },
  };
}

/** An estimate that knows nothing of the session or the model. */
export function estimateTokens(
  prompt: LanguageModelV4Prompt,
  tools: readonly LanguageModelV4FunctionTool[] = [],
): number {
  return tokensOf(measurePrompt(prompt, tools, new WeakMap()), bytesPerToken);
}

export function estimateTextTokens(bytes: number): number {
  return Math.ceil(bytes / bytesPerToken);
}

type Sizes = WeakMap<LanguageModelV4Message | LanguageModelV4FunctionTool, PromptSize>;

function measurePrompt(
  prompt: LanguageModelV4Prompt,
  tools: readonly LanguageModelV4FunctionTool[],
  known: Sizes,
): PromptSize {
  // As JSON they stand in brackets, with a comma between two.
  let bytes = tools.length === 0 ? 0 : tools.length + 1;
  let fixedTokens = 0;
  for (const tool of tools) bytes += sizeOf(tool, known, () => ({ bytes: jsonBytes(tool), fixedTokens: 0 })).bytes;
  for (const message of prompt) {
    const size = sizeOf(message, known, () => measureMessage(message));
    bytes += size.bytes;
    fixedTokens += messageTokens + size.fixedTokens;
  }
  return { bytes, fixedTokens };
}

function sizeOf(
  of: LanguageModelV4Message | LanguageModelV4FunctionTool,
  known: Sizes,
  measure: () => PromptSize,
): PromptSize {
  const found = known.get(of);
  if (found !== undefined) return found;
  const size = measure();
  known.set(of, size);
  return size;
}

function measureMessage(message: LanguageModelV4Message): PromptSize {
  if (message.role === "system") return { bytes: bytesOf(message.content), fixedTokens: 0 };
  let bytes = 0;
  let fixedTokens = 0;
  for (const part of message.content) {
    if (part.type === "text" || part.type === "reasoning") bytes += bytesOf(part.text);
    else if (part.type === "tool-call") bytes += bytesOf(part.toolName) + jsonBytes(part.input);
    else if (part.type === "file") fixedTokens += imageTokens;
    else if (part.type === "tool-result") {
      const size = measureOutput(part.output);
      bytes += size.bytes;
      fixedTokens += size.fixedTokens;
    }
  }
  return { bytes, fixedTokens };
}

type ToolResult = Extract<
  Extract<LanguageModelV4Message, { role: "tool" }>["content"][number],
  { type: "tool-result" }
>;

function measureOutput(output: ToolResult["output"]): PromptSize {
  if (output.type === "text" || output.type === "error-text") return { bytes: bytesOf(output.value), fixedTokens: 0 };
  if (output.type === "execution-denied") return { bytes: bytesOf(output.reason ?? ""), fixedTokens: 0 };
  if (output.type !== "content") return { bytes: jsonBytes(output.value), fixedTokens: 0 };
  const texts = output.value.map((part) => (part.type === "text" ? bytesOf(part.text) : 0));
  const files = output.value.filter((part) => part.type === "file").length;
  return { bytes: texts.reduce((sum, size) => sum + size, 0), fixedTokens: files * imageTokens };
}

function tokensOf(size: PromptSize, ratio: number): number {
  return Math.ceil(size.bytes / ratio) + size.fixedTokens;
}

function jsonBytes(value: unknown): number {
  return bytesOf(JSON.stringify(value) ?? "");
}

function bytesOf(text: string): number {
  return Buffer.byteLength(text);
}
