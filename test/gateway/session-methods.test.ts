import assert from "node:assert/strict";
import { test } from "node:test";
import { openEdge } from "../faux/edge.ts";

type Reply = Readonly<Record<string, unknown>>;

test("a session is made, found, talked in, previewed and followed by its key", async (t) => {
  const edge = await openEdge(t, { now: () => 86_400_000 });
  const client = await edge.connect();
  const ask = async (method: string, params: unknown): Promise<Reply> =>
    (await client.request(method, params)) as Reply;

  const made = await ask("sessions.create", { key: "acp-bridge:1-2", label: "tax", model: "faux/one" });
  const key = "agent:main:acp-bridge:1-2";
  assert.deepEqual(made, {
    ok: true,
    key,
    sessionId: made["sessionId"],
    entry: { sessionId: made["sessionId"], updatedAt: 86_400_000, label: "tax" },
    resolved: { modelProvider: "faux", model: "one" },
    runStarted: false,
  });
  assert.deepEqual(await ask("sessions.resolve", { label: "tax" }), {
    ok: true,
    key,
    agentId: "main",
    displayName: "tax",
  });
  assert.deepEqual(await ask("sessions.resolve", { sessionId: "none", allowMissing: true }), { ok: false });
  const list = await ask("sessions.list", { search: "acp-bridge:1-2", includeDerivedTitles: true });
  assert.deepEqual(
    (list["sessions"] as Reply[]).map((row) => row["key"]),
    [key],
  );
  const injected = await ask("chat.inject", { sessionKey: key, message: "so be it", label: "note" });
  assert.deepEqual(await ask("sessions.preview", { keys: [key, "other"] }), {
    ts: 86_400_000,
    previews: [
      { key, status: "ok", items: [{ role: "assistant", text: "[note]\n\nso be it" }] },
      { key: "other", status: "missing", items: [] },
    ],
  });
  const got = await ask("chat.message.get", { sessionKey: key, messageId: injected["messageId"] });
  assert.equal(got["ok"], true);
  assert.deepEqual(await ask("chat.message.get", { sessionKey: key, messageId: "no" }), {
    ok: false,
    unavailableReason: "not_found",
  });
  assert.deepEqual(await ask("sessions.messages.subscribe", { key, includeApprovals: true }), {
    subscribed: true,
    key,
    approvalReplay: { sessionKey: key, updatedAtMs: 86_400_000, approvals: [], truncated: false },
  });
  assert.deepEqual(await ask("sessions.messages.unsubscribe", { key }), { subscribed: false, key });
  const subscribed = await ask("sessions.subscribe", {});
  assert.deepEqual(subscribed["list"], await ask("sessions.list", {}));
  assert.deepEqual(await ask("sessions.delete", { key, archivedOnly: true }), {
    ok: true,
    key,
    deleted: false,
    archived: [],
  });
  client.end();
});

test("sessions.send and sessions.abort are the chat's own, by key", async (t) => {
  const edge = await openEdge(t);
  const client = await edge.connect();
  const params = { key: "main", message: "hi", idempotencyKey: "k-1" };
  assert.deepEqual(await client.request("sessions.send", params), { runId: "k-1", status: "started" });
  assert.equal(edge.handled[0]?.request.sessionKey, "agent:main:main");
  await assert.rejects(client.request("chat.send", { sessionKey: "main", message: "ho", idempotencyKey: "k-1" }), {
    code: "conflict",
  });
  assert.deepEqual(await client.request("sessions.abort", { runId: "not-there" }), {
    ok: true,
    aborted: false,
    runIds: [],
    abortedRunId: null,
    status: "no-active-run",
  });
  await assert.rejects(client.request("sessions.abort", {}), { message: /names neither a session nor a run/ });
  client.end();
});

test("chat.startup is history, agents and what a chat may use, in one answer", async (t) => {
  const edge = await openEdge(t);
  const client = await edge.connect();
  const startup = (await client.request("chat.startup", { sessionKey: "main" })) as Reply;
  const history = (await client.request("chat.history", { sessionKey: "main" })) as Reply;
  assert.deepEqual(startup, {
    ...history,
    sessionKey: "agent:main:main",
    agentsList: await client.request("agents.list", {}),
    metadata: await client.request("chat.metadata", {}),
  });
  const { commands } = (await client.request("commands.list", {})) as { readonly commands: readonly Reply[] };
  assert.deepEqual(
    commands.map((command) => command["name"]),
    ["help", "status", "new", "compact", "model", "think", "stop", "kill"],
  );
  client.end();
});

test("what a message asks for in words needs the scope that asking outright needs", async (t) => {
  const edge = await openEdge(t);
  const client = await edge.connect(["operator.write"]);
  for (const [method, params] of [
    ["sessions.send", { key: "main", message: "/reset" }],
    ["sessions.create", { key: "x", message: "/new" }],
    ["sessions.delete", { key: "main" }],
  ] as const)
    await assert.rejects(client.request(method, params), {
      code: "forbidden",
      message: "missing scope: operator.admin",
    });
  client.end();
});
