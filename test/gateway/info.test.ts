import assert from "node:assert/strict";
import { test } from "node:test";
import { openEdge } from "../faux/edge.ts";
import { noUsage } from "../faux/pipeline.ts";

const key = "agent:main:work";

test("usage.cost adds up by day, and says where a price is not known", async (t) => {
  const day = 86_400_000;
  const clock = { ms: 20_000 * day + 5_000 };
  const edge = await openEdge(t, { now: () => clock.ms });
  const client = await edge.connect();
  const row = { turnId: "t", sessionKey: key, agentId: "main", provider: "faux", model: "one", trigger: "turn" };
  await edge.store.usage.add({ ...row, ...noUsage, at: clock.ms - day });
  await edge.store.usage.add({ ...row, ...noUsage, at: clock.ms });
  await edge.store.usage.add({ ...row, ...noUsage, model: "two", costMicros: null, at: clock.ms });
  const once = { input: 10, output: 5, cacheRead: 2, cacheWrite: 1, totalTokens: 18, totalCost: 0.0015 };
  const none = {
    input: 0,
    output: 0,
    cacheRead: 0,
    cacheWrite: 0,
    totalTokens: 0,
    totalCost: 0,
    missingCostEntries: 0,
  };
  const twice = { input: 20, output: 10, cacheRead: 4, cacheWrite: 2, totalTokens: 36, totalCost: 0.0015 };
  assert.deepEqual(await client.request("usage.cost", { days: 3 }), {
    updatedAt: clock.ms,
    days: 3,
    daily: [
      { date: "2024-10-02", ...none },
      { date: "2024-10-03", ...once, missingCostEntries: 0 },
      { date: "2024-10-04", ...twice, missingCostEntries: 1 },
    ],
    totals: {
      input: 30,
      output: 15,
      cacheRead: 6,
      cacheWrite: 3,
      totalTokens: 54,
      totalCost: 0.003,
      missingCostEntries: 1,
    },
  });
  client.end();
});

test("status says what runs and what is off and why; models and agents are listed", async (t) => {
  const edge = await openEdge(t);
  const client = await edge.connect();
  await client.request("chat.send", { sessionKey: "work", message: "hi", idempotencyKey: "k" });
  const { processMemory, uptimeMs, ...status } = (await client.request("status", {})) as Record<string, unknown>;
  assert.ok(Number(uptimeMs) >= 0 && processMemory !== undefined);
  const agents = [
    { id: "main", kind: "agent", name: "Main", model: { primary: "faux/one", fallbacks: [] } },
    { id: "beta", kind: "agent", name: "Beta", model: { primary: "faux/one", fallbacks: [] } },
  ];
  assert.deepEqual(status, {
    runtimeVersion: "0.0.0",
    dangers: [],
    phase: "accepting",
    defaultAgentId: "main",
    agents,
    sessions: { count: 1, defaults: { modelProvider: "faux", model: "one", contextTokens: 8_000 } },
    runs: { active: 1, sessions: 1 },
    sandbox: { state: "off", reason: "bubblewrap is missing", fix: "apt install bubblewrap", walls: [] },
    config: { hashOnDisk: "on-disk", hashRunning: "running", restartNeeded: ["gateway.port"] },
    connections: { sockets: 1, http: 0 },
  });
  assert.deepEqual(((await client.request("agents.list", {})) as { agents: unknown }).agents, agents);
  assert.deepEqual(await client.request("models.list", {}), {
    models: [
      {
        id: "one",
        name: "Faux One",
        provider: "faux",
        tags: ["default"],
        contextWindow: 8_000,
        reasoning: false,
        input: ["text", "image"],
        available: true,
      },
    ],
  });
  client.end();
});
