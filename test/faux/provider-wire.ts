// What model providers put on the wire, in each of their formats, for one and the same answer.

export type FauxCall = { readonly id: string; readonly name: string; readonly input: string };

export type FauxAnswer = {
  readonly text?: string;
  readonly thinking?: { readonly text: string; readonly signature: string };
  readonly calls?: readonly FauxCall[];
  /** Input counts without the cache; null tells nothing. */
  readonly usage?: FauxUsage | null;
  readonly stop?: "stop" | "length" | "refusal";
};

export type FauxUsage = {
  readonly input: number;
  readonly output: number;
  readonly cacheRead?: number;
  readonly cacheWrite?: number;
};

export type WireFormat = "anthropic" | "chat" | "responses" | "google";

const defaultUsage: FauxUsage = { input: 100, output: 20 };

/** The events of a streamed answer, each a complete server-sent event. */
export function encodeStream(format: WireFormat, answer: FauxAnswer): readonly string[] {
  switch (format) {
    case "anthropic":
      return anthropicEvents(answer);
    case "chat":
      return chatEvents(answer);
    case "responses":
      return responsesEvents(answer);
    case "google":
      return googleEvents(answer);
  }
}

/** The body of an answer that is not streamed. */
export function encodeWhole(format: WireFormat, answer: FauxAnswer): unknown {
  const usage = answer.usage ?? defaultUsage;
  if (format === "anthropic") {
    const content = [{ type: "text", text: answer.text ?? "" }];
    const counted = { input_tokens: usage.input, output_tokens: usage.output };
    return {
      id: "msg_1",
      type: "message",
      role: "assistant",
      model: "m",
      content,
      stop_reason: "end_turn",
      usage: counted,
    };
  }
  const message = { role: "assistant", content: answer.text ?? "" };
  return { id: "c1", model: "m", choices: [{ index: 0, message, finish_reason: "stop" }], usage: chatUsage(usage) };
}

/** An error that comes in the middle of a stream. */
export function encodeStreamError(
  format: WireFormat,
  kind: "overloaded_error" | "rate_limit_error" | "api_error",
): string {
  const error = { type: kind, message: "in the middle of the stream" };
  if (format === "anthropic") return named("error", { type: "error", error });
  if (format === "responses")
    return data({ type: "error", sequence_number: 9, error: { ...error, code: kind, param: null } });
  return data({ error: { ...error, code: kind } });
}

/** Splits into halves, so that text and arguments come in more than one piece. */
function halves(text: string): readonly string[] {
  const middle = Math.ceil(text.length / 2);
  return [text.slice(0, middle), text.slice(middle)].filter((half) => half !== "");
}

function anthropicEvents(answer: FauxAnswer): readonly string[] {
  const usage = answer.usage === undefined ? defaultUsage : answer.usage;
  const counted =
    usage === null
      ? { input_tokens: 0, output_tokens: 0 }
      : {
          input_tokens: usage.input,
          output_tokens: 1,
          cache_read_input_tokens: usage.cacheRead ?? 0,
          cache_creation_input_tokens: usage.cacheWrite ?? 0,
        };
  const message = { id: "msg_1", type: "message", role: "assistant", model: "m", content: [], usage: counted };
  const events = [named("message_start", { type: "message_start", message: { ...message, stop_reason: null } })];
  const blocks = anthropicBlocks(answer);
  for (const [index, { start, deltas }] of blocks.entries()) {
    events.push(named("content_block_start", { type: "content_block_start", index, content_block: start }));
    for (const delta of deltas)
      events.push(named("content_block_delta", { type: "content_block_delta", index, delta }));
    events.push(named("content_block_stop", { type: "content_block_stop", index }));
  }
  const reasons = {
    stop: answer.calls === undefined ? "end_turn" : "tool_use",
    length: "max_tokens",
    refusal: "refusal",
  };
  const delta = { stop_reason: reasons[answer.stop ?? "stop"], stop_sequence: null };
  events.push(named("message_delta", { type: "message_delta", delta, usage: { output_tokens: usage?.output ?? 0 } }));
  return [...events, named("message_stop", { type: "message_stop" })];
}

type Block = { readonly start: object; readonly deltas: readonly object[] };

function anthropicBlocks({ thinking, text, calls = [] }: FauxAnswer): readonly Block[] {
  const blocks: Block[] = [];
  if (thinking !== undefined)
    blocks.push({
      start: { type: "thinking", thinking: "", signature: "" },
      deltas: [
        ...halves(thinking.text).map((half) => ({ type: "thinking_delta", thinking: half })),
        { type: "signature_delta", signature: thinking.signature },
      ],
    });
  if (text !== undefined)
    blocks.push({
      start: { type: "text", text: "" },
      deltas: halves(text).map((half) => ({ type: "text_delta", text: half })),
    });
  for (const call of calls)
    blocks.push({
      start: { type: "tool_use", id: call.id, name: call.name, input: {} },
      deltas: halves(call.input).map((half) => ({ type: "input_json_delta", partial_json: half })),
    });
  return blocks;
}

function chatEvents({ text, thinking, calls = [], usage, stop = "stop" }: FauxAnswer): readonly string[] {
  const chunk = (delta: object, finish: string | null = null): string =>
    data({
      id: "c1",
      object: "chat.completion.chunk",
      created: 1,
      model: "m",
      choices: [{ index: 0, delta, finish_reason: finish }],
    });
  const events = [chunk({ role: "assistant", content: "" })];
  for (const half of halves(thinking?.text ?? "")) events.push(chunk({ reasoning_content: half }));
  for (const half of halves(text ?? "")) events.push(chunk({ content: half }));
  for (const [index, call] of calls.entries()) {
    const head = { index, id: call.id, type: "function", function: { name: call.name, arguments: "" } };
    events.push(chunk({ tool_calls: [head] }));
    for (const half of halves(call.input))
      events.push(chunk({ tool_calls: [{ index, function: { arguments: half } }] }));
  }
  const reasons = { stop: calls.length > 0 ? "tool_calls" : "stop", length: "length", refusal: "content_filter" };
  events.push(chunk({}, reasons[stop]));
  if (usage !== null)
    events.push(data({ id: "c1", created: 1, model: "m", choices: [], usage: chatUsage(usage ?? defaultUsage) }));
  return [...events, "data: [DONE]\n\n"];
}

function chatUsage(usage: FauxUsage): object {
  const prompt = usage.input + (usage.cacheRead ?? 0) + (usage.cacheWrite ?? 0);
  return {
    prompt_tokens: prompt,
    completion_tokens: usage.output,
    total_tokens: prompt + usage.output,
    prompt_tokens_details: { cached_tokens: usage.cacheRead ?? 0 },
  };
}

function responsesEvents({ text, thinking, calls = [], usage, stop = "stop" }: FauxAnswer): readonly string[] {
  const events: string[] = [];
  const send = (event: object): void => void events.push(data({ ...event, sequence_number: events.length }));
  send({ type: "response.created", response: { id: "r1", created_at: 1, model: "m" } });
  let output = 0;
  const item = (added: object, done: object, between: readonly object[]): void => {
    send({ type: "response.output_item.added", output_index: output, item: added });
    for (const event of between) send({ ...event, output_index: output });
    send({ type: "response.output_item.done", output_index: output, item: done });
    output += 1;
  };
  if (thinking !== undefined) {
    const reasoning = { type: "reasoning", id: "rs1", summary: [], encrypted_content: thinking.signature };
    const deltas = halves(thinking.text).map((delta) => summaryDelta(delta));
    item({ ...reasoning, encrypted_content: null }, reasoning, deltas);
  }
  if (text !== undefined) {
    const message = { type: "message", id: "m1", role: "assistant", content: [] };
    item(
      message,
      message,
      halves(text).map((delta) => ({ type: "response.output_text.delta", item_id: "m1", delta })),
    );
  }
  for (const call of calls) {
    const made = { type: "function_call", id: `f${output}`, call_id: call.id, name: call.name, status: "completed" };
    const deltas = halves(call.input).map((delta) => ({
      type: "response.function_call_arguments.delta",
      item_id: made.id,
      delta,
    }));
    item({ ...made, arguments: "" }, { ...made, arguments: call.input }, deltas);
  }
  const reasons = { stop: null, length: { reason: "max_output_tokens" }, refusal: { reason: "content_filter" } };
  const counted = usage === null ? null : responsesUsage(usage ?? defaultUsage);
  const type = stop === "stop" ? "response.completed" : "response.incomplete";
  send({ type, response: { incomplete_details: reasons[stop], usage: counted } });
  return events;
}

function summaryDelta(delta: string): object {
  return { type: "response.reasoning_summary_text.delta", item_id: "rs1", summary_index: 0, delta };
}

function responsesUsage(usage: FauxUsage): object {
  const input = usage.input + (usage.cacheRead ?? 0) + (usage.cacheWrite ?? 0);
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: usage.cacheRead ?? 0 },
    output_tokens: usage.output,
    output_tokens_details: { reasoning_tokens: 0 },
  };
}

function googleEvents({ text, thinking, calls = [], usage, stop = "stop" }: FauxAnswer): readonly string[] {
  const parts: object[] = halves(thinking?.text ?? "").map((half) => ({ text: half, thought: true }));
  for (const half of halves(text ?? "")) parts.push({ text: half });
  for (const [index, call] of calls.entries()) {
    // The signature of the thoughts comes with the first call.
    const signed = index === 0 && thinking !== undefined ? { thoughtSignature: thinking.signature } : {};
    parts.push({ functionCall: { id: call.id, name: call.name, args: parseArgs(call.input) }, ...signed });
  }
  const events = parts.map((part) => data({ candidates: [{ content: { role: "model", parts: [part] } }] }));
  const reasons = { stop: "STOP", length: "MAX_TOKENS", refusal: "SAFETY" };
  const counted = usage === null ? {} : { usageMetadata: googleUsage(usage ?? defaultUsage) };
  const candidates = [{ content: { role: "model", parts: [] }, finishReason: reasons[stop] }];
  return [...events, data({ candidates, ...counted })];
}

function googleUsage(usage: FauxUsage): object {
  const prompt = usage.input + (usage.cacheRead ?? 0) + (usage.cacheWrite ?? 0);
  return {
    promptTokenCount: prompt,
    cachedContentTokenCount: usage.cacheRead ?? 0,
    candidatesTokenCount: usage.output,
    totalTokenCount: prompt + usage.output,
  };
}

/** This format has no way to say arguments that are not JSON. */
function parseArgs(input: string): unknown {
  return JSON.parse(input);
}

function named(event: string, value: unknown): string {
  return `event: ${event}\n${data(value)}`;
}

function data(value: unknown): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}
