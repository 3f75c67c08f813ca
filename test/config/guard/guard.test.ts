// What becomes of a change that somebody else makes to the config files: in force at once where it lets nobody do more,
// kept and put back where it does.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmod, mkdir, readFile, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { limits } from "../../../src/base/limits.ts";
import type { Finding } from "../../../src/config/config.ts";
import { approved, bindOf, open, wider } from "./guarded.ts";

test("WD-001 GAP-006 a change that could give somebody more is put back, kept whole, and named by its keys", async (context) => {
  const opened = await open(context);
  const { file, put, text, findings } = opened;
  await put(wider);
  assert.equal(await bindOf(opened), "loopback");
  assert.equal(await text(), approved);
  const [pending] = await file.pending();
  assert.deepEqual(pending?.widening, ["gateway.bind", "tools.deny"]);
  assert.equal(pending?.changes.split("\n")[0], 'gateway.bind: "loopback" → "lan" (restart)');
  assert.deepEqual(
    findings.map(({ kind }) => kind),
    ["held"],
  );
  const { entries } = await file.history();
  assert.deepEqual(
    entries.map(({ actor, verdict, suspicious, flags }) => ({ actor, verdict, suspicious, flags })),
    [{ actor: "hand", verdict: "held", suspicious: true, flags: ["size drop", "bind widened"] }],
  );
});

test("WD-003 a change of harmless keys by hand is in force at once, comments and all, and recorded as somebody's", async (context) => {
  const { file, put, text, findings } = await open(context);
  const edited = approved.replace("18800", "18801");
  await put(edited);
  const loaded = await file.screen();
  assert(loaded.kind === "loaded");
  assert.equal(loaded.config.gateway.port, 18_801);
  assert.equal(await text(), edited);
  assert.deepEqual(await file.pending(), []);
  assert.deepEqual(findings, [{ kind: "taken", changes: "gateway.port: 18800 → 18801 (restart)", allows: [] }]);
});

test("how much is written to the log is no more than before: by hand it holds at once", async (context) => {
  const { file, put, findings } = await open(context);
  await put(approved.replace("{\n", '{ logging: { level: "debug" },\n'));
  assert.equal((await file.screen()).kind, "loaded");
  assert.deepEqual(
    findings.map(({ kind }) => kind),
    ["taken"],
  );
});

test("a key that no rule knows is the owner's: by hand it waits like one that widens", async (context) => {
  const opened = await open(context);
  await opened.put(approved.replace("{\n", "{ commands: { text: false },\n"));
  await opened.file.screen();
  const [pending] = await opened.file.pending();
  assert.deepEqual(pending?.widening, ["commands.text"]);
});

test("an edit that waits comes into force as it was written, once the owner accepts it", async (context) => {
  const opened = await open(context);
  const { file, put, text, reopen } = opened;
  await put(wider);
  await file.screen();
  assert.equal((await file.accept([], "owner")).kind, "saved");
  assert.equal(await text(), wider);
  assert.equal(await bindOf(opened), "lan");
  assert.equal(await bindOf({ file: reopen() }), "lan");
  assert.deepEqual(await file.pending(), []);
  assert.equal(await readFile(`${opened.paths.configPath}.bak`, "utf8"), approved);
  await assert.rejects(file.accept([], "owner"), { code: "not_found", message: /no edit waits/ });
});

test("some keys of an edit can be accepted, and the rest goes on waiting", async (context) => {
  const opened = await open(context);
  const { file, put, text } = opened;
  await put(wider);
  await file.screen();
  await assert.rejects(file.accept(["gateway.auth"], "owner"), { code: "not_found", message: /gateway\.bind/ });
  assert.equal((await file.accept(["gateway"], "owner")).kind, "saved");
  assert.match(await text(), /bind: "lan"/);
  assert.match(await text(), /the owner says so/);
  assert.match(await text(), /deny: \["exec"\]/);
  assert.equal((await file.accept([], "owner")).kind, "saved");
  assert.equal(await text(), wider);
});

test("an edit that the owner refuses is never used and is kept to look at", async (context) => {
  const { file, put, text } = await open(context);
  await put(wider);
  await file.screen();
  assert.equal(await file.reject(), 1);
  await assert.rejects(file.accept([], "owner"), { code: "not_found" });
  assert.deepEqual(
    (await file.pending()).map(({ state }) => state),
    ["rejected"],
  );
  assert.equal(await text(), approved);
});

test("two edits in a row: the newer waits, the older is kept; the same again is no second one", async (context) => {
  const { file, put } = await open(context);
  for (const text of [wider, wider, wider.replace("lan", "tailnet")]) {
    await put(text);
    await file.screen();
  }
  assert.deepEqual(
    (await file.pending()).map(({ state }) => state),
    ["waiting", "superseded"],
  );
});

test("no number of edits outgrows what is kept", async (context) => {
  const { file, put } = await open(context);
  for (let at = 0; at < limits.pendingMax + 3; at++) {
    await put(wider.replace("lan", at % 2 === 0 ? "lan" : "tailnet"));
    await file.screen();
  }
  assert.ok((await file.pending()).length <= limits.pendingMax);
});

test("while nothing runs a file is judged as it is while something does, at the next start", async (context) => {
  const { put, text, reopen } = await open(context);
  await put(wider);
  const again = reopen();
  assert.equal(await bindOf({ file: again }), "loopback");
  assert.equal(await text(), approved);
  const found: Finding[] = [];
  again.listen((finding) => found.push(finding));
  assert.deepEqual(
    found.map(({ kind }) => kind),
    ["held"],
  );
});

test("guide: cp openclaw.json.bak openclaw.json brings back what held before, also where it allows more", async (context) => {
  const opened = await open(context, wider);
  const { file, paths, put, findings } = opened;
  const tightened = await file.edit([{ op: "set", path: ["gateway", "bind"], value: "loopback" }], { actor: "owner" });
  assert.equal(tightened.kind, "saved");
  await put(await readFile(`${paths.configPath}.bak`, "utf8"));
  assert.equal(await bindOf(opened), "lan");
  assert.deepEqual(
    findings.map(({ kind, ...finding }) => [kind, "allows" in finding ? finding.allows : finding]),
    [
      ["saved", { actor: "owner", changed: ["gateway.bind"], widening: [] }],
      ["taken", ["gateway.bind"]],
    ],
  );
  // The same content as never held, with one space more, is an edit like any other.
  await file.edit([{ op: "set", path: ["gateway", "bind"], value: "loopback" }], { actor: "owner" });
  await put(` ${wider}`);
  assert.equal(await bindOf(opened), "loopback");
});

test("guide: jq into a temporary file and mv rotates the token once the owner accepts it", async (context) => {
  const opened = await open(context, `{ gateway: { auth: { token: "${"a".repeat(40)}" } } }`);
  const { file, paths, put } = opened;
  await put(`{ gateway: { auth: { token: "${"b".repeat(40)}" } } }`, `${paths.configPath}.tmp`);
  await rename(`${paths.configPath}.tmp`, paths.configPath);
  const held = await file.screen();
  assert(held.kind === "loaded");
  assert.equal(held.secrets.get("gateway:token"), "a".repeat(40));
  const [pending] = await file.pending();
  assert.deepEqual(pending?.widening, ["the credential gateway:token"]);
  assert.doesNotMatch(JSON.stringify([pending.what, pending.changes]), /aaaa|bbbb/);
  assert.equal((await file.accept([], "owner")).kind, "saved");
  const rotated = await file.screen();
  assert(rotated.kind === "loaded");
  assert.equal(rotated.secrets.get("gateway:token"), "b".repeat(40));
});

test("a file that is not valid stays with whoever edits it, is not used, and is told of once", async (context) => {
  const { file, put, text } = await open(context);
  const told: string[] = [];
  file.listen((finding) => finding.kind === "invalid" && told.push(finding.what));
  await put("{ gateway: { bonds: 1 } }");
  assert.equal((await file.screen()).kind, "invalid");
  assert.equal((await file.screen()).kind, "invalid");
  assert.equal(told.length, 1);
  assert.match(told.join(), /gateway\.bonds: /);
  await put("{ gateway: { bind: ");
  assert.equal((await file.screen()).kind, "invalid");
  assert.equal(told.length, 2);
  assert.equal(await text(), "{ gateway: { bind: ");
  assert.deepEqual(await file.pending(), []);
});

test("an edit that mends an invalid file takes nothing along that was slipped in beside it", async (context) => {
  const { file, put } = await open(context);
  await put('{ gateway: { bind: "lan", port: 18800, prot: 1 }, tools: { deny: ["exec"] } }');
  const unset = [{ op: "unset", path: ["gateway", "prot"] }] as const;
  await assert.rejects(file.edit(unset, { actor: "owner" }), { code: "conflict", message: /gateway\.bind/ });
  // Liveness: with nothing slipped in, the same edit mends the file.
  await put('{ gateway: { bind: "loopback", port: 18801, prot: 1 }, tools: { deny: ["exec"] } }');
  assert.equal((await file.edit(unset, { actor: "owner" })).kind, "saved");
});

test("an edit by command never carries along what somebody slipped into the file before it", async (context) => {
  const opened = await open(context);
  await opened.put(wider);
  const set = [{ op: "set", path: ["messages", "queue", "cap"], value: 5 }] as const;
  assert.equal((await opened.file.edit(set, { actor: "owner" })).kind, "saved");
  assert.equal(await bindOf(opened), "loopback");
  assert.match(await opened.text(), /the owner says so/);
});

test("what cannot have been meant as an edit is put right: removed, linked, a folder, a pipe, open to all, unreadable, empty", async (context) => {
  const opened = await open(context);
  const { paths, text } = opened;
  const { configPath } = paths;
  const elsewhere = join(paths.home, "elsewhere.json");
  await writeFile(elsewhere, wider, { mode: 0o600 });
  const replace = async (by: () => Promise<unknown>): Promise<void> => {
    await rm(configPath);
    await by();
  };
  const attacks: readonly (() => Promise<unknown>)[] = [
    () => rm(configPath),
    () => replace(() => symlink(elsewhere, configPath)),
    () => replace(() => mkdir(configPath)),
    () => replace(async () => execFileSync("mkfifo", [configPath])),
    () => chmod(configPath, 0o666),
    () => writeFile(configPath, ""),
  ];
  for (const attack of attacks) {
    await attack();
    // Each is a round of its own here, and no fight.
    const { file } = { file: opened.reopen() };
    assert.equal(await bindOf({ file }), "loopback", attack.toString());
    assert.equal(await text(), approved, attack.toString());
  }
  assert.equal(await readFile(elsewhere, "utf8"), wider);
  assert.equal((await readdir(paths.stateDir)).filter((name) => name.includes("moved-away")).length, 1);
});

test("an included file is watched over like the config file, and one that held is read as it was", async (context) => {
  const opened = await open(context, "{}");
  const { paths, put, file } = opened;
  const part = join(paths.stateDir, "part.json5");
  await put('{ gateway: { bind: "loopback" }, messages: { queue: { cap: 4 } } }', part);
  await put('{ $include: "./part.json5" }');
  assert.equal(await bindOf(opened), "loopback");
  await put('{ gateway: { bind: "lan" } }', part);
  assert.equal(await bindOf(opened), "loopback");
  assert.equal(await readFile(part, "utf8"), '{ gateway: { bind: "loopback" }, messages: { queue: { cap: 4 } } }');
  await file.accept([], "owner");
  assert.equal(await readFile(part, "utf8"), '{ gateway: { bind: "lan" } }');
  assert.equal(await bindOf(opened), "lan");
});

test("a fight that cannot be won ends: the files are left alone, and the approved config holds", async (context) => {
  const opened = await open(context);
  const { file, put, text, findings, reopen } = opened;
  for (let round = 0; round <= limits.watchdogRoundsMax + 3; round++) {
    await put(wider);
    assert.equal(await bindOf(opened), "loopback");
  }
  assert.equal(file.state(), "fighting");
  assert.equal(await text(), wider);
  assert.equal(findings.filter(({ kind }) => kind === "fight").length, 1);
  assert.equal((await file.pending()).length, 1);
  assert.equal(await bindOf({ file: reopen() }), "loopback");
});

test("a copy that others have written to is not what a rollback brings back", async (context) => {
  const opened = await open(context);
  const { file, paths, put } = opened;
  await file.edit([{ op: "set", path: ["messages", "queue", "cap"], value: 5 }], { actor: "owner" });
  await put(wider, `${paths.configPath}.bak`);
  await assert.rejects(file.rollback({ actor: "owner", to: "bak" }), { code: "conflict", message: /written to it/ });
  await assert.rejects(file.rollback({ actor: "owner" }), { code: "not_found" });
  await put(approved, `${paths.configPath}.bak`);
  assert.equal((await file.rollback({ actor: "owner", to: "bak" })).kind, "saved");
});

test("a damaged or missing approval falls back to what last started, not to what lies there", async (context) => {
  const opened = await open(context);
  const { file, paths, put, reopen } = opened;
  const loaded = await file.load();
  assert(loaded.kind === "loaded");
  await file.markGood(loaded.hash);
  await rm(join(paths.watchdog, "config"), { recursive: true });
  await put(wider);
  assert.equal(await bindOf({ file: reopen() }), "loopback");
});
