// Direct tool calls at the door, and the way they take behind it.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { DirectCall } from "../../../src/agent/agent.ts";
import { sha256 } from "../../../src/base/ids.ts";
import { createAddressRanges } from "../../../src/network/network.ts";
import { offerOf } from "../../../src/gateway/tools/surface.ts";
import { openEdge, token } from "../../faux/edge.ts";
import { accessOf } from "../../faux/gateway/access.ts";

const bearer = { authorization: `Bearer ${token}` };

async function openTools(t: TestContext, http: { allow?: string[]; deny?: string[] } = {}) {
  const calls: DirectCall[] = [];
  const edge = await openEdge(t, {
    settings: {
      http: { chatCompletions: false, responses: false, tools: { allow: http.allow ?? [], deny: http.deny ?? [] } },
    },
    callTool: async (call) => {
      calls.push(call);
      if (call.tool === "blocked") return { kind: "ran", outcome: "denied", text: "refused: no" };
      if (call.tool === "broken") return { kind: "ran", outcome: "error", text: "cannot open /home/me/secret.txt" };
      if (call.tool === "picky") return { kind: "wrong", reason: "the input does not fit" };
      return call.tool === "unknown" ? { kind: "none" } : { kind: "ran", outcome: "ok", text: "done" };
    },
  });
  const invoke = async (body: unknown, headers: Record<string, string> = {}) => {
    const init = { method: "POST", headers: { ...bearer, ...headers }, body: JSON.stringify(body) };
    const response = await fetch(`${edge.url}/tools/invoke`, init);
    return [response.status, await response.json()] as const;
  };
  return { edge, calls, invoke };
}

const done = { ok: true, result: { content: [{ type: "text", text: "done" }] } };

test("GW-007 ADV-007 a direct call names tool, agent and session, and goes in as the owner's", async (t) => {
  const { calls, invoke } = await openTools(t);
  const args = { path: "a.txt" };
  assert.deepEqual(await invoke({ tool: "read", args }), [200, done]);
  assert.deepEqual(await invoke({ name: "glob", tool: "read", action: "x", agentId: "beta", sessionKey: "notes" }), [
    200,
    done,
  ]);
  const principal = { id: "owner", kind: "owner", account: "default" };
  const label = { integrity: "owner", readers: ["owner"] };
  assert.deepEqual(calls, [
    { tool: "read", input: args, agentId: "main", sessionKey: "agent:main:main", principal, label },
    { tool: "glob", input: { action: "x" }, agentId: "beta", sessionKey: "agent:beta:notes", principal, label },
  ]);
});

test("every way in which a direct call fails has its own answer", async (t) => {
  const { edge, invoke } = await openTools(t);
  const failed = (status: number, type: string, message: string) => [status, { ok: false, error: { type, message } }];
  assert.deepEqual(await invoke({ tool: "unknown" }), failed(404, "not_found", 'no tool "unknown" is offered here'));
  assert.deepEqual(await invoke({ tool: "blocked" }), failed(403, "tool_call_blocked", "refused: no"));
  assert.deepEqual(await invoke({ tool: "broken" }), failed(500, "tool_error", "cannot open <path>"));
  assert.deepEqual(await invoke({ tool: "picky" }), failed(400, "invalid_request", "the input does not fit"));
  assert.deepEqual(await invoke({ tool: "read", args: [] }), failed(400, "invalid_request", "args must be an object"));
  assert.equal((await invoke({}))[0], 400);
  assert.equal((await invoke({ tool: "read", agentId: "nobody" }))[0], 404);
  assert.equal((await invoke({ tool: "read", sessionKey: "cron:x" }))[0], 400);
  assert.equal((await invoke({ tool: "read", sessionKey: "agent:main:telegram:direct:7" }))[0], 403);
  assert.equal((await fetch(`${edge.url}/tools/invoke`, { headers: bearer })).status, 405);
  assert.equal((await fetch(`${edge.url}/tools/invoke`, { method: "POST", body: "{" })).status, 401);
});

test("GW-008 what runs, changes or reaches further is off until it is named, and a denied tool stays off", async (t) => {
  const { calls, invoke } = await openTools(t);
  const off = ["exec", "process", "write", "edit", "apply_patch", "sessions_spawn", "sessions_send", "gateway"];
  for (const tool of [...off, "whatsapp_login", "cron", "nodes"]) assert.equal((await invoke({ tool }))[0], 404, tool);
  assert.deepEqual(calls, []);
  const surface = { allow: ["exec", "group:fs"], deny: ["read", "apply_patch"] };
  const offers = ["exec", "write", "process", "read", "glob", "apply_patch"].map((tool) => offerOf(tool, surface));
  assert.deepEqual(offers, ["named", "named", "off", "off", "offered", "off"]);
});

test("GW-018 GW-019 whoever names a channel asks as somebody on it would", async (t) => {
  const { calls, invoke } = await openTools(t);
  await invoke({ tool: "read" }, { "x-openclaw-message-channel": "telegram", "x-openclaw-account-id": "work" });
  await invoke({ tool: "read" }, { "x-openclaw-account-id": "work" });
  assert.deepEqual(
    calls.map(({ principal, label }) => [principal, label.integrity]),
    [
      [{ id: "telegram:work:http", kind: "member", account: "work" }, "member"],
      [{ id: "http:work:http", kind: "member", account: "work" }, "member"],
    ],
  );
  assert.equal((await invoke({ tool: "read" }, { "x-openclaw-message-channel": "a b" }))[0], 400);
});

test("the same key is one call, and another call under it a conflict", async (t) => {
  const { calls, invoke } = await openTools(t);
  const body = { tool: "read", idempotencyKey: "k" };
  assert.deepEqual(
    [await invoke(body), await invoke(body)],
    [
      [200, done],
      [200, done],
    ],
  );
  assert.equal(calls.length, 1);
  assert.equal((await invoke({ ...body, tool: "glob" }))[0], 409);
  assert.equal((await invoke(body, { "x-openclaw-message-channel": "telegram" }))[0], 409, "in somebody else's place");
});

test("NET-017 direct calls are thirty a minute, and their bodies may be larger", async (t) => {
  const { invoke } = await openTools(t);
  assert.equal((await invoke({ tool: "read", args: { content: "x".repeat(1_500_000) } }))[0], 200);
  assert.equal((await invoke({ tool: "read", args: { content: "x".repeat(2_200_000) } }))[0], 413);
  const clock = { ms: 1_000_000 };
  const remote = await openEdge(t, {
    now: () => clock.ms,
    settings: { access: accessOf({ tokenHashes: [sha256(token)], proxies: createAddressRanges(["127.0.0.1"]) }) },
    callTool: async () => ({ kind: "ran", outcome: "ok", text: "done" }),
  });
  const statuses: number[] = [];
  for (let count = 0; count < 32; count++) {
    const headers = { ...bearer, "x-forwarded-for": "203.0.113.9" };
    const response = await fetch(`${remote.url}/tools/invoke`, { method: "POST", headers, body: '{"tool":"read"}' });
    await response.arrayBuffer();
    statuses.push(response.status);
    clock.ms += 60;
  }
  assert.deepEqual([statuses.slice(0, 30).every((status) => status === 200), statuses[31]], [true, 429]);
});
