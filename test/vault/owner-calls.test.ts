// What the owner does with single secrets: each change is on record by name and takes effect, and nothing else is.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { AuditRecord } from "../../src/audit/audit.ts";
import { createOwnerCalls } from "../../src/vault/vault.ts";
import { openTestVault, testPlaces } from "../faux/vault/test-vault.ts";

test("VLT-011 a secret that is stored, replaced or forgotten is on record by its name, and what changed nothing is not", async (context) => {
  const home = mkdtempSync(join(tmpdir(), "lorica-owner-calls-"));
  context.after(() => rmSync(home, { recursive: true, force: true }));
  const clock = { now: () => 5 };
  const vault = await openTestVault({ path: join(home, "vault.age"), clock, given: new Map() });
  const records: AuditRecord[] = [];
  let taken = 0;
  const calls = createOwnerCalls({
    vault,
    places: testPlaces(home),
    record: (record) => records.push(record),
    now: clock.now,
    onValues: async () => void (taken += 1),
    onLock: async () => undefined,
    usesOf: () => ({ uses: 0, lastUsedAt: null }),
  });
  const name = "provider:p";
  assert.deepEqual(await calls["vault.set"]({ name, value: "sk-one" }), { name, replaced: false });
  assert.deepEqual(await calls["vault.set"]({ name, value: " sk-two\n" }), { name, replaced: true });
  assert.equal(await vault.read(name), "sk-two");
  assert.deepEqual(await calls["vault.remove"]({ name }), { name, removed: true });
  assert.deepEqual(await calls["vault.remove"]({ name }), { name, removed: false });
  for (const wrong of [{ name: "gateway:token", value: "x".repeat(64) }, { name: "no name", value: "x" }, { name }])
    await assert.rejects(calls["vault.set"](wrong), { code: "invalid_request" });
  await assert.rejects(calls["vault.export"]({ format: "sops", to: ["nobody"] }), { code: "invalid_request" });
  assert.deepEqual(
    records,
    ["store provider:p", "replace provider:p", "remove provider:p"].map((resource) => ({
      kind: "vault",
      actor: "owner",
      resource,
    })),
  );
  assert.equal(taken, 3);
});
