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
};

export function createEstimator(): Estimator {
  // In order of use, so that the first key is the one to forget.
  const ratios = new Map<string, number>();
  return {
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
  return tokensOf(measurePrompt(prompt, tools), bytesPerToken);
}

export function estimateTextTokens(bytes: number): number {
  return Math.ceil(bytes / bytesPerToken);
}

export function measurePrompt(
  prompt: LanguageModelV4Prompt,
  tools: readonly LanguageModelV4FunctionTool[] = [],
): PromptSize {
  let bytes = tools.length === 0 ? 0 : bytesOf(JSON.stringify(tools));
  let fixedTokens = 0;
  for (const message of prompt) {
    const size = measureMessage(message);
    bytes += size.bytes;
    fixedTokens += messageTokens + size.fixedTokens;
  }
  return { bytes, fixedTokens };
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
