// Every configuration and every `config` command that the guides of this system print, as they print it.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { Json } from "../../src/base/json.ts";
import {
  createConfigFile,
  parseAssignment,
  parseConfigPath,
  resolvePaths,
  viewConfig,
} from "../../src/config/config.ts";
import { issuesOf, loadGood, temporary, valueAt } from "./harness.ts";

const token = "0123456789abcdef".repeat(4);

test("KEY-009 guide 1, Tailscale serve: loads, and lets the tailnet's people in", async () => {
  const { gateway } = (
    await loadGood(
      `{ "gateway": { "bind": "loopback", "tailscale": { "mode": "serve" }, "auth": { "allowTailscale": true } } }`,
    )
  ).config;
  assert.deepEqual(
    [gateway.tailscale, gateway.auth.allowTailscale],
    [{ mode: "serve", httpsPort: 443, resetOnExit: false }, true],
  );
});

test("guides 2, 3 and 4: discovery off, no scripts in pages, a trusted proxy", async () => {
  assert.equal(await valueAt(`{ "discovery": { "mdns": { "mode": "off" } } }`, "discovery.mdns.mode"), "off");
  assert.equal(await valueAt(`{ "browser": { "evaluateEnabled": false } }`, "browser.evaluateEnabled"), false);
  assert.deepEqual(await valueAt(`{ "gateway": { "trustedProxies": ["127.0.0.1"] } }`, "gateway.trustedProxies"), [
    "127.0.0.1",
  ]);
});

test("guide 5, the docker sandbox, loads as it is", async () => {
  const text = `{ "agents": { "defaults": { "sandbox": { "mode": "all", "docker": { "network": "none", "readOnlyRoot": true, "capDrop": ["ALL"], "pidsLimit": 100, "memory": "512m" } } } } }`;
  const { notices, config } = await loadGood(text);
  assert.deepEqual([notices, config.agents.defaults.sandbox.docker.memory], [[], "512m"]);
});

const hardened = `{
  "gateway": { "bind": "loopback", "auth": { "mode": "token", "token": "${token}" }, "trustedProxies": ["127.0.0.1"],
    "controlUi": { "dangerouslyDisableDeviceAuth": false } },
  "browser": { "evaluateEnabled": false },
  "agent": { "defaults": { "sandbox": { "docker": { "network": "none", "pidsLimit": 50 } } } },
  "plugins": { "enabled": false },
  "logging": { "redactSensitive": "tools" },
  "agents": { "defaults": { "sandbox": { "mode": "all", "workspaceAccess": "ro" } } }
}`;

test("KEY-057 guide 6, the hardened server: both spellings of one root are read and merged", async () => {
  const { config, notices } = await loadGood(hardened);
  const { mode, workspaceAccess, docker } = config.agents.defaults.sandbox;
  assert.deepEqual([mode, workspaceAccess, docker.pidsLimit], ["all", "ro", 50]);
  assert.deepEqual(
    notices.map(({ path }) => path),
    ["agent.defaults", "gateway.auth.token"],
  );
  const conflict = `{ "agent": { "defaults": { "sandbox": { "workspaceAccess": "none" } } },\n "agents": { "defaults": { "sandbox": { "workspaceAccess": "ro" } } } }`;
  assert.deepEqual(await issuesOf(conflict), [
    "agent.defaults.sandbox.workspaceAccess: means the same as agents.defaults.sandbox.workspaceAccess (line 2), but they say different things; keep one",
  ]);
});

const privacy = `{
  // High privacy
  $schema: "https://openclaw.ai/config.json",
  version: 1,
  gateway: {
    bind: "loopback", port: 18789,
    auth: { mode: "token", token: "${token}", secret: "GENERATE_WITH_OPENSSL_RAND", },
    trustedProxies: [],
    controlUi: { dangerouslyDisableDeviceAuth: false },
  },
  channels: [
    { type: "telegram", enabled: false, dmPolicy: "pairing", groupPolicy: { requireMention: true, allowedGroups: [], requireCommandPrefix: "!" }, configWrites: false },
    { type: "whatsapp", enabled: false, dmPolicy: "pairing", configWrites: false },
    { type: "discord", enabled: false, dmPolicy: "allowlist", allowFrom: ["123456789"], configWrites: false },
  ],
  agents: { defaults: { tools: { profile: "minimal" }, sandbox: { mode: "all", workspaceAccess: "none" } } },
  logging: { redactSensitive: "tools" },
  browser: { evaluateEnabled: false },
  discovery: { mdns: { mode: "off" } },
  plugins: { enabled: false },
  commands: { config: false },
}`;

test("CFG-001 CFG-021 guide 7, high privacy: comments, trailing commas, $schema and version", async () => {
  const { config, secrets, notices } = await loadGood(privacy);
  assert.deepEqual([config.$schema, config.version], ["https://openclaw.ai/config.json", 1]);
  assert.deepEqual(Object.keys(config.channels).toSorted(), ["defaults", "discord", "telegram", "whatsapp"]);
  assert.deepEqual(
    [config.channels.telegram?.requireCommandPrefix, config.agents.defaults.tools.profile],
    ["!", "minimal"],
  );
  assert.deepEqual([...secrets], [["gateway:token", token]]);
  assert(notices.some(({ path, message }) => path === "gateway.auth.secret" && /placeholder/.test(message)));
  const different = privacy.replace("GENERATE_WITH_OPENSSL_RAND", "f".repeat(64));
  assert.match((await issuesOf(different)).join(), /gateway.auth.secret: means the same as gateway.auth.token/);
});

test("NET-015 guide 8, behind Cloudflare: fifteen ranges, on the network with a token, and not without", async () => {
  const ranges = [
    "173.245.48.0/20",
    "103.21.244.0/22",
    "103.22.200.0/22",
    "103.31.4.0/22",
    "141.101.64.0/18",
    "108.162.192.0/18",
    "190.93.240.0/20",
    "188.114.96.0/20",
    "197.234.240.0/22",
    "198.41.128.0/17",
    "162.158.0.0/15",
    "104.16.0.0/13",
    "104.24.0.0/14",
    "172.64.0.0/13",
    "131.0.72.0/22",
  ];
  const { config } = await loadGood({
    gateway: { bind: "lan", auth: { token }, trustedProxies: ranges, customBindHost: "0.0.0.0" },
  });
  assert.deepEqual([config.gateway.bind, config.gateway.trustedProxies], ["lan", ranges]);
  const open = { gateway: { bind: "lan", auth: { mode: "none" }, trustedProxies: ranges } };
  assert.match((await issuesOf(JSON.stringify(open))).join(), /gateway\.(bind|auth)/);
});

test("KEY-056 guide 9, the sandbox as one word", async () => {
  const { config, notices } = await loadGood(
    `{ "agents": { "defaults": { "sandbox": "docker", "sandboxNetwork": "none" } } }`,
  );
  const { mode, backend, docker } = config.agents.defaults.sandbox;
  assert.deepEqual([mode, backend, docker.network], ["all", "docker", "none"]);
  assert(notices.some(({ message }) => /docker backend is not built yet: main gets the bubblewrap cell/.test(message)));
});

/** A config file on a disk, with `set` and `get` as the command line has them. */
async function commands(context: TestContext, env: Record<string, string> = {}, text?: string) {
  const home = await temporary(context);
  const paths = resolvePaths({ env, home });
  const file = createConfigFile({ paths, env, clock: { now: () => 0 } });
  if (text !== undefined) await writeFile(paths.configPath, text, { mode: 0o600 });
  return {
    paths,
    async set(key: string, typed: string): Promise<string> {
      const assignment = await parseAssignment(key, typed);
      if (!assignment.ok) return assignment.reason;
      const result = await file.edit([{ op: "set", ...assignment.value }], { actor: "cli" });
      return result.kind === "refused"
        ? result.issues.map(({ path, message }) => `${path}: ${message}`).join("\n")
        : result.kind;
    },
    async get(key: string): Promise<Json | undefined> {
      const loaded = await file.load();
      assert(loaded.kind === "loaded");
      const path = await parseConfigPath(key);
      assert(path.ok);
      return viewConfig(loaded.config, path.value);
    },
  };
}

test("PRV-015 guide commands: switching to a local provider and back, one key at a time", async (context) => {
  const { set, get } = await commands(context);
  for (const [key, value] of [
    ["provider.name", "openai"],
    ["provider.baseUrl", "http://model-runner.docker.internal/v1"],
    ["provider.model", "ai/qwen2.5-coder"],
    ["provider.apiKey", "not-needed"],
  ] as const)
    assert.equal(await set(key, value), "saved", key);
  assert.deepEqual(await get("provider"), {
    name: "openai",
    baseUrl: "http://model-runner.docker.internal/v1",
    model: "ai/qwen2.5-coder",
    apiKey: "__OPENCLAW_REDACTED__",
    api: "openai-completions",
  });
  assert.equal(await get("provider.model"), "ai/qwen2.5-coder");
  assert.match(
    await set("provider.baseUrl", "https://api.anthropic.com"),
    /api.anthropic.com is Anthropic, not openai. To switch, run: lorica config set provider.name anthropic/,
  );
  assert.equal(await set("provider.name", "anthropic"), "saved");
  assert.equal(await set("provider.model", "claude-x"), "saved");
  assert.deepEqual(
    [await get("provider.name"), await get("agents.defaults.model.primary")],
    ["anthropic", "anthropic/claude-x"],
  );
});

test("PRV-014 CFG-002 a profile has a config of its own", async (context) => {
  const local = await commands(context, { OPENCLAW_PROFILE: "local" });
  assert.match(local.paths.configPath, /\/\.openclaw-local\/openclaw\.json$/);
  assert.equal(await local.set("gateway.bind", "loopback"), "saved");
});

test("guide commands: words and lists, as a shell hands them over", async (context) => {
  const { set, get } = await commands(context);
  const printed: readonly (readonly [key: string, typed: string, shown: string, value: Json])[] = [
    ["gateway.bind", "loopback", "gateway.bind", "loopback"],
    ["gateway.trustedProxies", '["127.0.0.1"]', "gateway.trustedProxies", ["127.0.0.1"]],
    ["agents.defaults.sandbox", "docker", "agents.defaults.sandbox.backend", "docker"],
    ["agents.defaults.sandboxNetwork", "none", "agents.defaults.sandbox.docker.network", "none"],
    ["discovery.mdns", "off", "discovery.mdns", "off"],
    ["tools.profile", "coding", "tools.profile", "coding"],
    ["tools.deny", '["gateway"]', "tools.deny", ["gateway"]],
    ["configWrites", "false", "channels.defaults.configWrites", false],
    ["commands.config", "false", "commands.config", false],
  ];
  for (const [key, typed, shown, value] of printed) {
    assert.equal(await set(key, typed), "saved", key);
    assert.deepEqual(await get(shown), value, key);
  }
  assert.equal(
    await set("gateway.trustedProxies", "[127.0.0.1]"),
    `gateway.trustedProxies: not a JSON5 value: the shell has probably taken the quotes. Write it as: lorica config set gateway.trustedProxies '["127.0.0.1"]'`,
  );
});

test("setting configWrites speaks for channels that said otherwise", async (context) => {
  const { set, paths } = await commands(context);
  assert.equal(await set("channels.telegram.configWrites", "false"), "saved");
  assert.equal(await set("configWrites", "false"), "saved");
  const { readFile } = await import("node:fs/promises");
  assert.deepEqual(JSON.parse(await readFile(paths.configPath, "utf8")), {
    channels: { telegram: { configWrites: false }, defaults: { configWrites: false } },
  });
});
