import assert from "node:assert/strict";
import { test } from "node:test";
import { LoricaError } from "../../src/base/errors.ts";
import { limits } from "../../src/base/limits.ts";
import { classify } from "../../src/model/failover/classify.ts";
import type { FailureKind } from "../../src/model/failover/failure.ts";

/** An error as the libraries throw it. */
function http(statusCode: number, body: unknown = "", headers: Record<string, string> = {}): Error {
  const responseBody = typeof body === "string" ? body : JSON.stringify(body);
  return Object.assign(new Error("API error"), { statusCode, responseBody, responseHeaders: headers });
}

function openaiError(message: string, code: string | null = null): unknown {
  return { error: { message, type: "invalid_request_error", code } };
}

const cases: readonly (readonly [name: string, error: unknown, kind: FailureKind])[] = [
  ["OpenAI: wrong key", http(401, openaiError("Incorrect API key", "invalid_api_key")), "auth"],
  ["OpenAI: no credit", http(429, openaiError("You exceeded your current quota", "insufficient_quota")), "billing"],
  [
    "OpenAI: context",
    http(400, openaiError("maximum context length is 128000 tokens", "context_length_exceeded")),
    "context_overflow",
  ],
  ["OpenAI: model", http(404, openaiError("The model `x` does not exist", "model_not_found")), "model_not_found"],
  ["OpenAI: parameter", http(400, openaiError("Unsupported value: 'temperature'")), "invalid_request"],
  ["Azure: filter", http(400, openaiError("filtered", "content_filter")), "content_filter"],
  [
    "Anthropic: context",
    http(400, {
      type: "error",
      error: { type: "invalid_request_error", message: "prompt is too long: 210000 tokens > 200000 maximum" },
    }),
    "context_overflow",
  ],
  [
    "Anthropic: no credit",
    http(400, { type: "error", error: { type: "invalid_request_error", message: "Your credit balance is too low" } }),
    "billing",
  ],
  [
    "Anthropic: overloaded",
    http(529, { type: "error", error: { type: "overloaded_error", message: "Overloaded" } }),
    "overloaded",
  ],
  [
    "Google: wrong key",
    http(400, { error: { code: 400, message: "API key not valid.", status: "INVALID_ARGUMENT" } }),
    "auth",
  ],
  [
    "Google: context",
    http(400, {
      error: { code: 400, message: "The input token count (2000000) exceeds the maximum number of tokens allowed" },
    }),
    "context_overflow",
  ],
  [
    "Google: quota",
    http(429, { error: { code: 429, message: "Resource exhausted", status: "RESOURCE_EXHAUSTED" } }),
    "rate_limit",
  ],
  [
    "llama.cpp: context",
    http(400, {
      error: {
        code: 400,
        message: "the request exceeds the available context size",
        type: "exceed_context_size_error",
      },
    }),
    "context_overflow",
  ],
  ["Ollama: model", http(404, openaiError('model "x" not found, try pulling it first')), "model_not_found"],
  [
    "OpenRouter: model",
    http(400, openaiError("x/y is not a valid model ID: model x/y is not a valid model")),
    "model_not_found",
  ],
  ["OpenRouter: no credit", http(402, openaiError("Insufficient credits")), "billing"],
  ["a proxy's page for 404", http(404, "<html>nginx</html>"), "not_an_api"],
  ["a gateway's time-out", http(504, "<html>"), "timeout"],
  ["413", http(413, openaiError("Request too large", "request_too_large")), "context_overflow"],
  ["408", http(408), "timeout"],
  ["409", http(409), "rate_limit"],
  ["500", http(500), "server"],
  ["503", http(503), "overloaded"],
  ["wrapped", Object.assign(new Error("Failed"), { cause: http(529) }), "overloaded"],
  ["ours, wrapped", new Error("Failed", { cause: new LoricaError("unavailable", "cannot connect") }), "network"],
  ["the way out forbids", new LoricaError("forbidden", "no"), "forbidden"],
  ["in a stream: rate limit", { type: "rate_limit_error", message: "slow down" }, "rate_limit"],
  ["in a stream: nested", { error: { type: "api_error", message: "oops" } }, "server"],
  ["in a stream: numeric code", { code: 502, message: "upstream" }, "server"],
  [
    "the connection broke",
    Object.assign(new TypeError("terminated"), { cause: { code: "UND_ERR_SOCKET" } }),
    "truncated",
  ],
  ["no reason for the end", new Error("Response stream ended without a finish reason."), "truncated"],
  ["not JSON", new Error("JSON parsing failed"), "malformed"],
  [
    "the library cannot say it",
    Object.assign(new Error("file part"), { name: "AI_UnsupportedFunctionalityError" }),
    "invalid_request",
  ],
  ["nothing at all", undefined, "malformed"],
];

for (const [name, error, kind] of cases) {
  test(`a failure is read for what it is: ${name}`, () => assert.equal(classify(error, 0).kind, kind));
}

test("retry-after is read in milliseconds, seconds and as a date, and bounded", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  const after = (headers: Record<string, string>) => classify(http(429, "", headers), now).retryAfterMs;
  assert.equal(after({ "retry-after-ms": "250", "retry-after": "9" }), 250);
  assert.equal(after({ "retry-after": "3" }), 3_000);
  assert.equal(after({ "retry-after": "Thu, 01 Jan 2026 00:00:05 GMT" }), 5_000);
  assert.equal(after({ "retry-after": "Thu, 01 Jan 2020 00:00:05 GMT" }), 0);
  assert.equal(after({ "retry-after": "99999999" }), limits.modelCooldownMaxMs);
  assert.equal(after({ "retry-after": "soon" }), undefined);
  assert.equal(after({}), undefined);
});

test("what a provider says is cut short and holds no control characters", () => {
  const { said } = classify(http(500, { error: { message: `a\u001b[31m\nb${"x".repeat(9_000)}` } }), 0);
  assert.equal(said.startsWith("a [31m b"), true);
  assert.equal(said.length, 400);
});

test("an error that is its own cause is read to an end", () => {
  const loop: Error & { cause?: unknown } = new Error("loop");
  loop.cause = loop;
  assert.equal(classify(loop, 0).kind, "malformed");
});
