import assert from "node:assert/strict";
import { test } from "node:test";
import OpenAI from "openai";
import { LoricaError } from "../../src/base/errors.ts";
import { openEdge, token } from "../faux/edge.ts";
import { doneOutcome, noUsage } from "../faux/pipeline.ts";
import type { Script } from "../faux/pipeline.ts";

/** Text, a tool, more text: what a client sees of it is text. */
const withTool: Script = ({ emit, finish }) => {
  emit({ type: "started", turnId: "t", attempt: 1 });
  emit({ type: "text", text: "Let me", delta: "Let me" });
  emit({ type: "text", text: "Let me look.", delta: " look." });
  emit({ type: "tool_started", callId: "c", tool: "exec", input: { command: "ls" } });
  emit({ type: "tool_finished", callId: "c", tool: "exec", text: "a\nb", outcome: "ok" });
  emit({ type: "text", text: "Two files.", delta: "Two files." });
  finish(doneOutcome("Two files."));
};

const usage = {
  prompt_tokens: 13,
  completion_tokens: 5,
  total_tokens: 18,
  prompt_tokens_details: { cached_tokens: 2 },
};

function clientOf(url: string): OpenAI {
  return new OpenAI({ baseURL: `${url}/v1`, apiKey: token, maxRetries: 0 });
}

test("GW-005 the official client gets a chat completion", async (t) => {
  const edge = await openEdge(t, { script: withTool });
  const answer = await clientOf(edge.url).chat.completions.create({
    model: "openclaw",
    messages: [
      { role: "system", content: "Be brief." },
      { role: "user", content: "How many files?" },
    ],
    max_completion_tokens: 77,
  });
  assert.equal(answer.object, "chat.completion");
  assert.equal(answer.model, "openclaw");
  assert.deepEqual(answer.choices, [
    {
      index: 0,
      message: { role: "assistant", content: "Two files.", refusal: null },
      logprobs: null,
      finish_reason: "stop",
    },
  ]);
  assert.deepEqual(answer.usage, usage);
  const [envelope] = edge.handled;
  assert.ok(envelope !== undefined);
  const { sessionKey, ...request } = envelope.request;
  assert.match(sessionKey ?? "", /^agent:main:openai:[0-9a-f-]{36}$/);
  assert.deepEqual(request, { agentId: "main", queue: "followup", instructions: "Be brief.", outputTokensMax: 77 });
  assert.equal(envelope.text, "How many files?");
  assert.equal(envelope.channel, "http");
});

test("GW-005 the official client streams a chat with a tool call in it, and its usage", async (t) => {
  const edge = await openEdge(t, { script: withTool });
  const stream = await clientOf(edge.url).chat.completions.create({
    model: "openclaw/main",
    messages: [{ role: "user", content: "How many files?" }],
    stream: true,
    stream_options: { include_usage: true },
  });
  const chunks = await Array.fromAsync(stream);
  assert.deepEqual(chunks[0]?.choices[0]?.delta, { role: "assistant", content: "" });
  assert.deepEqual(
    chunks.slice(1, -1).map(({ choices }) => [choices[0]?.delta.content, choices[0]?.finish_reason]),
    [
      ["Let me", null],
      [" look.", null],
      ["\n\nTwo files.", null],
      [undefined, "stop"],
    ],
  );
  assert.deepEqual(chunks.at(-1)?.choices, []);
  assert.deepEqual(chunks.at(-1)?.usage, usage);
});

test("a stream on the wire is what clients of the API expect, to the byte", async (t) => {
  const edge = await openEdge(t, { script: ({ finish }) => finish(doneOutcome("hi")) });
  const response = await fetch(`${edge.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({ model: "openclaw", stream: true, messages: [{ role: "user", content: "hi" }] }),
  });
  assert.equal(response.headers.get("content-type"), "text/event-stream; charset=utf-8");
  assert.equal(response.headers.get("x-content-type-options"), "nosniff");
  const text = (await response.text())
    .replaceAll(/chatcmpl-[0-9a-f]{32}/g, "ID")
    .replaceAll(/"created":\d+/g, '"created":0');
  const head = '{"id":"ID","object":"chat.completion.chunk","created":0,"model":"openclaw","choices":[{"index":0,';
  assert.equal(
    text,
    [
      `data: ${head}"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}]}`,
      `data: ${head}"delta":{"content":"hi"},"logprobs":null,"finish_reason":null}]}`,
      `data: ${head}"delta":{},"logprobs":null,"finish_reason":"stop"}]}`,
      "data: [DONE]",
      "",
    ].join("\n\n"),
  );
});

test("a stateless client's conversation comes in front of its last message", async (t) => {
  const edge = await openEdge(t, { script: ({ finish }) => finish(doneOutcome("ok")) });
  const messages = [
    { role: "user" as const, content: "My name is Ada." },
    { role: "assistant" as const, content: "Hello Ada." },
    { role: "user" as const, content: [{ type: "text" as const, text: "What is my name?" }] },
  ];
  await clientOf(edge.url).chat.completions.create({ model: "openclaw", messages });
  assert.equal(
    edge.handled[0]?.text,
    "[What was said before]\nUser: My name is Ada.\nAssistant: Hello Ada.\n[The message to answer]\nUser: What is my name?",
  );
});

test("a named user keeps one session, which gets only what is new", async (t) => {
  const edge = await openEdge(t, { script: ({ finish }) => finish(doneOutcome("ok")) });
  const client = clientOf(edge.url);
  await client.chat.completions.create({
    model: "openclaw",
    user: "Ada",
    messages: [{ role: "user", content: "one" }],
  });
  const [first] = edge.handled;
  assert.equal(first?.request.sessionKey, "agent:main:openai-user:ada");
  await fillSession(edge, "agent:main:openai-user:ada");
  const messages = [
    { role: "user" as const, content: "one" },
    { role: "assistant" as const, content: "ok" },
    { role: "user" as const, content: "two" },
  ];
  await client.chat.completions.create({ model: "openclaw", user: "ada", messages });
  assert.deepEqual(
    edge.handled.map(({ text, request }) => [text, request.sessionKey]),
    [
      ["one", "agent:main:openai-user:ada"],
      ["two", "agent:main:openai-user:ada"],
    ],
  );
});

test("an image comes in as data, is stored, and is what it says it is", async (t) => {
  const edge = await openEdge(t, { script: ({ finish }) => finish(doneOutcome("a dot")) });
  const png = Buffer.from("89504e470d0a1a0a0000", "hex").toString("base64");
  const ask = (url: string) =>
    clientOf(edge.url).chat.completions.create({
      model: "openclaw",
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "What is it?" },
            { type: "image_url", image_url: { url } },
          ],
        },
      ],
    });
  await ask(`data:image/png;base64,${png}`);
  const [media] = edge.handled[0]?.media ?? [];
  assert.ok(media !== undefined);
  assert.deepEqual([media.mime, media.bytes, media.name], ["image/png", 10, "part-2"]);
  assert.equal(Buffer.from(await edge.store.media.load(media)).toString("base64"), png);
  await assert.rejects(ask(`data:image/jpeg;base64,${png}`), /content is not image\/jpeg/);
  await assert.rejects(ask("https://example.com/x.png"), /only data: URLs .* nothing is fetched/);
  await assert.rejects(ask("data:image/svg+xml;base64,AAAA"), /image\/svg\+xml is not accepted/);
});

test("a caller that leaves cancels its run at once, streaming or not", async (t) => {
  const edge = await openEdge(t);
  for (const stream of [true, false]) {
    const started = edge.handled.length;
    const leaving = new AbortController();
    const answer = fetch(`${edge.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify({ model: "openclaw", stream, messages: [{ role: "user", content: "hi" }] }),
      signal: leaving.signal,
    });
    answer.catch(() => undefined);
    await until(() => edge.handled.length > started);
    if (stream) await answer;
    leaving.abort();
    await until(() => edge.aborted.length > started);
    assert.equal(edge.aborted[started], edge.handled[started]?.id);
  }
});

test("a full house answers 429 with when to come again, and stores nothing", async (t) => {
  const edge = await openEdge(t);
  edge.state.refuse = new LoricaError("overloaded", "256 turns wait already", { retryAfterMs: 2_500 });
  const failure = await clientOf(edge.url)
    .chat.completions.create({ model: "openclaw", messages: [{ role: "user", content: "hi" }] })
    .catch((error: unknown) => error);
  assert.ok(failure instanceof OpenAI.RateLimitError);
  assert.equal(failure.headers.get("retry-after"), "3");
  assert.equal(failure.code, "overloaded");
  assert.equal(failure.message, "429 256 turns wait already");
});

test("an error in a stream that has begun is an event, and the official client throws it", async (t) => {
  const edge = await openEdge(t, {
    script: ({ emit, finish }) => {
      emit({ type: "text", text: "Half of", delta: "Half of" });
      finish({ status: "failed", code: "timeout", message: "the model stalled", id: "e-1", usage: noUsage });
    },
  });
  const stream = await clientOf(edge.url).chat.completions.create({
    model: "openclaw",
    messages: [{ role: "user", content: "hi" }],
    stream: true,
  });
  let seen = "";
  await assert.rejects(async () => {
    for await (const chunk of stream) seen += chunk.choices[0]?.delta.content ?? "";
  }, /the model stalled/);
  assert.equal(seen, "Half of");
});

test("GW-041 an idempotency key makes one run of two requests, and a conflict of two different ones", async (t) => {
  const edge = await openEdge(t, { script: ({ finish }) => finish(doneOutcome("once")) });
  const ask = async (content: string) => {
    const response = await fetch(`${edge.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "idempotency-key": "k-1" },
      body: JSON.stringify({ messages: [{ role: "user", content }] }),
    });
    return [response.status, ((await response.json()) as { id?: string }).id];
  };
  const [first, second] = await Promise.all([ask("pay"), ask("pay")]);
  assert.deepEqual(first, second);
  assert.equal(edge.handled.length, 1);
  assert.equal((await ask("pay twice"))[0], 409);
});

async function fillSession(edge: Awaited<ReturnType<typeof openEdge>>, key: string): Promise<void> {
  const session = await edge.store.sessions.find(key);
  assert.ok(session !== undefined);
  const body = { kind: "note", text: "filled" } as const;
  const label = { integrity: "owner", readers: ["owner"] } as const;
  await edge.store.transcript.append([{ windowId: session.windowId, turnId: "none", label, body }]);
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 2));
}
