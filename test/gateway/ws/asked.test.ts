// What upstream's clients of 2026.9.6 ask, with the parameters that they send, as recorded from them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openEdge } from "../../faux/edge.ts";
import { pairDevice } from "../../faux/ws/device.ts";

type Asked = readonly (readonly [method: string, params?: unknown])[];

const controlUi: Asked = [
  ["sessions.subscribe", {}],
  [
    "sessions.list",
    {
      includeGlobal: true,
      includeUnknown: true,
      configuredAgentsOnly: true,
      limit: 200,
      includeDerivedTitles: true,
      includeLastMessage: true,
      agentId: "main",
    },
  ],
  ["update.status", {}],
  ["agents.list", {}],
  ["exec.approval.list", {}],
  ["plugin.approval.list", {}],
  ["openclaw.approval.list", {}],
  ["question.list", {}],
  ["agent.identity.get", { agentId: "main" }],
  ["models.list", { view: "configured", sessionKey: "agent:main:main", agentId: "main" }],
  ["chat.startup", { sessionKey: "agent:main:main", limit: 80, maxBytes: 262_144 }],
  ["sessions.messages.subscribe", { key: "agent:main:main", includeApprovals: true }],
  [
    "cron.list",
    {
      agentId: "main",
      includeDisabled: true,
      includeDeliveryPreviews: false,
      compact: true,
      limit: 50,
      offset: 0,
      enabled: "all",
      sortBy: "nextRunAtMs",
      sortDir: "asc",
    },
  ],
  ["cron.status", {}],
  ["taskSuggestions.list", { agentId: "main" }],
  ["system.info", {}],
  [
    "sessions.list",
    {
      includeGlobal: false,
      includeUnknown: false,
      configuredAgentsOnly: true,
      limit: 10_000,
      spawnedBy: "agent:main:main",
    },
  ],
  ["sessions.describe", { key: "agent:main:main" }],
  ["chat.history", { sessionKey: "agent:main:main", inputRunIds: ["8ea5b16a"], limit: 1_000 }],
];

const terminalAndEditor: Asked = [
  ["chat.history", { sessionKey: "agent:main:main", limit: 200 }],
  ["sessions.list", { agentId: "main", limit: 1 }],
  ["commands.list", { agentId: "main", scope: "text", includeArgs: false }],
  ["sessions.list", { limit: 200, search: "agent:main:acp-bridge:f9129aeb", includeDerivedTitles: true }],
];

const commandLine: Asked = [
  ["health"],
  ["health", { probe: true }],
  ["status", { includeChannelSummary: false }],
  ["cron.list", { includeDisabled: false, limit: 200, offset: 0 }],
  ["device.pair.list", {}],
  ["node.list", {}],
  ["channels.status", { probe: false, timeoutMs: 59_999 }],
  ["last-heartbeat", {}],
];

test("GW-023 nothing that upstream's page, terminal, editor bridge and commands ask is refused", async (t) => {
  const edge = await openEdge(t);
  const client = await pairDevice({ ...edge, url: `ws://127.0.0.1:${edge.port}` }, { scopes: ["operator.admin"] });
  const refused: unknown[] = [];
  for (const [method, params] of [...controlUi, ...terminalAndEditor, ...commandLine]) {
    const { ok, error } = await client.request(method, params);
    if (ok !== true) refused.push([method, params, error?.message]);
  }
  assert.deepEqual(refused, []);
});

test("a list of sessions is never longer than its bound, and says so", async (t) => {
  const edge = await openEdge(t);
  const client = await edge.connect();
  await client.request("sessions.create", { key: "one" });
  const list = async (params: object): Promise<unknown> => {
    const { limitApplied, count, totalCount, hasMore } = (await client.request("sessions.list", params)) as Record<
      string,
      unknown
    >;
    return { limitApplied, count, totalCount, hasMore };
  };
  assert.deepEqual(await list({ limit: 10_000 }), { limitApplied: 1_000, count: 1, totalCount: 1, hasMore: false });
  assert.deepEqual(await list({ limit: 7, spawnedBy: "agent:main:one" }), {
    limitApplied: 7,
    count: 0,
    totalCount: 0,
    hasMore: false,
  });
});

test("the models of a session are those of its agent, and what the two names say must agree", async (t) => {
  const edge = await openEdge(t);
  const client = await edge.connect();
  const all = await client.request("models.list", {});
  assert.deepEqual(await client.request("models.list", { sessionKey: "agent:main:any" }), all);
  await assert.rejects(client.request("models.list", { sessionKey: "agent:main:any", agentId: "other" }), {
    message: /names agent main, not other/,
  });
});

test("a page of jobs says which list it is a page of, without which upstream's command takes none", async (t) => {
  const edge = await openEdge(t);
  const client = await edge.connect();
  assert.deepEqual(await client.request("cron.list", { limit: 200, offset: 0 }), {
    jobs: [],
    snapshotRevision: "none",
    total: 0,
    offset: 0,
    limit: 200,
    hasMore: false,
    nextOffset: null,
  });
});
