import assert from "node:assert/strict";
import { test } from "node:test";
import { accepts, defaultsTo, issuesOf, loadGood, nowhere, refuses, valueAt, waits } from "./harness.ts";
import { findAgent } from "../../src/config/agent-settings.ts";

test("KEY-074 a provider has a place, a protocol, a key and models with limits and prices", async () => {
  const model = {
    id: "m",
    name: "M",
    reasoning: true,
    input: ["text", "image"],
    contextWindow: 8_192,
    maxTokens: 1_024,
    cost: { input: 1, output: 2, cacheRead: 0.1, cacheWrite: 1.25 },
  };
  const { config, secrets } = await loadGood({
    models: {
      mode: "replace",
      providers: { mine: { baseUrl: "https://m.example/v1", apiKey: "k-1", api: "openai-responses", models: [model] } },
    },
  });
  const provider = config.models.providers.mine;
  assert.deepEqual(
    [provider?.baseUrl, provider?.api, provider?.apiKey, provider?.models],
    ["https://m.example/v1", "openai-responses", { secret: "provider:mine" }, [{ ...model, params: {} }]],
  );
  assert.deepEqual([config.models.mode, ...secrets], ["replace", ["provider:mine", "k-1"]]);
  await refuses("models.providers.mine.baseUrl", /starts with http/, "m.example", "file:///etc/passwd");
  await refuses("models.providers.mine.api", /must be one of/, "carrier-pigeon");
  assert.match(
    (await issuesOf({ models: { providers: { mine: { timeoutSeconds: 3 } } } })).join(),
    /mine.baseUrl: is missing/,
  );
});

test("a well-known provider needs nothing but its name; at another address it speaks the older protocol", async () => {
  const { config } = await loadGood({
    agents: { defaults: { model: { primary: "anthropic/x", fallbacks: ["openai/y", "ollama/z"] } } },
    models: { providers: { openai: { baseUrl: "http://127.0.0.1:9/v1" } } },
  });
  const seen = Object.entries(config.models.providers).map(([id, { baseUrl, api }]) => [id, baseUrl, api]);
  assert.deepEqual(seen.toSorted(), [
    ["anthropic", "https://api.anthropic.com/v1", "anthropic-messages"],
    ["ollama", "http://127.0.0.1:11434/v1", "openai-completions"],
    ["openai", "http://127.0.0.1:9/v1", "openai-completions"],
  ]);
});

test("KEY-075 the short form for one provider is translated, and a host that speaks something else is an error", async () => {
  const provider = {
    name: "openai",
    baseUrl: "http://localhost:12434/v1",
    model: "ai/qwen2.5-coder",
    apiKey: "not-needed",
  };
  const { config, secrets, notices } = await loadGood({ provider });
  assert.deepEqual(
    [config.agents.defaults.model.primary, config.models.providers.openai?.baseUrl, ...secrets],
    ["openai/ai/qwen2.5-coder", provider.baseUrl, ["provider:openai", "not-needed"]],
  );
  assert.deepEqual(
    notices.map(({ path }) => path),
    ["provider"],
  );
  assert.match(
    (await issuesOf({ provider: { ...provider, baseUrl: "https://api.anthropic.com" } })).join(),
    /models.providers.openai.baseUrl: api.anthropic.com is Anthropic, not openai/,
  );
});

test("credentials among a provider's headers become secrets", async () => {
  const headers = { "x-team": "blue", "x-api-key": "k", authorization: "Bearer b" };
  const { config, secrets } = await loadGood({
    models: { providers: { mine: { baseUrl: "https://m.example/v1", headers } } },
  });
  assert.deepEqual(config.models.providers.mine?.headers, {
    "x-team": "blue",
    "x-api-key": { secret: "header:mine.x-api-key" },
    authorization: { secret: "header:mine.authorization" },
  });
  assert.deepEqual(
    [...secrets],
    [
      ["header:mine.x-api-key", "k"],
      ["header:mine.authorization", "Bearer b"],
    ],
  );
});

test("KEY-076 variables in the config feed references and are kept as secrets", async () => {
  const { config, secrets } = await loadGood({
    env: { OPENAI_API_KEY: "k1", vars: { NAME: "Ada" } },
    messages: { responsePrefix: "[${NAME}]" },
  });
  assert.deepEqual(
    [...secrets],
    [
      ["env:name", "Ada"],
      ["env:openai_api_key", "k1"],
      ["provider:openai", "k1"],
    ].toSorted(),
  );
  assert.equal(config.messages.responsePrefix, "[Ada]");
  assert.doesNotMatch(JSON.stringify(config.env), /k1|Ada/);
  for (const name of ["LD_PRELOAD", "NODE_OPTIONS", "PATH", "BASH_ENV", "lower"])
    assert.match((await issuesOf({ env: { vars: { [name]: "x" } } })).join(), /cannot be set here|upper case/, name);
});

test("KEY-077 KEY-078 no plugin is loaded that does not ship with Lorica", async () => {
  await waits("plugins.enabled", false, true);
  await waits("plugins.allow", [], ["x@1.0.0"]);
});

test("KEY-079 KEY-080 KEY-081 KEY-082 the browser is off, with its sandbox, and never open to anybody", async () => {
  await waits("browser.evaluateEnabled", false, true);
  await waits("browser.noSandbox", false, true);
  await defaultsTo("browser.control.auth", "token");
  await refuses("browser.control.auth", /must be "token"/, "none");
  await defaultsTo("tools.browser.timeout", 60_000);
  await waits("tools.browser.security", "ask", "full");
  await refuses("tools.browser.profile", /leave it out/, "/p");
});

test("KEY-083 redaction covers tools by default, earlier spellings are understood, off has to be meant", async () => {
  await defaultsTo("logging.redactSensitive", "tools");
  await accepts("logging.redactSensitive", "tools", "all");
  assert.equal(await valueAt({ logging: { redactSensitive: true } }, "logging.redactSensitive"), "tools");
  await refuses("logging.redactSensitive", /credentials would be written to the log/, "off", false);
});

test("KEY-084 logs have a level, a place, a rotation and patterns of their own", async () => {
  await accepts("logging.level", "debug", "silent");
  await accepts("logging.file", "/var/log/openclaw/x.log");
  await accepts("logging.rotation", { maxSize: "1mb", maxFiles: 3 });
  await accepts("logging.redactPatterns", ["ab+c"]);
  await refuses("logging.redactPatterns[0]", /not a regular expression/, "(");
});

test("KEY-085 KEY-086 KEY-087 chats neither configure nor restart", async () => {
  await waits("commands.config", false, true);
  await waits("commands.restart", false, true);
  await waits("commands.allowFrom", {}, { telegram: ["1"] });
  await defaultsTo("commands.ownerAllowFrom", []);
  await accepts("commands.ownerAllowFrom", ["telegram:1"]);
  await refuses("commands.ownerAllowFrom", /channel:id/, ["alice"]);
});

test("KEY-088 KEY-089 commands run unasked inside the cell or not at all, whatever the key is called", async () => {
  await accepts("tools.exec.security", "full", "deny");
  await refuses("tools.exec.security", /approvals come with step 4/, "allowlist");
  await waits("tools.exec.ask", "off", "on-miss", "always");
  assert.equal(await valueAt({ tools: { shell: { security: "deny" } } }, "tools.exec.security"), "deny");
  assert.match((await issuesOf({ tools: { exec: { security: "ask" } } })).join("\n"), /tools.exec.ask: only "off"/);
  const { config } = await loadGood({ tools: { exec: { security: "deny" } } });
  assert.deepEqual(findAgent(config, nowhere, "main")?.tools.owner.deny, ["exec", "process"]);
});

test("KEY-090 commands run in the cell", () => waits("tools.exec.host", "sandbox", "gateway", "node"));

test("KEY-091 an allow list of commands waits, and a star alone is never one", async () => {
  await waits("tools.exec.allowlist", [], ["git status"]);
  assert.match((await issuesOf({ tools: { exec: { approvedPatterns: ["*"] } } })).join(), /tools.exec.allowlist/);
  assert.match(
    (await issuesOf({ tools: { exec: { allowlist: ["*"] } } })).join(),
    /`\*` alone would allow every command|only \[\]/,
  );
});

test("KEY-092 KEY-093 small settings of exec, and no way around the cell", async () => {
  await accepts("tools.exec.notifyOnExit", false);
  await accepts("tools.exec.notifyOnExitEmptySuccess", true);
  await accepts("tools.exec.pathPrepend", ["/opt/bin"]);
  await waits("tools.exec.safeBins", [], ["jq"]);
  await waits("tools.elevated.enabled", false, true);
  await waits("tools.elevated.allowFrom", {}, { telegram: ["1"] });
});

test("KEY-094 KEY-095 KEY-096 KEY-097 the web and media parse and wait", async () => {
  await accepts("tools.web.fetch.userAgent", "Lorica");
  await accepts("tools.web.fetch.maxChars", 10_000);
  await waits("tools.web.fetch.enabled", false, true);
  await waits("tools.web.search.enabled", false, true);
  const { secrets, config } = await loadGood({
    tools: {
      web: { search: { provider: "brave", brave: { apiKey: "b" }, perplexity: { apiKey: "p", model: "sonar" } } },
    },
  });
  assert.deepEqual(
    [...secrets],
    [
      ["tool:brave", "b"],
      ["tool:perplexity", "p"],
    ],
  );
  assert.deepEqual(config.tools.web.search.brave.apiKey, { secret: "tool:brave" });
  for (const kind of ["image", "audio", "video"]) await waits(`tools.media.${kind}.enabled`, false, true);
  await accepts("tools.links.maxLinks", 5);
});

test("KEY-098 KEY-099 webhooks parse and wait; their token is never in the URL, their content never unmarked", async () => {
  await waits("hooks.enabled", false, true);
  await waits("hooks.allowQueryToken", false, true);
  await waits("hooks.allowRequestSessionKey", false, true);
  await waits("hooks.gmail.allowUnsafeExternalContent", false, true);
  await refuses("hooks.mappings", /only \[\]|only false/, [{ allowUnsafeExternalContent: true }]);
  assert.deepEqual([...(await loadGood({ hooks: { token: "h" } })).secrets], [["hooks:token", "h"]]);
});

test("KEY-100 skills never load by themselves; earlier switches for it are dropped with a notice", async () => {
  const { notices } = await loadGood({
    skills: { autoDiscover: true, requireApproval: false, sources: ["x"], install: { preferBrew: true } },
  });
  assert.deepEqual(
    notices.map(({ path }) => path),
    ["skills.autoDiscover", "skills.requireApproval", "skills.sources", "skills.install"],
  );
  await waits("skills.pinnedVersions", true, false);
  await waits("skills.load.extraDirs", [], ["/x"]);
  await accepts("skills.entries.weather", { enabled: false, config: { a: 1 } });
});

test("KEY-102 names of areas to come are taken: they may stand there empty or switched off", async () => {
  for (const area of ["budget", "outbound", "trust", "security.httpRateLimit"]) {
    await accepts(area, {}, { enabled: false });
    await refuses(area, /leave it out: what it switches on/, { enabled: true }, { dailyUsd: 5 });
  }
  for (const area of ["vault", "watchdog"]) {
    await accepts(area, {}, { enabled: false });
    await refuses(area, /leave it out: it is always/, { enabled: true }, { seconds: 5 });
  }
  await refuses("security.httpRateLimit", /not part of Lorica yet/, { perSecond: 5 });
  await refuses("security.hsts", /gateway\.http\.securityHeaders\.strictTransportSecurity says it/, true, false);
});
