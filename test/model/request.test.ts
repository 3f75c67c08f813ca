import assert from "node:assert/strict";
import { test } from "node:test";
import { apis, callOf, collect, createTestModels, finishOf, startModels, tool } from "../faux/models.ts";
import { startFauxProvider } from "../faux/provider.ts";

for (const api of apis) {
  test(`PRV-025 ${api}: no credential leaves the gateway, and no library names itself`, async (t) => {
    const headers = { "X-Extra": "yes", Authorization: "Bearer config-key", "x-api-key": "config-key" };
    const { models, sent } = await startModels(t, api, { headers });
    await finishOf(models, callOf(["p/m"], { tools: [tool("exec")] }));
    const [request] = sent;
    assert.ok(request !== undefined);
    const { "x-extra": extra, "user-agent": agent, ...others } = request.headers;
    assert.deepEqual([extra, agent], ["yes", "lorica-test/1"]);
    const expected = api === "anthropic-messages" ? ["anthropic-version", "content-type"] : ["content-type"];
    assert.deepEqual(Object.keys(others).toSorted(), expected);
    assert.doesNotMatch(JSON.stringify(request.headers), /key|added-by-the-broker/);
    assert.doesNotMatch(Buffer.from(request.body ?? []).toString(), /added-by-the-broker|eager_input_streaming/);
  });
}

test("every request is a granted action of the turn that makes it, and is recorded", async (t) => {
  const { models, sent, audit, faux } = await startModels(t, "anthropic-messages");
  await finishOf(models, callOf(["p/m"]));
  const url = `${faux.url}/v1/messages`;
  assert.deepEqual(sent[0]?.resource, { provider: "p", method: "POST", url });
  assert.deepEqual(audit, [
    {
      kind: "effect",
      verb: "model.request",
      agentId: "main",
      sessionKey: "agent:main:main",
      principal: "owner",
      resource: `POST ${url}`,
      result: { status: 200, durationMs: 0 },
    },
  ]);
});

test("without a rule that allows it nothing is sent", async (t) => {
  const { models, sent, audit } = await startModels(t, "openai-completions", { settings: { rules: [] } });
  await assert.rejects(collect(models, callOf(["p/m"])), {
    code: "forbidden",
    message: /no rule allows model\.request/,
  });
  assert.deepEqual([sent.length, audit[0]?.kind, audit[0]?.verdict], [0, "decision", "deny"]);
});

test("PRV-018 a gateway's base URL keeps its path", async (t) => {
  const faux = await startFauxProvider();
  t.after(() => faux.close());
  const url = `${faux.url}/v1/account/gateway/anthropic`;
  const { models } = createTestModels({ providers: [{ id: "cf", api: "anthropic-messages", baseUrl: url }] });
  await finishOf(models, callOf(["cf/m"]));
  assert.equal(faux.requests[0]?.path, "/v1/account/gateway/anthropic/v1/messages");
});

test("PRV-013 a base URL works with and without its version", async (t) => {
  const faux = await startFauxProvider();
  t.after(() => faux.close());
  const paths: Record<string, string> = {};
  for (const [api, bases] of [
    ["anthropic-messages", ["", "/", "/v1", "/v1/"]],
    ["openai-completions", ["", "/v1", "/api/paas/v4"]],
    ["google-generative-ai", ["", "/v1beta"]],
  ] as const) {
    for (const base of bases) {
      const { models, sent } = createTestModels({ providers: [{ id: "p", api, baseUrl: `${faux.url}${base}` }] });
      await finishOf(models, callOf(["p/m"]));
      paths[`${api} ${base}`] = new URL(sent[0]?.resource.url ?? "").pathname;
    }
  }
  const google = "/v1beta/models/m:streamGenerateContent";
  assert.deepEqual(paths, {
    "anthropic-messages ": "/v1/messages",
    "anthropic-messages /": "/v1/messages",
    "anthropic-messages /v1": "/v1/messages",
    "anthropic-messages /v1/": "/v1/messages",
    "openai-completions ": "/v1/chat/completions",
    "openai-completions /v1": "/v1/chat/completions",
    "openai-completions /api/paas/v4": "/api/paas/v4/chat/completions",
    "google-generative-ai ": google,
    "google-generative-ai /v1beta": google,
  });
});

test("PRV-017 COST-006 a router's options reach it in the body, the model's own over the provider's", async (t) => {
  const faux = await startFauxProvider();
  t.after(() => faux.close());
  const params = { provider: { sort: "price", data_collection: "deny", zdr: true } };
  const { models } = createTestModels({
    providers: [{ id: "openrouter", api: "openai-completions", baseUrl: `${faux.url}/v1`, params }],
    options: { "openrouter/auto": { params: { provider: { sort: "throughput" }, models: ["a/b"] } } },
    attribution: { title: "Lorica", url: "https://example.org" },
  });
  await finishOf(models, callOf(["openrouter/x:nitro"]));
  await finishOf(models, callOf(["openrouter/auto"]));
  const seen = faux.requests.map(({ json }) => ({ model: json.model, provider: json.provider, models: json.models }));
  assert.deepEqual(seen, [
    { model: "x:nitro", provider: params.provider, models: undefined },
    { model: "openrouter/auto", provider: { sort: "throughput" }, models: ["a/b"] },
  ]);
  const { "x-title": title, "http-referer": referer } = faux.requests[0]?.headers ?? {};
  assert.deepEqual([title, referer], ["Lorica", "https://example.org"]);
});

test("COST-009 Anthropic caches the stable prefix, and the prefix is the same from turn to turn", async (t) => {
  const { models, faux } = await startModels(t, "anthropic-messages");
  const tools = [tool("exec"), tool("read")];
  const first = callOf(["p/m"], { tools });
  const second = callOf(["p/m"], {
    tools,
    prompt: [
      ...first.prompt,
      { role: "assistant", content: [{ type: "text", text: "Hi." }] },
      { role: "user", content: [{ type: "text", text: "And now?" }] },
    ],
  });
  await finishOf(models, first);
  await finishOf(models, second);
  const [before, after] = faux.requests.map((request) => request.json);
  assert.deepEqual(before?.system, [{ type: "text", text: "You are a test.", cache_control: { type: "ephemeral" } }]);
  assert.deepEqual([after?.system, after?.tools], [before?.system, before?.tools]);
  const messages = after?.messages as readonly { readonly content: readonly Record<string, unknown>[] }[];
  assert.deepEqual(
    messages.map((message) => message.content.map((part) => part.cache_control)),
    [[undefined], [undefined], [{ type: "ephemeral" }]],
  );
});

test("half of a surrogate pair does not spoil a request", async (t) => {
  const { models, faux } = await startModels(t, "openai-completions");
  await finishOf(models, callOf(["p/m"], { prompt: [{ role: "user", content: [{ type: "text", text: "a\ud83d" }] }] }));
  assert.deepEqual(faux.requests[0]?.json.messages, [{ role: "user", content: "a\ufffd" }]);
});

for (const api of ["anthropic-messages", "openai-completions", "openai-responses"] as const) {
  test(`${api}: arguments that are not JSON are a call whose input is the text, and go back as an object`, async (t) => {
    const calls = [{ id: "call_1", name: "exec", input: '{"command": "ls' }];
    const { models, faux } = await startModels(t, api, { reply: { calls } });
    const { content } = await finishOf(models, callOf(["p/m"], { tools: [tool("exec")] }));
    assert.deepEqual(
      content.map((part) => (part.type === "tool_call" ? part.input : part)),
      ['{"command": "ls'],
    );
    const call = { type: "tool-call", toolCallId: "call_1", toolName: "exec", input: '{"command": "ls' } as const;
    await finishOf(models, callOf(["p/m"], { prompt: [...callOf([]).prompt, { role: "assistant", content: [call] }] }));
    assert.match(faux.requests[1]?.body ?? "", /invalid_arguments/);
  });
}

test("calls of one answer have different ids, and none is empty", async (t) => {
  const calls = [
    { id: "call_0", name: "exec", input: "" },
    { id: "call_0", name: "read", input: "[1]" },
  ];
  const { models } = await startModels(t, "anthropic-messages", { reply: { calls } });
  const { content } = await finishOf(models, callOf(["p/m"]));
  assert.deepEqual(content, [
    { type: "tool_call", callId: "call_0", tool: "exec", input: {} },
    { type: "tool_call", callId: "call_0-2", tool: "read", input: "[1]" },
  ]);
});

test("an answer without end is cut off, and the connection closed", async (t) => {
  const { models, faux } = await startModels(t, "openai-completions", {
    reply: { text: "x".repeat(9_000_000) },
  });
  await assert.rejects(collect(models, callOf(["p/m"])), { code: "upstream", message: /more than can be taken/ });
  assert.equal(faux.requests.length, 1);
});

test("a key in a provider's message does not reach a person", async (t) => {
  const message = "Incorrect API key provided: sk-proj-abcDEF1234567890. See Bearer abcdef123456789";
  const { models } = await startModels(t, "openai-completions", { reply: { status: 401, message } });
  await assert.rejects(collect(models, callOf(["p/m"])), (error: Error) => {
    assert.match(error.message, /Incorrect API key provided: \[key\]/);
    assert.doesNotMatch(error.message, /abcDEF|abcdef1/);
    return true;
  });
});

test("refusal and length are reasons to stop, not failures", async (t) => {
  for (const api of apis) {
    const refused = await startModels(t, api, { reply: { text: "No.", stop: "refusal" } });
    assert.equal((await finishOf(refused.models, callOf(["p/m"]))).stopReason, "refusal", api);
    const cut = await startModels(t, api, { reply: { text: "So lo", stop: "length" } });
    assert.equal((await finishOf(cut.models, callOf(["p/m"]))).stopReason, "length", api);
  }
});
