// POST /v1/chat/completions. The agent's own tools run unseen between the deltas; a client gets text, as from a model.
import type { TurnEvent, TurnOutcome } from "../../agent/agent.ts";
import { isRecord } from "../../base/json.ts";
import { limits } from "../../base/limits.ts";
import type { Usage } from "../../base/transcript.ts";
import { createStreamedText } from "./streamed-text.ts";
import { HttpProblem, sendJson } from "./answer.ts";
import { startCall } from "./call.ts";
import type { ApiDeps, Ask, Caller } from "./call.ts";
import { parseContent } from "./content.ts";
import type { Said } from "./content.ts";
import { openEventStream } from "./event-stream.ts";
import { problemOf, promptTokens } from "./outcome.ts";
import { flag, given, isFilled, optionalCount, optionalText, refuse } from "./params.ts";
import { findTarget } from "./target.ts";

type ChatRequest = {
  readonly model: string;
  readonly said: readonly Said[];
  readonly instructions: string;
  readonly user: string | undefined;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  readonly outputTokensMax: number | undefined;
};

type Head = { readonly id: string; readonly created: number; readonly model: string };
type Done = Extract<TurnOutcome, { readonly status: "done" }>;

const finishReasons: Readonly<Record<string, string>> = { length: "length", refusal: "content_filter" };

export async function answerChat(deps: ApiDeps, caller: Caller, body: Record<string, unknown>): Promise<void> {
  const request = parseChat(body);
  const { model, user } = request;
  const target = await findTarget(deps.edge, caller.req, { api: "openai", model, user, previousKey: undefined });
  const ask = { ...request, target, body };
  const created = Math.floor(deps.edge.clock.now() / 1_000);
  if (request.stream) return streamChat(deps, caller, { ...ask, created });
  const call = await startCall(deps, caller, { ...ask, onEvent: () => undefined });
  try {
    const outcome = await call.outcome;
    if (outcome.status !== "done") {
      return sendJson(caller.res, problemOf(deps.edge, outcome));
    }
    sendJson(caller.res, { status: 200, body: completion({ id: chatId(call.runId), created, model }, outcome) });
  } finally {
    call.close();
  }
}

async function streamChat(
  deps: ApiDeps,
  caller: Caller,
  ask: Ask & ChatRequest & { readonly created: number },
): Promise<void> {
  const text = createStreamedText();
  const early: TurnEvent[] = [];
  let onEvent = (event: TurnEvent): void => void early.push(event);
  const call = await startCall(deps, caller, { ...ask, onEvent: (event) => onEvent(event) });
  const head: Head = { id: chatId(call.runId), created: ask.created, model: ask.model };
  const stream = openEventStream(caller.res, deps.commentIntervalMs);
  const say = (content: string): void => {
    if (content !== "") stream.send(chunk(head, { content }, null));
  };
  stream.send(chunk(head, { role: "assistant", content: "" }, null));
  onEvent = (event) => {
    if (event.type === "text") say(text.follow(event.text));
    if (event.type === "tool_started") text.endAnswer();
  };
  for (const event of early) onEvent(event);
  try {
    const outcome = await call.outcome;
    if (outcome.status !== "done") stream.send(problemOf(deps.edge, outcome).body);
    else {
      say(text.finish(outcome.text));
      stream.send(chunk(head, {}, finishReasons[outcome.stopReason] ?? "stop"));
      if (ask.includeUsage) stream.send({ ...chunkHead(head), choices: [], usage: usageOf(outcome.usage) });
      stream.done();
    }
    stream.end();
  } finally {
    call.close();
  }
}

function parseChat(body: Record<string, unknown>): ChatRequest {
  refuseUnserved(body);
  const { said, instructions } = parseMessages(body["messages"]);
  const options = isRecord(body["stream_options"]) ? body["stream_options"] : {};
  return {
    model: optionalText(body, "model") ?? "openclaw",
    said,
    instructions,
    user: optionalText(body, "user"),
    stream: flag(body, "stream"),
    includeUsage: options["include_usage"] === true,
    outputTokensMax: optionalCount(body, "max_completion_tokens") ?? optionalCount(body, "max_tokens"),
  };
}

function parseMessages(messages: unknown): { readonly said: readonly Said[]; readonly instructions: string } {
  if (!Array.isArray(messages) || messages.length === 0)
    throw new HttpProblem(400, "messages must be a list of at least one message", { param: "messages" });
  if (messages.length > limits.chatMessagesMax)
    throw new HttpProblem(400, `messages holds more than ${limits.chatMessagesMax}`, { param: "messages" });
  const said: Said[] = [];
  const instructions: string[] = [];
  messages.forEach((message: unknown, index) => {
    const param = `messages[${index}]`;
    if (!isRecord(message)) throw new HttpProblem(400, `${param} must be an object`, { param });
    const { text, media } = parseContent(message["content"], `${param}.content`);
    const role = message["role"];
    if (role === "system" || role === "developer") instructions.push(text);
    else if (role === "user" || role === "assistant") said.push({ role, text, media });
    else if (role === "tool" || role === "function") said.push({ role: "tool", text, media });
    else throw new HttpProblem(400, `${param}.role must be system, developer, user, assistant or tool`, { param });
  });
  return { said, instructions: instructions.join("\n\n") };
}

function refuseUnserved(body: Record<string, unknown>): void {
  if (isFilled(body["tools"]) || isFilled(body["functions"]))
    refuse("tools", "tools that the client runs are not built yet; the agent uses its own");
  if (given(body["n"]) && body["n"] !== 1) refuse("n", "one answer is all there is");
  const format = isRecord(body["response_format"]) ? body["response_format"]["type"] : undefined;
  if (given(format) && format !== "text") refuse("response_format", "only text is built; ask for JSON in words");
  if (Array.isArray(body["modalities"]) && body["modalities"].some((one) => one !== "text"))
    refuse("modalities", "only text is built");
  if (body["logprobs"] === true) refuse("logprobs", "an agent has none");
}

function completion(head: Head, outcome: Done): unknown {
  return {
    id: head.id,
    object: "chat.completion",
    created: head.created,
    model: head.model,
    choices: [
      {
        index: 0,
        message: { role: "assistant", content: outcome.text, refusal: null },
        logprobs: null,
        finish_reason: finishReasons[outcome.stopReason] ?? "stop",
      },
    ],
    usage: usageOf(outcome.usage),
  };
}

function chunkHead({ id, created, model }: Head) {
  return { id, object: "chat.completion.chunk", created, model };
}

function chunk(head: Head, delta: unknown, finishReason: string | null): unknown {
  return { ...chunkHead(head), choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }] };
}

function usageOf(usage: Usage): unknown {
  const prompt = promptTokens(usage);
  return {
    prompt_tokens: prompt,
    completion_tokens: usage.outputTokens,
    total_tokens: prompt + usage.outputTokens,
    prompt_tokens_details: { cached_tokens: usage.cacheReadTokens },
  };
}

function chatId(runId: string): string {
  return `chatcmpl-${runId.replaceAll("-", "")}`;
}
