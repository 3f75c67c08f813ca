// The schedule from the moment that a run is due to the file that was read back, on a real vault and real files.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { createBackupCalls } from "../../src/assembly/backup/calls.ts";
import type { BackupDeps } from "../../src/assembly/backup/calls.ts";
import { makeDue } from "../../src/assembly/backup/due.ts";
import { readLastRun } from "../../src/assembly/backup/runs.ts";
import type { AuditRecord } from "../../src/audit/audit.ts";
import { LoricaError } from "../../src/base/errors.ts";
import { resolvePaths } from "../../src/config/config.ts";
import { openVault, vaultPlaces } from "../../src/vault/vault.ts";

const day = 24 * 60 * 60_000;
const never = new AbortController().signal;

async function setUp(context: TestContext) {
  const home = mkdtempSync(join(tmpdir(), "lorica-due-"));
  context.after(() => rmSync(home, { recursive: true, force: true }));
  const paths = resolvePaths({ env: {}, home });
  for (const folder of [paths.stateDir, paths.credentials, paths.state])
    await mkdir(folder, { recursive: true, mode: 0o700 });
  writeFileSync(paths.configPath, "{}", { mode: 0o600 });
  const copy = join(paths.state, "snapshot-1");
  writeFileSync(copy, "one moment of the database", { mode: 0o600 });
  let now = new Date(2026, 0, 1, 12).getTime();
  const vault = await openVault({ places: vaultPlaces(paths, {}), clock: { now: () => now }, given: new Map() });
  const deps: BackupDeps = {
    paths,
    version: "1",
    now: () => now,
    config: () => ({ every: "daily", day: "sun", time: "02:00", keep: 2, kind: "full", recipients: [] }),
    vault,
    withDatabase: async (use) => await use({ database: new Map([["state/lorica.sqlite", copy]]) }),
  };
  const records: AuditRecord[] = [];
  const calls = createBackupCalls(deps);
  const look = () => makeDue(deps, { calls, audit: { record: (one) => records.push(one) } }, never);
  const backups = () => readdirSync(join(paths.stateDir, "backups")).filter((name) => name.startsWith("lorica-"));
  return { deps, calls, vault, records, look, backups, pass: (ms: number) => void (now += ms) };
}

test("BAK-004 BAK-005 a run that is due is made once, read back, recorded, and the old ones go", async (context) => {
  const { deps, calls, records, look, backups, pass } = await setUp(context);
  await look();
  assert.deepEqual(backups(), [], "the schedule begins with the first look");
  for (let run = 1; run <= 4; run += 1) {
    pass(day);
    await look();
    await look();
    assert.equal(records.length, run);
    assert.equal(backups().length, Math.min(run, 2));
  }
  const [made] = backups().toReversed();
  assert.match(records.at(-1)?.resource ?? "", new RegExp(`made and verified .*${made}$`));
  assert.deepEqual({ ...records.at(-1)?.result, bytes: 0 }, { bytes: 0, files: 4, removed: 1 });
  const path = join(deps.paths.stateDir, "backups", made ?? "");
  assert.equal((await calls["backup.verify"]({ path }, { signal: never })).kind, "full");
  // A machine that slept for a month has missed one run, not thirty.
  pass(30 * day);
  await look();
  await look();
  assert.equal(records.length, 5);
});

test("BAK-005 a run that cannot be read back is no run, removes nothing older and leaves nothing of its own", async (context) => {
  const { deps, vault, records, look, backups, pass } = await setUp(context);
  await vault.rekey({ identity: "passphrase", passphrase: "four words are enough" });
  await look();
  pass(day);
  await look();
  const before = backups();
  assert.deepEqual(
    before.map((name) => name.replace(/^.*-full/, "")),
    [".tar.age", ".tar.age.key"],
  );
  const lastRun = await readLastRun(deps.paths);
  vault.lock();
  for (let attempt = 0; attempt < 3; attempt += 1) {
    pass(day);
    await assert.rejects(look(), (error: unknown) => error instanceof LoricaError && error.code === "locked");
  }
  assert.deepEqual([backups(), records.length, await readLastRun(deps.paths)], [before, 1, lastRun]);
  await vault.unseal("four words are enough");
  await look();
  assert.equal(records.length, 2);
});
