import assert from "node:assert/strict";
import { test } from "node:test";
import { findAgent } from "../../src/config/agent-settings.ts";
import { accepts, defaultsTo, issuesOf, loadGood, nowhere, refuses, valueAt, waits } from "./harness.ts";

test("KEY-042 without a profile nobody gets all tools; the nearest profile counts", async () => {
  const profiles = async (config: object) => {
    const agent = findAgent((await loadGood(config as never)).config, nowhere, "a");
    return [agent?.tools.owner.profile, agent?.tools.others.profile];
  };
  const list = [{ id: "a" }];
  assert.deepEqual(await profiles({ agents: { list } }), ["coding", "messaging"]);
  assert.deepEqual(await profiles({ agents: { list }, tools: { profile: null } }), ["coding", "messaging"]);
  assert.deepEqual(await profiles({ agents: { list }, tools: { profile: "full" } }), ["full", "full"]);
  assert.deepEqual(
    await profiles({ agents: { list, defaults: { tools: { profile: "minimal" } } }, tools: { profile: "full" } }),
    ["minimal", "minimal"],
  );
  assert.deepEqual(
    await profiles({
      agents: { list: [{ id: "a", tools: { profile: "messaging" } }], defaults: { tools: { profile: "minimal" } } },
    }),
    ["messaging", "messaging"],
  );
  await accepts("tools.profile", "minimal", "coding", "messaging", "full");
  await refuses("tools.profile", /must be one of/, "everything");
});

test("KEY-043 KEY-044 denials of all levels add up; the nearest allow list counts, and an empty one allows nothing", async () => {
  const { config } = await loadGood({
    tools: {
      allow: ["read", "exec"],
      deny: ["write"],
      sandbox: { tools: { allow: ["exec", "glob"], deny: ["grep"] } },
    },
    agents: {
      defaults: { tools: { deny: ["edit"] } },
      list: [{ id: "a" }, { id: "b", tools: { allow: [], sandbox: { tools: { allow: ["read"] } } } }],
    },
  });
  assert.deepEqual(findAgent(config, nowhere, "a")?.tools.owner, {
    profile: "coding",
    allow: ["exec"],
    deny: ["edit", "write", "grep"],
  });
  assert.deepEqual(findAgent(config, nowhere, "b")?.tools.owner.allow, []);
});

test("CFG-031 an agent's own entry comes first, then the defaults, then what is built in", async () => {
  const { config } = await loadGood({
    agents: {
      defaults: {
        thinkingDefault: "low",
        sandbox: { scope: "agent", docker: { memory: "256m" } },
        compaction: { keepRecentTokens: 7 },
      },
      list: [{ id: "a", thinkingDefault: "high", sandbox: { docker: { pidsLimit: 70 } } }, { id: "b" }],
    },
  });
  const view = (id: string) => {
    const agent = findAgent(config, nowhere, id);
    return [
      agent?.thinkingDefault,
      agent?.sandbox.scope,
      agent?.sandbox.docker.pidsLimit,
      agent?.compaction.keepRecentTokens,
      agent?.sandbox.docker.memory,
    ];
  };
  assert.deepEqual(
    [view("a"), view("b")],
    [
      ["high", "agent", 70, 7, "256m"],
      ["low", "agent", undefined, 7, "256m"],
    ],
  );
});

test("KEY-045 agents stand in a list, each with an id of its own; at most one is the default", async () => {
  const list = [
    {
      id: "a",
      name: "A",
      workspace: "~/a",
      model: "openai/gpt-5",
      tools: { profile: "coding" },
      sandbox: { workspaceAccess: "ro" },
      skills: ["x"],
      heartbeat: { target: "last" },
      subagents: { maxConcurrent: 2 },
      trust: {},
    },
  ];
  const { config } = await loadGood({ agents: { list } });
  assert.deepEqual(
    config.agents.list.map(({ id, name, skills, model }) => ({ id, name, skills, model })),
    [{ id: "a", name: "A", skills: ["x"], model: { primary: "openai/gpt-5" } }],
  );
  assert.deepEqual(await issuesOf({ agents: { list: [{ id: "a" }, { id: "a" }] } }), [
    "agents.list[1].id: is the id of an earlier agent too",
  ]);
  assert.deepEqual(
    await issuesOf({
      agents: {
        list: [
          { id: "a", default: true },
          { id: "b", default: true },
        ],
      },
    }),
    ["agents.list[1].default: only one agent can be the default"],
  );
  assert.deepEqual(await issuesOf({ agents: { list: [{ name: "x" }] } }), ["agents.list[0].id: is missing"]);
});

test("KEY-046 skills of an agent can be named", () =>
  accepts("agents.list[0]", {
    id: "a",
    skills: ["x"],
    default: false,
    models: {},
    identity: {},
    groupChat: { mentionPatterns: [] },
    trust: {},
  }));

test("KEY-058 CFG-017 a model is named with its provider, or by an alias; a provider that is not there is refused", async () => {
  assert.deepEqual(await valueAt({ agents: { defaults: { model: "openai/gpt-5" } } }, "agents.defaults.model"), {
    primary: "openai/gpt-5",
    fallbacks: [],
  });
  const both = { primary: "anthropic/x", fallbacks: ["fast", "mine/y"] };
  const rest = { models: { providers: { mine: { baseUrl: "https://m.example/v1" } } } };
  assert.deepEqual(
    await valueAt(
      { ...rest, agents: { defaults: { model: both, models: { "openai/z": { alias: "fast" } } } } },
      "agents.defaults.model",
    ),
    both,
  );
  assert.deepEqual(await issuesOf({ agents: { defaults: { model: "opnai/x" } } }), [
    'agents.defaults.model.primary: names a provider that is not configured; did you mean "openai"?; add models.providers.opnai',
  ]);
  assert.deepEqual(await issuesOf({ agents: { list: [{ id: "a", model: "smart" }] } }), [
    "agents.list[0].model.primary: is neither provider/model nor an alias",
  ]);
});

test("KEY-059 a model may have an alias and a cap on its answers", async () => {
  const models = { "openai/gpt-5": { alias: "big", params: { maxTokens: 4_000 }, streaming: true } };
  await accepts("agents.defaults.models", models);
  assert.match(
    (
      await issuesOf({ agents: { defaults: { models: { "openai/a": { alias: "x" }, "openai/b": { alias: "x" } } } } })
    ).join(),
    /stands for two models/,
  );
});

test("KEY-060 pictures and sub-agents may have models of their own", async () => {
  await accepts("agents.defaults.imageModel", { primary: "openai/a", fallbacks: ["openai/b"] });
  await accepts("agents.defaults.subagents.model", { primary: "openai/a", fallbacks: [] });
  await waits("agents.defaults.cliBackends", {}, { claude: {} });
});

test("KEY-061 the heartbeat parses and waits", async () => {
  await waits("agents.defaults.heartbeat.every", "0", "30m", "1h");
  await accepts("agents.defaults.heartbeat.target", "last", "none", "telegram");
  await accepts("agents.defaults.heartbeat.activeHours", { start: "08:00", end: "22:00", timezone: "Europe/Berlin" });
  const zone = { start: "08:00", end: "22:00", timezone: "Mars/Olympus" };
  assert.deepEqual(await issuesOf({ agents: { defaults: { heartbeat: { activeHours: zone } } } }), [
    "agents.defaults.heartbeat.activeHours.timezone: is not a time zone; they are written like Europe/Berlin",
  ]);
});

test("KEY-062 KEY-065 KEY-066 the context has caps", async () => {
  await accepts("agents.defaults.contextTokens", 8_192);
  await defaultsTo("agents.defaults.bootstrapMaxChars", 20_000);
  await defaultsTo("agents.defaults.bootstrapTotalMaxChars", 150_000);
  await defaultsTo("agents.defaults.imageMaxDimensionPx", 1_200);
});

test("KEY-063 context pruning", async () => {
  await accepts("agents.defaults.contextPruning", {
    mode: "cache-ttl",
    ttl: "5m",
    keepLastAssistants: 2,
    softTrim: { maxChars: 10, headChars: 4, tailChars: 4 },
    hardClear: { enabled: false, placeholder: "gone" },
    tools: { allow: ["exec"], deny: [] },
  });
});

test("KEY-064 compaction keeps room for the answer", async () => {
  await defaultsTo("agents.defaults.compaction.mode", "safeguard");
  await defaultsTo("agents.defaults.compaction.reserveTokensFloor", 20_000);
  await defaultsTo("agents.defaults.compaction.memoryFlush.softThresholdTokens", 4_000);
  await waits("agents.defaults.compaction.memoryFlush.enabled", false, true);
});

test("KEY-067 a turn has a time limit, in milliseconds under its earlier name", async () => {
  assert.equal(await valueAt({ agents: { defaults: { timeout: 300_000 } } }, "agents.defaults.timeoutSeconds"), 300);
  await waits("agents.defaults.checkpoints", true, false);
  await accepts("tools.maxConcurrent", 3);
});

test("KEY-068 KEY-069 KEY-070 KEY-071 KEY-072 memory search parses with its defaults and waits", async () => {
  const search = (await loadGood({})).config.agents.defaults.memorySearch;
  assert.deepEqual([search.provider, search.fallback, search.sources], ["auto", "none", ["memory"]]);
  assert.deepEqual(search.chunking, { tokens: 400, overlap: 80 });
  assert.deepEqual(search.query, {
    maxResults: 6,
    minScore: 0.35,
    hybrid: { enabled: true, vectorWeight: 0.7, textWeight: 0.3, candidateMultiplier: 4 },
  });
  assert.deepEqual(search.sync, {
    onSessionStart: true,
    onSearch: true,
    watch: true,
    watchDebounceMs: 1_500,
    intervalMinutes: 0,
    sessions: { deltaBytes: 100_000, deltaMessages: 50 },
  });
  assert.deepEqual(
    [search.store.driver, search.cache.enabled, search.experimental],
    ["sqlite", true, { sessionMemory: false }],
  );
  await waits("agents.defaults.memorySearch.enabled", false, true);
  await accepts("agents.defaults.memorySearch.local", { modelPath: "x", modelCacheDir: "/y" });
});

test("KEY-073 the memory backend", async () => {
  await accepts("agents.defaults.memoryBackend", "builtin", "qmd");
  await accepts("memory.citations", "auto", "on", "off");
  await defaultsTo("memory.qmd.limits.maxInjectedChars", 4_000);
  await waits("memory.qmd.sessions.enabled", false, true);
  assert.equal(await valueAt({ memory: { backend: "qmd" } }, "agents.defaults.memoryBackend"), "qmd");
});
