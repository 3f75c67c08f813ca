import assert from "node:assert/strict";
import { test } from "node:test";
import OpenAI from "openai";
import { openEdge, token } from "../faux/edge.ts";
import { doneOutcome, noUsage } from "../faux/pipeline.ts";

function clientOf(url: string): OpenAI {
  return new OpenAI({ baseURL: `${url}/v1`, apiKey: token, maxRetries: 0 });
}

const usage = {
  input_tokens: 13,
  input_tokens_details: { cached_tokens: 2 },
  output_tokens: 5,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: 18,
};

test("GW-006 the official client gets a response", async (t) => {
  const edge = await openEdge(t, { script: ({ finish }) => finish(doneOutcome("Four.")) });
  const answer = await clientOf(edge.url).responses.create({
    model: "openclaw",
    instructions: "Be brief.",
    input: [
      { role: "developer", content: "Digits as words." },
      { role: "user", content: [{ type: "input_text", text: "2+2?" }] },
    ],
    max_output_tokens: 9,
  });
  assert.equal(answer.status, "completed");
  assert.equal(answer.output_text, "Four.");
  assert.match(answer.id, /^resp_[0-9a-f]{32}$/);
  assert.deepEqual(answer.usage, usage);
  const { sessionKey, ...request } = edge.handled[0]?.request ?? {};
  assert.match(sessionKey ?? "", /^agent:main:openresponses:[0-9a-f-]{36}$/);
  assert.deepEqual(request, {
    agentId: "main",
    queue: "followup",
    instructions: "Be brief.\n\nDigits as words.",
    outputTokensMax: 9,
  });
});

test("GW-006 the official client streams a response, event by event", async (t) => {
  const edge = await openEdge(t, {
    script: ({ emit, finish }) => {
      emit({ type: "text", text: "Fo", delta: "Fo" });
      emit({ type: "text", text: "Four.", delta: "ur." });
      finish(doneOutcome("Four."));
    },
  });
  const stream = await clientOf(edge.url).responses.create({ model: "openclaw", input: "2+2?", stream: true });
  const events = await Array.fromAsync(stream);
  assert.deepEqual(
    events.map((event) => [event.sequence_number, event.type, "delta" in event ? event.delta : undefined]),
    [
      [0, "response.created", undefined],
      [1, "response.in_progress", undefined],
      [2, "response.output_item.added", undefined],
      [3, "response.content_part.added", undefined],
      [4, "response.output_text.delta", "Fo"],
      [5, "response.output_text.delta", "ur."],
      [6, "response.output_text.done", undefined],
      [7, "response.content_part.done", undefined],
      [8, "response.output_item.done", undefined],
      [9, "response.completed", undefined],
    ],
  );
  const last = events.at(-1);
  assert.ok(last?.type === "response.completed");
  assert.deepEqual(last.response.usage, usage);
  const [item] = last.response.output;
  assert.ok(item?.type === "message");
  assert.deepEqual(item.content, [{ type: "output_text", text: "Four.", annotations: [], logprobs: [] }]);
});

test("a response goes on from an earlier one in the same session, also after a restart of the gateway", async (t) => {
  const edge = await openEdge(t, { script: ({ finish }) => finish(doneOutcome("ok")) });
  const client = clientOf(edge.url);
  const first = await client.responses.create({ model: "openclaw/beta", input: "one" });
  await client.responses.create({ model: "openclaw", input: "two", previous_response_id: first.id });
  const [one, two] = edge.handled.map(({ request }) => request.sessionKey);
  assert.match(one ?? "", /^agent:beta:openresponses:/);
  assert.equal(two, one);
  const unknown = client.responses.create({
    model: "openclaw",
    input: "three",
    previous_response_id: `resp_${"0".repeat(32)}`,
  });
  await assert.rejects(unknown, /400 no such response/);
});

test("a failed run ends its stream as response.failed", async (t) => {
  const edge = await openEdge(t, {
    script: ({ finish }) =>
      finish({ status: "failed", code: "upstream", message: "no provider answered", id: "e-5", usage: noUsage }),
  });
  const stream = await clientOf(edge.url).responses.create({ model: "openclaw", input: "hi", stream: true });
  const last = (await Array.fromAsync(stream)).at(-1);
  assert.ok(last?.type === "response.failed");
  assert.equal(last.response.status, "failed");
  assert.deepEqual(last.response.error, { code: "upstream", message: "no provider answered" });
});
