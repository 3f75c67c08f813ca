// Backups of a running installation, put back on a machine that has nothing but the file and the key.
import assert from "node:assert/strict";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, suite, test } from "node:test";
import { createInstallation } from "../../faux/installation.ts";
import type { Installation } from "../../faux/installation.ts";
import { filesWith } from "../../faux/outside/files.ts";

const words = "CANARY-words-of-a-person-5521";

suite("a backup", { concurrency: false }, () => {
  let lorica: Installation;
  let fresh: Installation;
  let made: { readonly path: string; readonly opensWith: string };
  before(async () => {
    lorica = await createInstallation();
    fresh = await createInstallation();
    await lorica.start();
  });
  after(async () => {
    await lorica?.remove();
    await fresh?.remove();
  });

  const ok = async (words: readonly string[], of = lorica): Promise<string> => {
    const { code, stdout, stderr } = await of.run(words);
    assert.equal(code, 0, `${words.join(" ")}: ${stderr}`);
    return stdout;
  };

  test("VLT-012 what people say is in no file of the state directory, and the status says so", async () => {
    assert.match(await ok(["agent", "--session-id", "kept", "--message", `!say ${words}`]), new RegExp(words));
    assert.deepEqual(filesWith(lorica.stateDir, words), []);
    assert.match(await ok(["sessions", "export", "kept"]), new RegExp(words), "the control: it is kept");
    assert.match(await ok(["status", "--all"]), /state +on: what people said is sealed at rest/);
    assert.match(await ok(["doctor"]).catch(String), /every sealed part of it opens/);
  });

  test("BAK-002 BAK-006 it is made while the gateway runs, sealed, and verified", async () => {
    await ok(["config", "set", "session.dmScope", "per-peer"]);
    made = JSON.parse(await ok(["backup", "create", "--json"])) as typeof made;
    assert.match(made.path, /-full\.tar\.age$/);
    assert.equal(statSync(made.path).mode & 0o777, 0o600);
    assert.match(await ok(["backup", "verify", made.path]), /is whole: full/);
    assert.deepEqual(
      readdirSync(join(lorica.stateDir, "state")).filter((name) => name.startsWith("snapshot")),
      [],
    );
  });

  test("BAK-004 once scheduled it is made each Sunday at two", async () => {
    await ok(["backup", "schedule"]);
    const { nextRunAt } = JSON.parse(await ok(["backup", "list", "--json"])) as { readonly nextRunAt: number };
    const next = new Date(nextRunAt);
    assert.deepEqual([next.getDay(), next.getHours(), next.getMinutes()], [0, 2, 0]);
    await ok(["backup", "schedule", "off"]);
  });

  test("BAK-009 a folder that is copied to a cloud is named, sealed or not", async () => {
    const folder = join(lorica.home, "Dropbox", "backups");
    assert.match(await ok(["backup", "create", "--config-only", "--to", folder]), /inside Dropbox.*it is sealed/);
    assert.match(
      await ok(["backup", "create", "--config-only", "--plain", "--to", folder]),
      /inside Dropbox.*in plain/,
    );
  });

  test("a running gateway is not restored under", async () => {
    const { code, stderr } = await lorica.run(["backup", "restore", made.path, "--yes"]);
    assert.notEqual(code, 0);
    assert.match(stderr, /stop it first: lorica gateway stop/);
  });

  test("BAK-003 a machine with only the file and the key goes on where the other one was", async () => {
    await lorica.stop();
    rmSync(fresh.stateDir, { recursive: true, force: true });
    const [file, key] = [join(fresh.home, "backup.tar.age"), join(fresh.home, "key")];
    copyFileSync(made.path, file);
    copyFileSync(made.opensWith, key);
    // The other machine is gone, and its key with it.
    renameSync(made.opensWith, `${made.opensWith}.gone`);
    const { stderr } = await fresh.run(["backup", "restore", file, "--yes"]);
    assert.match(stderr, /--identity FILE/);
    // Nothing is there that could be replaced, so nobody is asked.
    await ok(["backup", "restore", file, "--identity", key], fresh);
    await fresh.start();
    assert.match(await ok(["sessions", "export", "kept"], fresh), new RegExp(words));
    // The config of the other home is this one's now, and not an edit that nobody owns up to.
    assert.equal(await ok(["config", "get", "session.dmScope"], fresh), "per-peer\n");
    assert.doesNotMatch(await ok(["status"], fresh), /the config was changed/);
    await fresh.stop();
    renameSync(`${made.opensWith}.gone`, made.opensWith);
  });

  test("an older database that is put in place is not started on; the owner's word or a restore makes it right", async () => {
    const database = join(lorica.stateDir, "state", "lorica.sqlite");
    const old = join(lorica.home, "old.sqlite");
    copyFileSync(database, old);
    await lorica.start();
    await ok(["agent", "--session-id", "later", "--message", "!say later"]);
    await lorica.stop();
    const newest = readFileSync(database);
    copyFileSync(old, database);
    for (const ending of ["-wal", "-shm"]) rmSync(database + ending, { force: true });
    await assert.rejects(lorica.start(), /older than it was .*lorica backup accept/s);
    assert.match(await ok(["backup", "accept", "--yes"]), /takes it as it is/);
    await lorica.start();
    assert.doesNotMatch((await lorica.run(["sessions", "list"])).stdout, /later/);
    await lorica.stop();
    await ok(["backup", "restore", made.path, "--yes"]);
    await lorica.start();
    assert.match(await ok(["sessions", "export", "kept"]), new RegExp(words));
    assert.ok(newest.length > 0);
    await lorica.stop();
  });

  test("a damaged entry is named by doctor and shown in its place, and the session goes on", async () => {
    const database = new DatabaseSync(join(lorica.stateDir, "state", "lorica.sqlite"));
    database.exec("UPDATE steps SET body = substr(body, 1, 60) || 'AAAA' || substr(body, 65) WHERE seq = 1");
    database.close();
    await lorica.start();
    const { stdout, code } = await lorica.run(["doctor"]);
    assert.notEqual(code, 0);
    assert.match(stdout, /parts? are damaged[^]*entry 1 of the window/);
    assert.match(await ok(["sessions", "export", "kept"]), /entry 1 is damaged and cannot be read/);
    assert.match(await ok(["agent", "--session-id", "kept", "--message", "!say still here"]), /still here/);
    await lorica.stop();
  });

  test("guide: a tar of ~/.openclaw of a stopped gateway, unpacked, starts", async () => {
    const copy = `${lorica.stateDir}.copy`;
    renameSync(lorica.stateDir, copy);
    mkdirSync(lorica.stateDir, { mode: 0o700 });
    for (const name of readdirSync(copy)) if (name !== "run") renameSync(join(copy, name), join(lorica.stateDir, name));
    await lorica.start();
    assert.match(await ok(["sessions", "export", "kept"]), new RegExp(words));
    assert.equal(existsSync(copy), true);
    writeFileSync(join(copy, "done"), "");
  });

  test("BAK-002 where the vault has a passphrase, the backup, the key beside it and the passphrase are enough elsewhere", async () => {
    const said = { input: "four words are enough\n" };
    const says = async (of: Installation, command: string): Promise<string> => {
      const { code, stdout, stderr } = await of.run(command.split(" "), said);
      assert.equal(code, 0, `${command}: ${stderr}`);
      return stdout;
    };
    await says(lorica, "vault init --identity passphrase");
    const { path, opensWith } = JSON.parse(await ok(["backup", "create", "--json"])) as typeof made;
    assert.equal(opensWith, `${path}.key and your passphrase`);
    await lorica.stop();
    rmSync(fresh.home, { recursive: true, force: true });
    mkdirSync(fresh.home, { mode: 0o700 });
    const file = join(fresh.home, "backup.tar.age");
    copyFileSync(path, file);
    copyFileSync(`${path}.key`, `${file}.key`);
    const wrong = await fresh.run(["backup", "restore", file, "--yes"], { input: "three words are wrong\n" });
    assert.match(wrong.stderr, /has another passphrase/);
    await says(fresh, `backup verify ${file}`);
    await says(fresh, `backup restore ${file} --yes`);
    await fresh.start();
    assert.match((await fresh.run(["status"])).stdout, /lorica vault unseal/);
    await says(fresh, "vault unseal");
    assert.match(await ok(["sessions", "export", "kept"], fresh), new RegExp(words));
    await fresh.stop();
  });
});
