import assert from "node:assert/strict";
import { readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { createConfigFile, prepareStateDir, renderChanges, resolvePaths, viewConfig } from "../../src/config/config.ts";
import type { ConfigReload, Edit, LoadedConfig } from "../../src/config/config.ts";
import { temporary } from "./harness.ts";

async function open(context: TestContext, env: Record<string, string> = {}) {
  const paths = resolvePaths({ env: {}, home: await temporary(context) });
  await prepareStateDir(paths);
  const file = createConfigFile({ paths, env, clock: { now: () => Date.UTC(2026, 0, 2) } });
  const port = (value: number): readonly Edit[] => [{ op: "set", path: ["gateway", "port"], value }];
  return {
    paths,
    file,
    port,
    put: (text: string) => writeFile(paths.configPath, text, { mode: 0o600 }),
    text: () => readFile(paths.configPath, "utf8"),
    async good(): Promise<LoadedConfig> {
      const loaded = await file.load();
      assert(loaded.kind === "loaded");
      return loaded;
    },
  };
}

test("CFG-015 WD-009 five copies are kept, each from before a write, the newest first", async (context) => {
  const { file, port, paths } = await open(context);
  for (let value = 1; value <= 8; value++) assert.equal((await file.edit(port(value), { actor: "cli" })).kind, "saved");
  const copies = ["", ".bak", ".bak.1", ".bak.2", ".bak.3", ".bak.4"];
  const ports = await Promise.all(
    copies.map(async (name) => JSON.parse(await readFile(`${paths.configPath}${name}`, "utf8")).gateway.port),
  );
  assert.deepEqual(ports, [8, 7, 6, 5, 4, 3]);
  const names = (await readdir(paths.stateDir)).filter((name) => name.startsWith("openclaw.json"));
  assert.deepEqual(names.toSorted(), copies.map((name) => `openclaw.json${name}`).toSorted());
  for (const name of names) assert.equal((await stat(join(paths.stateDir, name))).mode & 0o777, 0o600, name);
});

test("CFG-016 an edit that was made for another file is refused, and the file is as it was", async (context) => {
  const { file, port, put, text, good } = await open(context);
  await put("{ gateway: { port: 1 } }");
  const { hash } = await good();
  await put("{ gateway: { port: 2 } } // by hand");
  await assert.rejects(file.edit(port(3), { actor: "cli", baseHash: hash }), {
    code: "conflict",
    message: /has changed since it was read/,
  });
  assert.equal(await text(), "{ gateway: { port: 2 } } // by hand");
  assert.equal((await file.edit(port(3), { actor: "cli", baseHash: (await good()).hash })).kind, "saved");
});

test("edits that come at once are made one after the other, and none is lost", async (context) => {
  const { file, good } = await open(context);
  const edits = Array.from({ length: 12 }, (_, at): readonly Edit[] => [
    { op: "set", path: ["agents", "defaults", "models", `openai/m${at}`, "alias"], value: `a${at}` },
  ]);
  const results = await Promise.all(edits.map((edit) => file.edit(edit, { actor: "cli" })));
  assert.deepEqual(
    results.map(({ kind }) => kind),
    Array(12).fill("saved"),
  );
  assert.equal(Object.keys((await good()).config.agents.defaults.models).length, 12);
});

test("CFG-018 a config that would be invalid is not written; one that is invalid is not replaced by less", async (context) => {
  const { file, port, put, text, paths } = await open(context);
  await put("{ gateway: { port: 1 } }");
  const refused = await file.edit([{ op: "set", path: ["gateway", "prot"], value: 1 }], { actor: "cli" });
  assert(refused.kind === "refused");
  assert.deepEqual(
    refused.issues.map(({ path, message }) => [path, message]),
    [["gateway.prot", 'no such key; did you mean "port"?']],
  );
  assert.equal(await text(), "{ gateway: { port: 1 } }");
  await put("{ gateway: { port: ");
  assert.equal((await file.load()).kind, "invalid");
  assert.equal((await file.edit(port(2), { actor: "cli" })).kind, "refused");
  assert.equal(await text(), "{ gateway: { port: ");
  await assert.rejects(readFile(`${paths.configPath}.bak`), { code: "ENOENT" });
});

test("the last good config is kept, and rollback brings it back after a misspelt key", async (context) => {
  const { file, put, text, good, port } = await open(context);
  await put("{ gateway: { port: 1 } } // good");
  await file.markGood((await good()).hash);
  await put("{ gateway: { prt: 1 } }");
  await file.markGood("another hash");
  assert.equal((await file.rollback({ actor: "cli" })).kind, "saved");
  assert.equal(await text(), "{ gateway: { port: 1 } } // good");
  await file.edit(port(5), { actor: "cli" });
  assert.equal((await file.rollback({ actor: "cli", to: "bak" })).kind, "saved");
  assert.equal(await text(), "{ gateway: { port: 1 } } // good");
  await assert.rejects(file.rollback({ actor: "cli", to: "../secret" }), {
    code: "not_found",
    message: /there are current, last-good, bak/,
  });
});

test("an edit that changes nothing writes nothing", async (context) => {
  const { file, port, put, paths } = await open(context);
  await put("{ gateway: { port: 1 } } // mine");
  const before = await stat(paths.configPath);
  assert.equal((await file.edit(port(1), { actor: "cli" })).kind, "unchanged");
  assert.deepEqual([(await stat(paths.configPath)).mtimeMs, (await file.history()).entries], [before.mtimeMs, []]);
});

test("WD-005 each change is recorded with who, when and which keys; what widens is marked; no value is in it", async (context) => {
  const { file, put, good, paths } = await open(context);
  const before = await good();
  const edits: readonly Edit[] = [
    { op: "set", path: ["models", "providers", "openai", "apiKey"], value: "sk-secret" },
    { op: "set", path: ["gateway", "bind"], value: "lan" },
    { op: "set", path: ["messages", "queue", "cap"], value: 5 },
  ];
  const saved = await file.edit(edits, { actor: "cli" });
  assert(saved.kind === "saved");
  const { entries } = await file.history();
  const { by, bytesAfter = 0, ...entry } = entries[0] ?? assert.fail("nothing is recorded");
  assert.equal(entries.length, 1);
  assert.deepEqual([by?.pid, by?.ppid, by?.cwd], [process.pid, process.ppid, process.cwd()]);
  assert.ok(bytesAfter > 0);
  assert.deepEqual(
    [entry],
    [
      {
        at: "2026-01-02T00:00:00.000Z",
        actor: "cli",
        before: before.hash,
        after: saved.loaded.hash,
        changed: ["gateway.bind", "models.providers.openai", "messages.queue.cap"],
        suspicious: true,
        widening: ["gateway.bind", "models.providers.openai"],
        flags: ["bind widened"],
        bytesBefore: 0,
        verdict: "applied",
      },
    ],
  );
  const journal = await readFile(paths.configAuditPath, "utf8");
  assert.doesNotMatch(journal, /sk-secret|lan/);
  assert.equal((await stat(paths.configAuditPath)).mode & 0o777, 0o600);
  assert.match(await readFile(join(paths.logs, "config-audit.json"), "utf8"), /lorica config history --suspicious/);
  await file.edit([{ op: "set", path: ["messages", "queue", "cap"], value: 6 }], { actor: "owner" });
  assert.deepEqual(
    (await file.history()).entries.map(({ actor, suspicious }) => [actor, suspicious]),
    [
      ["cli", true],
      ["owner", false],
    ],
  );
  await writeFile(paths.configAuditPath, `${journal}{"at":"cut o`, { mode: 0o600 });
  const [, cut] = (await file.history()).entries;
  assert.deepEqual([cut?.actor, cut?.flags], ["unknown", [`line 2 changed or cut off, in ${paths.configAuditPath}`]]);
  await put("{}");
});

test("CFG-032 a diff names each key that changed since a version or a file", async (context) => {
  const { file, port, paths } = await open(context);
  await file.edit(port(1), { actor: "cli" });
  await file.edit([...port(2), { op: "set", path: ["tools", "profile"], value: "coding" }], { actor: "cli" });
  assert.equal(
    await renderChanges(await file.compare("bak")),
    'gateway.port: 1 → 2 (restart)\ntools.profile: unset → "coding" (hot)',
  );
  const baseline = join(paths.stateDir, "baseline.json");
  await writeFile(baseline, "{ gateway: { port: 7 } }", { mode: 0o600 });
  assert.deepEqual(
    (await file.compare(baseline)).map(({ path, before }) => [path, before]),
    [
      ["gateway.port", 7],
      ["tools.profile", undefined],
    ],
  );
  await assert.rejects(file.compare("bak.3"), { code: "not_found" });
});

test("CFG-025 what is shown of a config holds no secret and no name of one", async (context) => {
  const { file } = await open(context, { KEY: "sk-from-env" });
  await file.edit(
    [
      {
        op: "merge",
        path: [],
        value: {
          models: { providers: { openai: { apiKey: "${KEY}" } } },
          gateway: { auth: { token: "t".repeat(40) } },
        },
      },
    ],
    { actor: "cli" },
  );
  const loaded = await file.load();
  assert(loaded.kind === "loaded");
  const shown = JSON.stringify(await viewConfig(loaded.config));
  assert.doesNotMatch(shown, /sk-from-env|tttt|\$\{KEY\}|provider:openai/);
  assert.equal(await viewConfig(loaded.config, ["models", "providers", "openai", "apiKey"]), "__OPENCLAW_REDACTED__");
  assert.equal(await viewConfig(loaded.config, ["gateway", "auth", "token"]), "__OPENCLAW_REDACTED__");
});

test("GW-046 each change says whether it takes effect at once, and hand edits are noticed, judged and recorded", async (context) => {
  const { file, put, good, port } = await open(context);
  await put("{ gateway: { port: 1 } }");
  const seen: ConfigReload[] = [];
  const stop = new AbortController();
  context.after(() => stop.abort());
  const next = async (): Promise<ConfigReload> => {
    for (let tries = 0; tries < 500 && seen.length === 0; tries++)
      await new Promise((resolve) => setTimeout(resolve, 10));
    const reload = seen.shift();
    assert(reload !== undefined, "a change was noticed");
    return reload;
  };
  file.watch(await good(), (reload) => void seen.push(reload), stop.signal);
  await put('{ gateway: { port: 2 }, tools: { profile: "minimal" } }');
  const changed = await next();
  assert(changed.kind === "changed");
  assert.deepEqual(
    changed.changes.map(({ path, reload }) => [path, reload]),
    [
      ["gateway.port", "restart"],
      ["tools.profile", "hot"],
    ],
  );
  await put("{ gateway: { prot: 2 } }");
  const invalid = await next();
  assert(invalid.kind === "invalid");
  assert.match(invalid.invalid.issues[0]?.message ?? "", /did you mean "port"/);
  await put('{ gateway: { port: 2 }, tools: { profile: "minimal" }, messages: { queue: { cap: 5 } } }');
  const corrected = await next();
  assert(corrected.kind === "changed");
  assert.deepEqual(
    corrected.changes.map(({ path }) => path),
    ["messages.queue.cap"],
  );
  await file.edit(port(9), { actor: "cli" });
  assert.equal((await next()).kind, "changed");
  assert.deepEqual(
    (await file.history()).entries.map(({ actor }) => actor),
    ["hand", "hand", "cli"],
  );
});

test("CFG-020 earlier spellings of keys, variables and files are reported, and the file as it was is kept when it changes", async (context) => {
  const { file, put, paths, port } = await open(context, { CLAWDBOT_GATEWAY_TOKEN: "t".repeat(64) });
  const old = '{ agent: { defaults: { sandbox: "docker" } }, discovery: { mdns: "off" } }';
  await put(old);
  const loaded = await file.load();
  assert(loaded.kind === "loaded");
  assert.deepEqual(
    loaded.notices.map(({ path }) => path),
    ["CLAWDBOT_GATEWAY_TOKEN", "agent.defaults.sandbox", "agent.defaults", "discovery.mdns", "agents"],
  );
  assert.equal((await file.edit(port(1), { actor: "cli" })).kind, "saved");
  assert.equal(await readFile(`${paths.configPath}.bak`, "utf8"), old);
  await rm(paths.configPath);
  const earlier = join(paths.stateDir, "clawdbot.json");
  await writeFile(earlier, old, { mode: 0o600 });
  const refused = await file.load();
  assert(refused.kind === "invalid");
  assert.deepEqual(
    refused.issues.map(({ message }) => message),
    [`this file is now called openclaw.json; run: mv ${earlier} ${paths.configPath}`],
  );
});
