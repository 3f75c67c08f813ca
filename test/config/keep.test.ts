import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { Json } from "../../src/base/json.ts";
import { createConfigFile, prepareStateDir, resolvePaths } from "../../src/config/config.ts";
import { temporary } from "./harness.ts";

async function open(context: TestContext) {
  const paths = resolvePaths({ env: {}, home: await temporary(context) });
  await prepareStateDir(paths);
  return {
    paths,
    put: (text: string) => writeFile(paths.configPath, text, { mode: 0o600 }),
    text: () => readFile(paths.configPath, "utf8"),
  };
}

test("a credential that is set as text is kept as a secret, and the file gets its name", async (context) => {
  const { paths, put, text } = await open(context);
  const kept = new Map<string, string>();
  const file = createConfigFile({
    paths,
    env: { KEY: "sk-env" },
    clock: { now: () => 0 },
    keepSecret: async (name, value) => void kept.set(name, value),
  });
  const set = (path: string[], value: Json) => file.edit([{ op: "set", path, value }], { actor: "cli" });
  await put('{\n  "models": { "providers": { "openai": { "apiKey": "${KEY}" } } }\n}\n');
  assert.equal((await set(["models", "providers", "openai", "apiKey"], "sk-env")).kind, "unchanged");
  const saved = await set(["models", "providers", "openai", "apiKey"], "sk-newer");
  assert(saved.kind === "saved");
  assert.deepEqual(saved.secretsKept, ["provider:openai"]);
  const again = await set(["models", "providers", "openai", "apiKey"], "sk-new");
  assert(again.kind === "unchanged");
  assert.deepEqual(again.secretsKept, ["provider:openai"]);
  assert.equal((await set(["provider", "apiKey"], "not-needed")).kind, "saved");
  assert.equal((await set(["channels", "telegram"], { botToken: "t-1", dmPolicy: "pairing" })).kind, "saved");
  assert.equal((await set(["env", "NAME"], "v-1")).kind, "saved");
  const patch = {
    models: {
      providers: {
        mine: { baseUrl: "https://m.example/v1", apiKey: "sk-mine", headers: { "x-api-key": "h-1", "x-team": "a" } },
      },
    },
  };
  assert.equal((await file.edit([{ op: "merge", path: [], value: patch }], { actor: "cli" })).kind, "saved");
  assert.deepEqual(Object.fromEntries(kept), {
    "provider:openai": "sk-new",
    "channel:telegram.default.bottoken": "t-1",
    "env:name": "v-1",
    "provider:mine": "sk-mine",
    "header:mine.x-api-key": "h-1",
  });
  assert.doesNotMatch(await text(), /sk-|t-1|v-1|h-1/);
  const refused = await set(["gateway", "auth", "token"], "short");
  assert(refused.kind === "refused");
  assert.match(refused.issues[0]?.message ?? "", /at least 32 characters/);
  assert.equal((await set(["models", "providers", "mine", "apikey"], "sk-typo")).kind, "refused");
  assert.equal(kept.size, 5);
});

test("what was edited by hand while nothing ran is recorded at the next good start", async (context) => {
  const { paths, put } = await open(context);
  const file = createConfigFile({ paths, env: {}, clock: { now: () => 0 } });
  const good = () => file.load();
  await put("{}");
  await file.markGood((await good()).hash);
  assert.deepEqual((await file.history()).entries, []);
  await put('{ gateway: { bind: "lan" } }');
  await file.markGood((await good()).hash);
  await file.markGood((await good()).hash);
  const { entries } = await file.history();
  assert.deepEqual(
    entries.map(({ actor, changed, suspicious }) => ({ actor, changed, suspicious })),
    [{ actor: "hand", changed: ["gateway.bind"], suspicious: true }],
  );
});

test("a look after a change finds it at once, and one without a change is silent", async (context) => {
  const { put, file } = await watching(context);
  await put("{ tools: { profile: 'minimal' } }");
  await file.look();
  assert.deepEqual(file.seen.splice(0), ["changed: tools.profile"]);
  await file.look();
  assert.deepEqual(file.seen, []);
});

test("CFG-018 a broken file that is brought back as it was is heard of, though nothing differs from before", async (context) => {
  const { put, file } = await watching(context);
  await put("{ toolz: {} }");
  await file.look();
  await put("{}");
  await file.look();
  assert.deepEqual(file.seen, ["invalid", "changed: "]);
});

async function watching(context: TestContext) {
  const opened = await open(context);
  const file = createConfigFile({ paths: opened.paths, env: {}, clock: { now: () => 0 } });
  await opened.put("{}");
  const current = await file.load();
  assert(current.kind === "loaded");
  const stop = new AbortController();
  context.after(() => stop.abort());
  const seen: string[] = [];
  const look = file.watch(
    current,
    (reload) => {
      const paths = reload.kind === "changed" ? `: ${reload.changes.map(({ path }) => path).join(" ")}` : "";
      seen.push(`${reload.kind}${paths}`);
    },
    stop.signal,
  );
  return { put: opened.put, file: { seen, look } };
}

test("GW-003 what the environment outranks is written all the same, and said", async (context) => {
  const { paths } = await open(context);
  const file = createConfigFile({ paths, env: { OPENCLAW_GATEWAY_PORT: "19000" }, clock: { now: () => 0 } });
  const set = (value: number) => file.edit([{ op: "set", path: ["gateway", "port"], value }], { actor: "cli" });
  const saved = await set(19_001);
  assert(saved.kind === "saved");
  assert.deepEqual(saved.changes, [{ path: "gateway.port", reload: "restart", before: 18_789, after: 19_001 }]);
  assert.equal(saved.loaded.config.gateway.port, 19_000);
  assert.deepEqual(
    saved.loaded.notices.map(({ path, message }) => [path, message]),
    [["gateway.port", "the file says 19001; the command line or the environment says 19000, which counts"]],
  );
  assert.deepEqual(
    (await file.history()).entries.map(({ changed }) => changed),
    [["gateway.port"]],
  );
});
