import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { LoricaError } from "../../../src/base/errors.ts";
import { createConfigFile, createRemoteConfig, prepareStateDir, resolvePaths } from "../../../src/config/config.ts";
import { temporary } from "../harness.ts";

const text = `{
  // kept
  agents: { defaults: { model: { primary: "openai/gpt-x" } }, list: [{ id: "main" }, { id: "b", name: "B" }] },
  models: { providers: { openai: { apiKey: "\${KEY}" } } },
  logging: { level: "warn" },
}
`;

async function open(context: TestContext, content: string | null = text) {
  const paths = resolvePaths({ env: {}, home: await temporary(context) });
  await prepareStateDir(paths);
  if (content !== null) await writeFile(paths.configPath, content, { mode: 0o600 });
  const kept: string[] = [];
  const file = createConfigFile({
    paths,
    env: { KEY: "sk-env", OTHER: "from the environment" },
    clock: { now: () => 0 },
    keepSecret: async (name) => void kept.push(name),
  });
  return { remote: createRemoteConfig(file), file, kept, text: () => readFile(paths.configPath, "utf8") };
}

async function refusalOf(work: Promise<unknown>): Promise<{ readonly code: string; readonly message: string }> {
  try {
    await work;
  } catch (error) {
    assert.ok(error instanceof LoricaError, String(error));
    return { code: error.code, message: error.message };
  }
  return { code: "accepted", message: "" };
}

test("ADV-023 what a client reads has no secret and no variable's value, and what it sends back keeps both", async (context) => {
  const { remote, text: now } = await open(context);
  const view = await remote.read();
  assert.deepEqual(view.written, {
    agents: {
      defaults: { model: { primary: "openai/gpt-x" } },
      list: [{ id: "main" }, { id: "b", name: "B" }],
    },
    models: { providers: { openai: { apiKey: "__OPENCLAW_REDACTED__" } } },
    logging: { level: "warn" },
  });
  assert.doesNotMatch(JSON.stringify(view), /sk-env|KEY/);
  const same = { mode: "set", raw: JSON.stringify(view.written), baseHash: view.hash, actor: "device:d1" };
  assert.deepEqual((await remote.write(same)).changed, []);
  assert.equal(await now(), text);
});

test("GAP-006 GW-046 an edit that widens nothing is written, in place, and journalled with its device", async (context) => {
  const { remote, file, text: now } = await open(context);
  const { hash } = await remote.read();
  const patch = { agents: { list: [{ id: "b", name: "Bee" }] }, session: { reset: { atHour: 5 } } };
  const order = { mode: "patch", raw: JSON.stringify(patch), baseHash: hash, actor: "device:d1" };
  const written = await remote.write(order);
  assert.deepEqual(
    written.changed.map(({ path }) => path),
    ["agents.list.b.name", "session.reset.atHour"],
  );
  assert.match(await now(), /\/\/ kept[^]*\{ id: "b", name: "Bee" \}[^]*\$\{KEY\}/);
  const { entries } = await file.history();
  assert.deepEqual(
    entries.map(({ actor, suspicious }) => ({ actor, suspicious })),
    [{ actor: "gateway:device:d1", suspicious: false }],
  );
  assert.equal((await refusalOf(remote.write(order))).code, "conflict");
  const unset = { mode: "unset", raw: "agents.list.b", baseHash: written.hash, actor: "device:d1" };
  assert.deepEqual(
    (await remote.write(unset)).changed.map(({ path }) => path),
    ["agents.list.b"],
  );
});

test("GAP-006 ADV-001 what widens, touches a credential or refers to something is refused, and nothing is written", async (context) => {
  const { remote, kept, text: now } = await open(context);
  const { hash } = await remote.read();
  const attempt = (patch: unknown) =>
    refusalOf(remote.write({ mode: "patch", raw: JSON.stringify(patch), baseHash: hash, actor: "device:d1" }));
  const widening: readonly (readonly [unknown, RegExp])[] = [
    [{ gateway: { bind: "lan" } }, /gateway\.bind: .*lorica config set gateway\.bind/],
    [{ agents: { list: [{ id: "new" }] } }, /agents\.list\.new/],
    [{ agents: { defaults: { workspace: "/srv/other" } } }, /agents\.defaults\.workspace/],
    [{ channels: { telegram: { enabled: true, dmPolicy: "allowlist", allowFrom: ["42"] } } }, /channels\.telegram/],
    [{ tools: { profile: "full" } }, /tools\.profile/],
    [{ models: { providers: { openai: { apiKey: "sk-other" } } } }, /lorica secret set provider:openai/],
    [
      { models: { providers: { openai: { apiKey: { secret: "gateway:token" } } } } },
      /models\.providers\.openai\.apiKey/,
    ],
    [{ models: { providers: { openai: { baseUrl: "https://evil.example/v1" } } } }, /models\.providers\.openai/],
    [{ agents: { list: [{ id: "b", name: "${OTHER}" }] } }, /a reference to a variable/],
    [{ $include: "/etc/passwd" }, /\$include/],
  ];
  for (const [patch, message] of widening) {
    const refusal = await attempt(patch);
    assert.equal(refusal.code, "forbidden", `${JSON.stringify(patch)} ${refusal.message}`);
    assert.match(refusal.message, message);
  }
  assert.equal((await attempt({ nonsense: 1 })).code, "config_invalid");
  assert.deepEqual(kept, []);
  assert.equal(await now(), text);
});

test("a change needs the hash of what it changes, an actor, and a config that is one", async (context) => {
  const { remote } = await open(context);
  const { hash } = await remote.read();
  const order = { mode: "set", raw: "{}", baseHash: hash, actor: "device:d1" };
  const codeOf = async (change: object) => (await refusalOf(remote.write({ ...order, ...change }))).code;
  assert.equal(await codeOf({ baseHash: undefined }), "invalid_request");
  assert.equal(await codeOf({ baseHash: "0".repeat(64) }), "conflict");
  assert.equal(await codeOf({ actor: "two\nlines" }), "invalid_request");
  assert.equal(await codeOf({ mode: "delete" }), "invalid_request");
  assert.equal(await codeOf({ raw: "{" }), "invalid_request");
  assert.equal(await codeOf({ raw: "[]" }), "invalid_request");
  assert.equal(await codeOf({ raw: `{"a":"${"x".repeat(2_000_000)}"}` }), "too_large");
  assert.equal((await refusalOf(remote.write(null))).code, "invalid_request");
});

test("without a file there is nothing to have read before, and an edit makes one", async (context) => {
  const { remote } = await open(context, null);
  assert.equal((await remote.read()).exists, false);
  const order = { mode: "patch", raw: "{ session: { reset: { atHour: 6 } } }", actor: "device:d1" };
  assert.deepEqual(
    (await remote.write(order)).changed.map(({ path }) => path),
    ["session.reset.atHour"],
  );
});

test("GAP-006 a branch that comes whole widens as much as its keys one by one", async (context) => {
  const { remote } = await open(context, "{}");
  const { hash } = await remote.read();
  for (const patch of [
    { agents: { list: [{ id: "first" }] } },
    { models: { providers: { mine: { baseUrl: "https://m.example/v1" } } } },
    { bindings: [{ agentId: "main", match: { channel: "telegram" } }] },
  ]) {
    const order = { mode: "patch", raw: JSON.stringify(patch), baseHash: hash, actor: "device:d1" };
    assert.equal((await refusalOf(remote.write(order))).code, "forbidden", JSON.stringify(patch));
  }
});

test("GAP-006 ADV-001 whatever key nobody has found harmless is the owner's, and so is every indirect way to more", async (context) => {
  const { remote, text: now } = await open(context, rich);
  const { hash } = await remote.read();
  const attempt = (patch: unknown) =>
    refusalOf(
      remote.write({
        mode: "patch",
        raw: typeof patch === "string" ? patch : JSON.stringify(patch),
        baseHash: hash,
        actor: "device:d1",
      }),
    );
  const telegram = (part: unknown) => ({ channels: { telegram: part } });
  const ways: readonly unknown[] = [
    { gateway: { auth: { mode: "trusted-proxy", trustedProxy: { userHeader: "x-user", allowUsers: ["me"] } } } },
    { gateway: { auth: { rateLimit: { maxAttempts: 1_000_000 } } } },
    { gateway: { allowedAddresses: null } },
    { gateway: { allowRealIpFallback: true } },
    { gateway: { bind: "lan" } },
    { gateway: { port: 18_790 } },
    { gateway: { reload: { mode: "off" } } },
    { agents: { list: [{ id: "b", default: true }] } },
    { agents: { list: [{ id: "b", trust: "owner" }] } },
    { agents: { list: [{ id: "b", sandbox: { workspaceAccess: null } }] } },
    { agents: { list: [{ id: "b", tools: { profile: null } }] } },
    { agents: { list: [{ id: "b", tools: { allow: ["read", "exec"] } }] } },
    { agents: { defaults: { sandbox: { sessionToolsVisibility: "all" } } } },
    { agents: { defaults: { timeoutSeconds: 86_400 } } },
    { models: { providers: { openai: { params: { plugins: [{ id: "web" }], timeoutSeconds: 1 } } } } },
    { models: { mode: "replace" } },
    { tools: { maxConcurrent: 100 } },
    { session: { maintenance: { pruneAfter: "1d" } } },
    { security: { acknowledged: ["gateway.auth.mode=none"] } },
    { messages: { groupChat: { mentionPatterns: [".*"] } } },
    telegram({ groups: { "-100": { enabled: true } } }),
    telegram({ groups: { "-100": { allowFrom: [] } } }),
    telegram({ groupAllowFrom: [] }),
    telegram({ groups: { "-100": { systemPrompt: "obey" } } }),
    telegram({ accounts: { name: { allowFrom: ["*"] } } }),
    '{ "__proto__": { gateway: { bind: "lan" } } }',
    '{ channels: { "__proto__": { telegram: { enabled: true, dmPolicy: "open" } } } }',
    '{ agents: { list: [{ id: "b", "__proto__": { trust: "owner" } }] } }',
    '{ models: { providers: { constructor: { baseUrl: "https://e.example/v1" } } } }',
  ];
  for (const patch of ways) {
    const { code, message } = await attempt(patch);
    assert.ok(
      ["forbidden", "config_invalid", "invalid_request"].includes(code),
      `${JSON.stringify(patch)}: ${code} ${message}`,
    );
  }
  for (const raw of ["agents.list.a", "agents.list.b.tools", "gateway.allowedAddresses", "channels.telegram.groups"]) {
    const order = { mode: "unset", raw, baseHash: hash, actor: "device:d1" };
    assert.equal((await refusalOf(remote.write(order))).code, "forbidden", raw);
  }
  assert.equal(await now(), rich);
  assert.equal(Object.getPrototypeOf({}).gateway, undefined);
});

test("GAP-006 what narrows, and what nobody gains by, a device may write", async (context) => {
  const { remote } = await open(context, rich);
  let { hash } = await remote.read();
  for (const patch of [
    { agents: { list: [{ id: "b", name: "B", model: { primary: "openai/gpt-y" }, tools: { deny: ["web_fetch"] } }] } },
    { agents: { defaults: { thinkingDefault: "low", compaction: { enabled: false } } } },
    { channels: { telegram: { dmPolicy: "disabled", responsePrefix: ">" } } },
    { gateway: { nodes: { denyCommands: ["camera.snap"] }, allowedAddresses: ["192.168.0.1"] } },
    { tools: { deny: ["exec"] }, messages: { queue: { cap: 3 } }, session: { reset: { atHour: 5 } } },
  ]) {
    const order = { mode: "patch", raw: JSON.stringify(patch), baseHash: hash, actor: "device:d1" };
    ({ hash } = await remote.write(order));
  }
});

const rich = `{
  gateway: { allowedAddresses: ["192.168.0.1", "192.168.0.2"] },
  agents: {
    defaults: { tools: { allow: ["read"] } },
    list: [{ id: "a" }, { id: "b", tools: { profile: "minimal" }, sandbox: { workspaceAccess: "none" } }],
  },
  models: { providers: { openai: { apiKey: "\${KEY}" } } },
  channels: {
    telegram: {
      groupAllowFrom: ["1"],
      groups: { "-100": { enabled: false, allowFrom: ["1"] } },
    },
  },
}
`;
