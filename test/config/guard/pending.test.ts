// An edit that waits may hold a credential that its owner typed: it lies on the disk sealed, and is opened to be accepted.
import assert from "node:assert/strict";
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { LoricaError } from "../../../src/base/errors.ts";
import { createConfigCalls, createConfigFile, prepareStateDir, resolvePaths } from "../../../src/config/config.ts";
import { createEditSealer, publishEditKey } from "../../../src/vault/edits/edits.ts";
import { openVault, vaultPlaces } from "../../../src/vault/vault.ts";
import { filesWith } from "../../faux/outside/files.ts";
import { temporary } from "../harness.ts";

const canary = `${"7".repeat(10)}:canary-of-an-edit-that-waits`;
const first = "{\n  // mine\n  gateway: { bind: 'loopback' },\n}\n";
const typed = `{\n  // mine\n  gateway: { bind: 'lan' },\n  channels: { telegram: { botToken: '${canary}' } },\n}\n`;

async function open(context: TestContext) {
  const paths = resolvePaths({ env: {}, home: await temporary(context) });
  await prepareStateDir(paths);
  const places = vaultPlaces(paths, {});
  const clock = { now: () => Date.now() };
  const openOne = () => openVault({ places, clock, given: new Map() });
  const vault = await openOne();
  await publishEditKey(places, vault);
  const sealing = createEditSealer({ places, running: () => vault, openVault: openOne });
  const keepSecret = (name: string, value: string) => vault.write(name, value);
  const plainly = createConfigFile({ paths, env: {}, clock, keepSecret });
  const file = createConfigFile({ paths, env: {}, clock, keepSecret, sealing });
  const put = (text: string) => writeFile(paths.configPath, text, { mode: 0o600 });
  await put(first);
  assert.equal((await file.screen()).kind, "loaded");
  const held = async (text = typed, by = file) => {
    await put(text);
    await by.screen();
    assert.equal(readFileSync(paths.configPath, "utf8"), first);
  };
  return { paths, vault, file, plainly, put, held, calls: createConfigCalls(file, paths), places };
}

const isCode = (code: string, message: RegExp) => (error: unknown) =>
  error instanceof LoricaError && error.code === code && message.test(error.message);

test("without a seal, what waits would lie there as it was typed", async (context) => {
  const { paths, held, plainly } = await open(context);
  await held(typed, plainly);
  assert.match(filesWith(paths.stateDir, canary).join(), /^watchdog\/pending\/[^,]*$/);
});

test("a token in an edit that waits is in no file, nor after it was accepted, when the vault has it", async (context) => {
  const { paths, held, file, calls, vault } = await open(context);
  await held();
  assert.deepEqual(filesWith(paths.stateDir, canary), []);
  const [shown] = await calls.pending();
  assert.deepEqual(shown?.widening.slice(0, 1), ["gateway.bind"]);
  const { secretsKept } = await calls.accept([], "owner", shown.digest);
  assert.deepEqual(secretsKept, ["channel:telegram.default.bottoken"]);
  assert.equal(await vault.read("channel:telegram.default.bottoken"), canary);
  assert.equal(
    readFileSync(paths.configPath, "utf8"),
    typed.replace(`'${canary}'`, '"vault:channel:telegram.default.bottoken"'),
  );
  const loaded = await file.screen();
  assert(loaded.kind === "loaded");
  assert.equal(loaded.config.gateway.bind, "lan");
  await file.markGood(loaded.hash);
  await file.edit([{ op: "set", path: ["gateway", "port"], value: 18_801 }], { actor: "cli" });
  assert.deepEqual(await file.pending(), []);
  assert.deepEqual(filesWith(paths.stateDir, canary), []);
});

test("nor after it was rejected, or another one came after it", async (context) => {
  const { paths, held, file } = await open(context);
  await held();
  await held(typed.replace("mine", "mine, again"));
  assert.deepEqual(
    (await file.pending()).map(({ state }) => state),
    ["waiting", "superseded"],
  );
  assert.equal(await file.reject(), 1);
  assert.deepEqual(filesWith(paths.stateDir, canary), []);
});

test("nor when keys of it are accepted and the rest goes on waiting", async (context) => {
  const { paths, held, file } = await open(context);
  await held();
  assert.equal((await file.accept(["gateway.bind"], "owner")).kind, "saved");
  assert.equal((await file.pending())[0]?.state, "waiting");
  assert.deepEqual(filesWith(paths.stateDir, canary), []);
});

test("a locked vault: the edit is put aside and listed; to accept it, the vault has to be opened", async (context) => {
  const { paths, held, file, calls, vault } = await open(context);
  vault.lock();
  await held();
  assert.deepEqual(filesWith(paths.stateDir, canary), []);
  const [shown] = await calls.pending();
  assert.equal(shown?.state, "waiting");
  await assert.rejects(calls.accept([], "owner"), isCode("locked", /lorica vault unseal/));
  assert.equal(readFileSync(paths.configPath, "utf8"), first);
  await vault.unseal();
  await calls.accept([], "owner", shown.digest);
  assert.deepEqual(await file.pending(), []);
});

test("it can be accepted after the vault got another key, and not where another vault took its place", async (context) => {
  const { held, file, vault, places } = await open(context);
  await held();
  await vault.rekey({ identity: "key-file", keyFile: places.keyFile });
  const other = await open(context);
  const sealing = createEditSealer({
    places,
    running: () => other.vault,
    openVault: async () => assert.fail("one is open"),
  });
  const [waiting] = globSync("watchdog/pending/*/*.age", { cwd: places.stateDir });
  await assert.rejects(
    sealing.open(readFileSync(join(places.stateDir, waiting ?? ""))),
    isCode("conflict", /another vault/),
  );
  assert.equal((await file.accept([], "owner")).kind, "saved");
});

test("what an earlier version has kept plainly is sealed at the next start, under the same digest", async (context) => {
  const { paths, held, plainly, file, calls } = await open(context);
  await held(typed, plainly);
  const [before] = await createConfigCalls(plainly, paths).pending();
  await file.sealPending();
  assert.deepEqual(filesWith(paths.stateDir, canary), []);
  assert.deepEqual(await calls.pending(), [before]);
  await calls.accept([], "owner", before?.digest);
  assert.match(readFileSync(paths.configPath, "utf8"), /lan.*\n.*vault:/);
});

test("a sealed edit with any part of it changed is not accepted", async (context) => {
  const { paths, held, file } = await open(context);
  await held();
  const [name] = globSync("watchdog/pending/*/*.age", { cwd: paths.stateDir });
  const path = join(paths.stateDir, name ?? "");
  const whole = readFileSync(path);
  const last = Buffer.from(whole);
  last[last.length - 1] = (last.at(-1) ?? 0) ^ 1;
  for (const bytes of [last, whole.subarray(0, 40), Buffer.from(typed)]) {
    writeFileSync(path, bytes);
    await assert.rejects(file.accept([], "owner"), isCode("conflict", /cannot be read|not as it was kept/));
    assert.equal(readFileSync(paths.configPath, "utf8"), first);
  }
  writeFileSync(path, whole);
  assert.equal((await file.accept([], "owner")).kind, "saved");
});
