import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { limits } from "../../src/base/limits.ts";
import { openEdge, token } from "../faux/edge.ts";
import { doneOutcome } from "../faux/pipeline.ts";
import { requestRaw } from "../faux/raw-http.ts";

type Edge = Awaited<ReturnType<typeof openEdge>>;

const path = "/v1/chat/completions";
const head = `POST ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n`;
const short = { headersTimeoutMs: 200, bodyTimeoutMs: 200, checkIntervalMs: 25 };

async function assertAlive(edge: Edge): Promise<void> {
  const response = await fetch(`${edge.url}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({ messages: [{ role: "user", content: "still there?" }] }),
  });
  assert.equal(response.status, 200);
}

async function refusalOf(
  edge: Edge,
  body: string | Uint8Array<ArrayBuffer>,
  to = path,
): Promise<readonly [number, string]> {
  const response = await fetch(edge.url + to, { method: "POST", headers: { authorization: `Bearer ${token}` }, body });
  const { error } = (await response.json()) as { error: { message: string } };
  return [response.status, error.message];
}

function chat(change: Record<string, unknown>): string {
  return JSON.stringify({ model: "openclaw", messages: [{ role: "user", content: "hi" }], ...change });
}

const bodies: readonly (readonly [
  name: string,
  body: string | Uint8Array<ArrayBuffer>,
  status: number,
  says: RegExp,
])[] = [
  ["nothing", "", 400, /^the body is not valid JSON/],
  ["half of it", '{"messages": [', 400, /^the body is not valid JSON/],
  ["a trailing comma", '{"messages": [],}', 400, /^the body is not valid JSON: position \d+/],
  ["a list", "[]", 400, /^the body must be a JSON object$/],
  ["invalid UTF-8", Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), 400, /^the body is not valid UTF-8$/],
  ["an escaped NUL", chat({ messages: [{ role: "user", content: "a\0b" }] }), 400, /^a text holds a NUL character$/],
  ["a NUL in a name", '{"a\\u0000": 1}', 400, /^a name holds a NUL character$/],
  ["a deep nest", `{"a": ${"[".repeat(5_000)}${"]".repeat(5_000)}}`, 400, /^the body nests deeper than 64$/],
  ["no messages", "{}", 400, /^messages must be a list/],
  ["a message that is none", chat({ messages: ["hi"] }), 400, /^messages\[0\] must be an object$/],
  ["an unknown role", chat({ messages: [{ role: "root", content: "x" }] }), 400, /^messages\[0\]\.role must be/],
  [
    "only an answer",
    chat({ messages: [{ role: "assistant", content: "x" }] }),
    400,
    /^the last message must be the user's$/,
  ],
  ["an empty message", chat({ messages: [{ role: "user", content: " " }] }), 400, /^the last message is empty$/],
  ["client tools", chat({ tools: [{ type: "function", function: { name: "f" } }] }), 400, /^tools: /],
  ["several answers", chat({ n: 2 }), 400, /^n: /],
  ["a schema", chat({ response_format: { type: "json_schema" } }), 400, /^response_format: /],
  ["a model that is no text", chat({ model: 7 }), 400, /^model must be a string$/],
  ["a stream that is no flag", chat({ stream: "yes" }), 400, /^stream must be true or false$/],
  ["no tokens", chat({ max_tokens: 0 }), 400, /^max_tokens must be a whole number above 0$/],
  [
    "too long a conversation",
    chat({ messages: [{ role: "user", content: "x".repeat(200_001) }] }),
    413,
    /longer than 200000/,
  ],
  ["too large a body", "x".repeat(limits.httpBodyMaxBytes + 1), 413, /^the body is larger than 1048576 bytes$/],
];

test("GW-040 NET-020 every bad body gets its own answer, and the next request an answer too", async (t) => {
  const edge = await openEdge(t, { script: ({ finish }) => finish(doneOutcome("yes")) });
  for (const [name, body, status, says] of bodies) {
    const [seen, message] = await refusalOf(edge, body);
    assert.equal(seen, status, name);
    assert.match(message, says, name);
  }
  assert.equal(edge.handled.length, 0);
  await assertAlive(edge);
});

test("bad Responses input is refused with the field that is wrong", async (t) => {
  const edge = await openEdge(t);
  const cases: readonly (readonly [body: unknown, says: RegExp])[] = [
    [{}, /^input must be a string or a list/],
    [{ input: [] }, /^input must be/],
    [{ input: [{ type: "function_call_output", call_id: "c", output: "x" }] }, /^input\[0\]: items of type/],
    [{ input: "x", tools: [{ type: "function", name: "f" }] }, /^tools: /],
    [{ input: "x", background: true }, /^background: /],
    [{ input: "x", conversation: "c" }, /^conversation: /],
    [{ input: "x", text: { format: { type: "json_object" } } }, /^text\.format: /],
    [
      { input: [{ role: "user", content: [{ type: "input_audio" }] }] },
      /^input\[0\]\.content\[0\] is of type "input_audio"/,
    ],
  ];
  for (const [body, says] of cases) {
    const [status, message] = await refusalOf(edge, JSON.stringify(body), "/v1/responses");
    assert.equal(status, 400);
    assert.match(message, says);
  }
});

test("GW-040 NET-020 NET-021 a body that is announced too large, endless, compressed or slow is not waited for", async (t) => {
  const edge = await openEdge(t, { script: ({ finish }) => finish(doneOutcome("yes")), bounds: short });
  const announced = await requestRaw(edge.port, `${head}Content-Length: 2000000\r\n\r\n`);
  assert.match(announced, /^HTTP\/1\.1 413 /);
  const chunk = `${(65_536).toString(16)}\r\n${"x".repeat(65_536)}\r\n`;
  const more = Array.from({ length: 40 }, () => chunk);
  const endless = await requestRaw(edge.port, `${head}Transfer-Encoding: chunked\r\n\r\n`, { more, everyMs: 1 });
  assert.match(endless, /^HTTP\/1\.1 413 /);
  const packed = await requestRaw(
    edge.port,
    `${head}Content-Encoding: gzip\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx`,
  );
  assert.match(packed, /^HTTP\/1\.1 415 /);
  const drip = Array.from({ length: 200 }, () => " ");
  const slow = await requestRaw(edge.port, `${head}Content-Length: 1000\r\n\r\n{`, { more: drip, everyMs: 20 });
  assert.match(slow, /^HTTP\/1\.1 408 [^]*the body did not arrive within 200 ms/);
  await assertAlive(edge);
});

test("NET-021 slow, oversized and broken headers are refused within their bound", async (t) => {
  const edge = await openEdge(t, { script: ({ finish }) => finish(doneOutcome("yes")), bounds: short });
  const drip = Array.from({ length: 200 }, (_, index) => `X-${index}: y\r\n`);
  const slow = await requestRaw(edge.port, head, { more: drip, everyMs: 20 });
  assert.match(slow, /^HTTP\/1\.1 408 /);
  const big = await requestRaw(edge.port, `${head}X-Big: ${"y".repeat(20_000)}\r\n\r\n`);
  assert.match(big, /^HTTP\/1\.1 431 [^]*the headers are larger than 16384 bytes/);
  for (const first of [
    "GET\r\n\r\n",
    "\x16\x03\x01\x02\x00\x01",
    `${head}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`,
    `${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nhello`,
    `${head}X-Nul: a\0b\r\n\r\n`,
    "GET http://evil.example/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    "GET //evil.example/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    `${head}Authorization: Bearer other\r\nConnection: close\r\n\r\n`,
    `${head}x-openclaw-session-key: a\r\nX-OpenClaw-Session-Key: b\r\nConnection: close\r\n\r\n`,
  ]) {
    assert.match(await requestRaw(edge.port, first), /^HTTP\/1\.1 400 /, JSON.stringify(first));
  }
  await assertAlive(edge);
});

test("no bytes on the port take the gateway down or go unanswered for long", async (t) => {
  const edge = await openEdge(t, { script: ({ finish }) => finish(doneOutcome("yes")), bounds: short });
  const request = Buffer.from(`${head}Connection: close\r\nContent-Length: ${chat({}).length}\r\n\r\n${chat({})}`);
  const mutated = fc
    .array(fc.tuple(fc.nat(request.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 })
    .map((changes) => {
      const copy = Buffer.from(request);
      for (const [at, byte] of changes) copy[at] = byte;
      return copy;
    });
  const cut = fc.nat(request.length).map((at) => request.subarray(0, at));
  const anything = fc.oneof(
    mutated,
    cut,
    fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(anything, { minLength: 24, maxLength: 24 }), async (requests) => {
      const answers = await Promise.all(requests.map((bytes) => requestRaw(edge.port, bytes, { giveUpMs: 1_000 })));
      for (const answer of answers) assert.match(answer, /^(HTTP\/1\.1 [1-5]\d\d |$)/);
    }),
    { numRuns: 8 },
  );
  await assertAlive(edge);
  assert.deepEqual(
    edge.log.filter(({ level }) => level === "error"),
    [],
  );
});
