import assert from "node:assert/strict";
import { writeFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { deprecatedVariables, parseDotEnv, readVariable } from "../../src/config/environment.ts";
import { loadConfig } from "../../src/config/load.ts";
import { resolvePaths } from "../../src/config/paths.ts";
import { issuesOf, loadGood, temporary } from "./harness.ts";

const token = "0123456789abcdef".repeat(4);
const other = "fedcba9876543210".repeat(4);

const stateDir = (env: Record<string, string>, profile?: string) =>
  resolvePaths({ env, home: "/home/ada", profile }).stateDir;

test("ENV-001 ENV-010 CFG-027 where state is: the variable, then the profile in OPENCLAW_HOME or the real home", () => {
  assert.deepEqual(
    [
      stateDir({}),
      stateDir({ OPENCLAW_PROFILE: "work" }),
      stateDir({ OPENCLAW_PROFILE: "work" }, "play"),
      stateDir({ OPENCLAW_HOME: "/srv/x", OPENCLAW_PROFILE: "work" }),
      stateDir({ OPENCLAW_STATE_DIR: "~/s", OPENCLAW_PROFILE: "work" }),
      stateDir({ OPENCLAW_STATE_DIR: "/s" }),
      stateDir({ OPENCLAW_PROFILE: "default", OPENCLAW_HOME: "" }),
    ],
    [
      "/home/ada/.openclaw",
      "/home/ada/.openclaw-work",
      "/home/ada/.openclaw-play",
      "/srv/x/.openclaw-work",
      "/home/ada/s",
      "/s",
      "/home/ada/.openclaw",
    ],
  );
  for (const bad of ["../x", "a/b", "a b", ".", ""].filter((name) => name !== ""))
    assert.throws(() => stateDir({ OPENCLAW_PROFILE: bad }), {
      code: "invalid_request",
      message: /not a profile name/,
    });
  assert.throws(() => stateDir({ OPENCLAW_STATE_DIR: "s" }), {
    message: /OPENCLAW_STATE_DIR must be an absolute path/,
  });
});

test("ENV-002 the config file can be elsewhere, by an absolute path only", () => {
  const at = (path: string) => resolvePaths({ env: { OPENCLAW_CONFIG_PATH: path }, home: "/home/ada" }).configPath;
  assert.equal(at("/etc/lorica.json"), "/etc/lorica.json");
  for (const path of ["lorica.json", "./x", "~/x"])
    assert.throws(() => at(path), {
      code: "invalid_request",
      message: /OPENCLAW_CONFIG_PATH must be an absolute path/,
    });
});

test("CFG-005 CFG-008 CFG-033 every place of the layout", () => {
  const { stateDir: root, ...places } = resolvePaths({ env: {}, home: "/h" });
  const inside = Object.fromEntries(
    Object.entries(places).map(([name, path]) => [name, path?.replace(`${root}/`, "")]),
  );
  assert.deepEqual(inside, {
    home: "/h",
    profile: undefined,
    configPath: "openclaw.json",
    lastGoodPath: "openclaw.json.last-good",
    dotEnvPath: ".env",
    settingsPath: "settings.json",
    execApprovalsPath: "exec-approvals.json",
    restartSentinelPath: "restart-sentinel.json",
    credentials: "credentials",
    secretsPath: "credentials/secrets.json",
    incident: "incident",
    state: "state",
    database: "state/lorica.sqlite",
    agents: "agents",
    workspace: "workspace",
    media: "media",
    logs: "logs",
    configAuditPath: "logs/config-audit.jsonl",
    logPath: "logs/gateway.jsonl",
    run: "run",
    ownerSocket: "run/owner.sock",
    gatewaySocket: "run/gateway.sock",
    watchdog: "watchdog",
    cache: "cache",
    skills: "skills",
    memory: "memory",
    identity: "identity",
    deviceKeyPath: "identity/device.json",
    binary: "bin/openclaw",
  });
});

test("ENV-003 ENV-009 port and bind from the environment come before the file", async () => {
  const { config } = await loadGood(
    { gateway: { port: 1, bind: "lan" } },
    { OPENCLAW_GATEWAY_PORT: "19000", OPENCLAW_GATEWAY_BIND: "loopback" },
  );
  assert.deepEqual([config.gateway.port, config.gateway.bind], [19_000, "loopback"]);
  await assert.rejects(loadGood({}, { OPENCLAW_GATEWAY_BIND: "0.0.0.0" }), {
    code: "invalid_request",
    message: /must be one of loopback/,
  });
});

test("ENV-004 ENV-005 the gateway's credentials from the environment become secrets and come before the file", async () => {
  const { secrets, notices } = await loadGood(
    { gateway: { auth: { token: other } } },
    { OPENCLAW_GATEWAY_TOKEN: token, OPENCLAW_GATEWAY_PASSWORD: "pw" },
  );
  assert.deepEqual([secrets.get("gateway:token"), secrets.get("gateway:password")], [token, "pw"]);
  assert(notices.some(({ path, message }) => path === "gateway:token" && /the environment counts/.test(message)));
  assert.match((await issuesOf({}, { OPENCLAW_GATEWAY_TOKEN: "short" })).join(), /at least 32 characters/);
});

test("ENV-006 ENV-007 ENV-008 earlier names of a variable count, with a notice, unless they disagree", async () => {
  for (const name of ["GATEWAY_AUTH_TOKEN", "MOLTBOT_GATEWAY_TOKEN", "CLAWDBOT_GATEWAY_TOKEN"]) {
    const { secrets, notices } = await loadGood({}, { [name]: token, OPENCLAW_GATEWAY_TOKEN: token });
    assert.deepEqual([...secrets], [["gateway:token", token]]);
    assert.deepEqual(
      notices.map(({ path, message }) => [path, message]),
      [[name, "this variable is now called OPENCLAW_GATEWAY_TOKEN"]],
    );
    const disagree = { [name]: token, OPENCLAW_GATEWAY_TOKEN: other };
    assert.throws(
      () => readVariable(disagree, "GATEWAY_TOKEN"),
      (error: Error) => {
        assert.match(error.message, new RegExp(`OPENCLAW_GATEWAY_TOKEN and ${name} are both set and differ`));
        assert.doesNotMatch(error.message, /0123|fedc/);
        return true;
      },
    );
    await assert.rejects(issuesOf({}, disagree), { code: "config_invalid" });
  }
  assert.equal(stateDir({ CLAWDBOT_STATE_DIR: "/old" }), "/old");
  assert.equal(stateDir({ LORICA_STATE_DIR: "/new" }), "/new");
  assert.deepEqual(
    deprecatedVariables({ LORICA_HOME: "/x", MOLTBOT_HOME: "/x" }).map(({ name }) => name),
    ["MOLTBOT_HOME"],
  );
});

test("ENV-011 DISC-005 the variable switches mDNS off, whatever the file says", async () => {
  const modeOf = async (value: string) =>
    (await loadGood({ discovery: { mdns: { mode: "full" } } }, { OPENCLAW_DISABLE_BONJOUR: value })).config.discovery
      .mdns.mode;
  assert.deepEqual([await modeOf("1"), await modeOf("0"), await modeOf("")], ["off", "full", "full"]);
});

test("ENV-013 ENV-016 keys in the environment become secrets of their provider or channel; the file's own come first", async () => {
  const variables = {
    ANTHROPIC_API_KEY: "provider:anthropic",
    OPENAI_API_KEY: "provider:openai",
    OPENROUTER_API_KEY: "provider:openrouter",
    GEMINI_API_KEY: "provider:google",
    MOONSHOT_API_KEY: "provider:moonshot",
    MINIMAX_API_KEY: "provider:minimax",
    PERPLEXITY_API_KEY: "provider:perplexity",
    XAI_API_KEY: "provider:xai",
    BRAVE_API_KEY: "tool:brave",
    TELEGRAM_BOT_TOKEN: "channel:telegram.default.bottoken",
    DISCORD_BOT_TOKEN: "channel:discord.default.token",
    SLACK_BOT_TOKEN: "channel:slack.default.bottoken",
    SLACK_APP_TOKEN: "channel:slack.default.apptoken",
  };
  const env = Object.fromEntries(Object.keys(variables).map((name) => [name, `value of ${name}`]));
  const { secrets, config } = await loadGood({ models: { providers: { openai: { apiKey: "mine" } } } }, env);
  const expected = Object.entries(variables).map(([name, secret]) => [
    secret,
    name === "OPENAI_API_KEY" ? "mine" : `value of ${name}`,
  ]);
  assert.deepEqual([...secrets].toSorted(), expected.toSorted());
  assert.doesNotMatch(JSON.stringify(config), /value of|mine/);
  assert.equal(config.models.providers.xai?.baseUrl, "https://api.x.ai/v1");
});

test("ENV-019 other variables change nothing", async () => {
  assert.deepEqual((await loadGood({}, { NODE_ENV: "production" })).config, (await loadGood({})).config);
});

test("CFG-026 .env is read from the state directory, behind the environment, and must be private", async (context) => {
  const home = await temporary(context);
  const paths = resolvePaths({ env: {}, home });
  await mkdir(paths.stateDir, { mode: 0o700 });
  await writeFile(paths.configPath, '{ messages: { responsePrefix: "${A}${B}" } }', { mode: 0o600 });
  await writeFile(paths.dotEnvPath, `# keys\nexport A=file\nB="two words" # note\nOPENCLAW_GATEWAY_TOKEN=${token}\n`, {
    mode: 0o600,
  });
  await writeFile(join(home, ".env"), "A=home\n", { mode: 0o600 });
  const loaded = await loadConfig({ paths, env: { A: "environment " } });
  assert(loaded.kind === "loaded");
  assert.deepEqual(
    [loaded.config.messages.responsePrefix, [...loaded.secrets]],
    ["environment two words", [["gateway:token", token]]],
  );
  await writeFile(join(paths.stateDir, "x"), "");
  const { chmod } = await import("node:fs/promises");
  await chmod(paths.dotEnvPath, 0o644);
  const open = await loadConfig({ paths, env: {} });
  assert(open.kind === "invalid");
  assert.match(open.issues[0]?.message ?? "", /can be read by other users; run: chmod 600/);
});

test("a line of .env that is none is named", () => {
  const { values, badLines } = parseDotEnv("A=1\nnot a line\n\n# c\nB='x # y'\nC=a#b\nD= z \r\n");
  assert.deepEqual([Object.fromEntries(values), badLines], [{ A: "1", B: "x # y", C: "a#b", D: "z" }, [2]]);
});
