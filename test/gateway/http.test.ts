import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../src/base/limits.ts";
import { newToken, sha256 } from "../../src/base/ids.ts";
import { accessOf } from "../faux/gateway/access.ts";
import { openEdge, token } from "../faux/edge.ts";
import { doneOutcome } from "../faux/pipeline.ts";
import { requestRaw } from "../faux/raw-http.ts";

const bearer = { authorization: `Bearer ${token}` };

async function answerOf(url: string, init: RequestInit = {}): Promise<readonly [number, unknown]> {
  const response = await fetch(url, init);
  const text = await response.text();
  return [response.status, text.startsWith("{") ? JSON.parse(text) : text];
}

function post(body: unknown, headers: Record<string, string> = bearer): RequestInit {
  return { method: "POST", headers, body: typeof body === "string" ? body : JSON.stringify(body) };
}

const hello = { model: "openclaw", messages: [{ role: "user", content: "hi" }] };

test("GW-010 probes answer anybody, and say nothing about this installation", async (t) => {
  const edge = await openEdge(t, { settings: { access: accessOf() } });
  for (const path of ["/health", "/healthz"]) {
    assert.deepEqual(await answerOf(edge.url + path), [200, { ok: true, status: "live" }]);
  }
  for (const path of ["/ready", "/readyz"]) assert.deepEqual(await answerOf(edge.url + path), [200, { ready: true }]);
  const head = await fetch(`${edge.url}/health`, { method: "HEAD" });
  assert.deepEqual([head.status, await head.text()], [200, ""]);
  const wrong = await fetch(`${edge.url}/health`, { method: "DELETE" });
  assert.deepEqual([wrong.status, wrong.headers.get("allow")], [405, "GET, HEAD"]);
});

test("every answer carries the security headers, refusals too", async (t) => {
  const edge = await openEdge(t, { script: ({ finish }) => finish(doneOutcome("ok")) });
  const answers = [
    await fetch(`${edge.url}/health`),
    await fetch(`${edge.url}/nowhere`),
    await fetch(`${edge.url}/v1/chat/completions`, post(hello)),
    await fetch(`${edge.url}/v1/chat/completions`, post(hello, {})),
  ];
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 404, 200, 401],
  );
  for (const { headers } of answers) {
    assert.deepEqual(
      ["x-content-type-options", "referrer-policy", "x-frame-options", "content-security-policy", "cache-control"].map(
        (name) => headers.get(name),
      ),
      ["nosniff", "no-referrer", "DENY", "default-src 'none'; frame-ancestors 'none'", "no-store"],
    );
  }
  const broken = await requestRaw(edge.port, "BROKEN\r\n\r\n");
  assert.match(broken, /^HTTP\/1\.1 400 Bad Request\r\n/);
  assert.match(broken, /content-security-policy: default-src 'none'/);
  const ask = "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
  const expecting = await requestRaw(edge.port, `${ask}Expect: a-miracle\r\n\r\n`);
  assert.match(expecting, /^HTTP\/1\.1 417 Expectation Failed\r\n/);
  assert.match(expecting, /content-security-policy: default-src 'none'/);
});

test("whoever asks for what is not there a thousand times fills no log", async (t) => {
  const edge = await openEdge(t);
  const lines = () => edge.log.filter(({ message }) => message.startsWith("HTTP 404")).length;
  for (let count = 0; count < limits.failureLinesMax + 10; count++)
    await (await fetch(`${edge.url}/nowhere`)).arrayBuffer();
  assert.equal(lines(), limits.failureLinesMax);
});

test("GW-005 GW-006 the endpoints are not there until they are enabled", async (t) => {
  const http = { chatCompletions: false, responses: false };
  const edge = await openEdge(t, { settings: { http } });
  for (const path of ["/v1/chat/completions", "/v1/responses", "/v1/models"]) {
    assert.equal((await answerOf(edge.url + path, post(hello)))[0], 404, path);
    assert.equal((await answerOf(edge.url + path, post(hello, {})))[0], 404, path);
  }
  edge.configure({ http: { ...http, responses: true } });
  assert.equal((await answerOf(`${edge.url}/v1/chat/completions`, post(hello)))[0], 404);
  assert.equal((await answerOf(`${edge.url}/v1/responses`, post({}, {})))[0], 401);
  assert.equal((await answerOf(`${edge.url}/v1/responses`, post({})))[0], 400);
  assert.equal(edge.handled.length, 0);
});

test("GW-013 without the right bearer nothing is parsed, whatever the path or body", async (t) => {
  const edge = await openEdge(t);
  const unauthorized = { message: "Unauthorized", type: "unauthorized", param: null, code: "unauthorized" };
  const wrong = [
    "",
    token,
    `Basic ${token}`,
    "Bearer",
    `Bearer ${token}x`,
    `Bearer ${token.slice(1)}`,
    "Bearer \u00e9",
  ];
  for (const authorization of wrong) {
    const [status, body] = await answerOf(
      `${edge.url}/v1/anything`,
      post("{not json", { authorization: Buffer.from(authorization).toString("latin1") }),
    );
    const { id, ...error } = (body as { error: Record<string, unknown> }).error;
    assert.deepEqual([status, error], [401, unauthorized], authorization);
    assert.match(String(id), /^[0-9a-f-]{36}$/);
  }
  assert.equal((await answerOf(`${edge.url}/tools/invoke`, post("{not json", {})))[0], 401);
  assert.equal((await answerOf(`${edge.url}/v1/anything`, { headers: bearer }))[0], 404);
  assert.equal((await answerOf(`${edge.url}/tools/invoke`, { headers: bearer }))[0], 405);
});

test("no token configured means no access, not free access", async (t) => {
  const edge = await openEdge(t, { settings: { access: accessOf() } });
  for (const value of ["", "undefined", "null", sha256("")]) {
    const [status] = await answerOf(`${edge.url}/v1/models`, { headers: { authorization: `Bearer ${value}` } });
    assert.equal(status, 401);
  }
});

test("a replaced token works at once, and the old one no more", async (t) => {
  const edge = await openEdge(t);
  const next = newToken();
  edge.configure({ access: accessOf({ tokenHashes: [sha256(next)] }) });
  assert.equal((await answerOf(`${edge.url}/v1/models`, { headers: bearer }))[0], 401);
  assert.equal((await answerOf(`${edge.url}/v1/models`, { headers: { authorization: `Bearer ${next}` } }))[0], 200);
});

test("guessing is answered with 429 and when to come again, also from this machine", async (t) => {
  const clock = { ms: 1_000_000 };
  const edge = await openEdge(t, { now: () => clock.ms });
  const guess = (headers: Record<string, string> = {}) =>
    fetch(`${edge.url}/v1/models`, { headers: { authorization: "Bearer guess", ...headers } });
  for (let count = 0; count < 10; count++) assert.equal((await guess()).status, 401);
  const locked = await guess();
  assert.deepEqual([locked.status, locked.headers.get("retry-after")], [429, "60"]);
  const forwarded = { ...bearer, "x-forwarded-for": "203.0.113.9" };
  assert.equal((await fetch(`${edge.url}/v1/models`, { headers: forwarded })).status, 429, "a right token by a proxy");
  assert.equal((await fetch(`${edge.url}/v1/models`, { headers: bearer })).status, 200, "the owner's own programs");
  assert.equal((await guess()).status, 401, "a right token ends the lock");
});

test("a lock ends by itself", async (t) => {
  const clock = { ms: 1_000_000 };
  const edge = await openEdge(t, { now: () => clock.ms });
  const headers = { authorization: "Bearer guess", "x-forwarded-for": "1" };
  const guess = async () => (await fetch(`${edge.url}/v1/models`, { headers })).status;
  for (let count = 0; count < 10; count++) {
    assert.equal(await guess(), 401);
    clock.ms += 1_000;
  }
  assert.equal(await guess(), 429);
  clock.ms += 60_000 - 1;
  assert.equal(await guess(), 429);
  clock.ms += 2;
  assert.equal(await guess(), 401);
  // Failures that lie a window apart never add up.
  for (let count = 0; count < 30; count++) {
    clock.ms += 6_001;
    assert.equal(await guess(), 401);
  }
});

test("a browser lured here by another name gets nothing, not even from a probe", async (t) => {
  const edge = await openEdge(t);
  const statusOf = async (host: string) => {
    const answer = await requestRaw(edge.port, `GET /health HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    return Number(answer.slice(9, 12));
  };
  for (const host of ["127.0.0.1:1", "localhost", "[::1]:18789", "LORICA.example", "lorica.example.", "a.localhost:1"])
    assert.equal(await statusOf(host), 200, host);
  for (const host of ["evil.example", "localhost.evil.example", "lorica.example.evil", "127.0.0.1.evil.example"])
    assert.equal(await statusOf(host), 421, host);
  for (const host of ["", "a b", "x@localhost", "localhost:port", "::1"]) assert.equal(await statusOf(host), 400, host);
  const none = await requestRaw(edge.port, "GET /health HTTP/1.0\r\n\r\n");
  assert.match(none, /^HTTP\/1\.1 400 /);
  const twice = await requestRaw(edge.port, "GET /health HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n");
  assert.match(twice, /^HTTP\/1\.1 400 [^]*the header host comes twice/);
});

test("GW-047 models lists every agent, and each listed name works as a model", async (t) => {
  const edge = await openEdge(t, { script: ({ finish }) => finish(doneOutcome("ok")) });
  const [, list] = await answerOf(`${edge.url}/v1/models`, { headers: bearer });
  const names = ["openclaw", "openclaw/default", "openclaw/main", "openclaw/beta"];
  const model = (id: string) => ({ id, object: "model", created: 0, owned_by: "openclaw" });
  assert.deepEqual(list, { object: "list", data: names.map(model) });
  assert.deepEqual(await answerOf(`${edge.url}/v1/models/openclaw%2Fbeta`, { headers: bearer }), [
    200,
    model("openclaw/beta"),
  ]);
  assert.equal((await answerOf(`${edge.url}/v1/models/gpt%`, { headers: bearer }))[0], 404);
  const spellings = [...names, "openclaw:beta", "agent:beta", "lorica", "lorica/beta", "beta", "OpenClaw/Beta"];
  for (const name of spellings) {
    assert.equal((await answerOf(`${edge.url}/v1/chat/completions`, post({ ...hello, model: name })))[0], 200, name);
  }
  assert.deepEqual(
    edge.handled.map(({ request }) => request.agentId),
    ["main", "main", "main", "beta", "beta", "beta", "main", "beta", "beta", "beta"],
  );
  const [status, refusal] = await answerOf(`${edge.url}/v1/chat/completions`, post({ ...hello, model: "gpt-5" }));
  assert.equal(status, 400);
  const { message, code } = (refusal as { error: { message: string; code: string } }).error;
  assert.equal(message, `model "gpt-5" names no agent; use one of: ${names.join(", ")}`);
  assert.equal(code, "model_not_found");
});

test("stopping refuses new work and lets what runs end", async (t) => {
  const edge = await openEdge(t);
  const running = answerOf(`${edge.url}/v1/chat/completions`, post(hello));
  while (edge.handled.length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  const closing = edge.gateway.close(5_000);
  await assert.rejects(fetch(`${edge.url}/health`));
  edge.finish(edge.handled[0]?.id ?? "", doneOutcome("still"));
  const [status, body] = await running;
  assert.equal(status, 200);
  assert.equal((body as { choices: { message: { content: string } }[] }).choices[0]?.message.content, "still");
  // An idle kept-alive connection holds nothing up: this is far below the grace.
  const stopped = await Promise.race([
    closing.then(() => "closed"),
    new Promise((end) => setTimeout(end, 2_000, "late")),
  ]);
  assert.equal(stopped, "closed");
});
