// One gateway token after another.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { gatewayTokenName } from "../../src/vault/vault.ts";
import * as rotation from "../../src/vault/rotation.ts";
import { openTestVault } from "../faux/vault/test-vault.ts";

async function open(context: TestContext, given: ReadonlyMap<string, string> = new Map()) {
  const folder = await mkdtemp(join(tmpdir(), "lorica-rotation-"));
  context.after(() => rm(folder, { recursive: true, force: true }));
  const clock = { ms: 1_000_000, now: () => clock.ms };
  return { clock, vault: await openTestVault({ path: join(folder, "vault.age"), clock, given }) };
}

test("ROT-002 ROT-008 GAP-005 both tokens count for the time of grace, then only the new one of 32 random bytes", async (context) => {
  const { clock, vault } = await open(context);
  const [first] = await rotation.countingTokens(vault, clock.ms);
  assert.deepEqual(await rotation.rotateGatewayToken(vault, { now: clock.ms, graceMs: 600_000 }), {
    previousUntil: 1_600_000,
  });
  const [second, earlier, ...others] = await rotation.countingTokens(vault, clock.ms);
  assert.match(second ?? "", /^[0-9a-f]{64}$/);
  assert.deepEqual([earlier, others, await rotation.nextExpiry(vault)], [first, [], 1_600_000]);
  clock.ms = 1_600_000;
  assert.deepEqual(await rotation.countingTokens(vault, clock.ms), [second]);
  assert.equal(await rotation.forgetExpiredTokens(vault, clock.ms), true);
  assert.equal(await rotation.forgetExpiredTokens(vault, clock.ms), false);
  assert.deepEqual([...vault.values()], [second]);
});

test("a second rotation within the grace leaves two tokens, and one without grace leaves one", async (context) => {
  const { clock, vault } = await open(context);
  const tokens = async () => await rotation.countingTokens(vault, clock.ms);
  await tokens();
  for (const graceMs of [600_000, 700_000]) await rotation.rotateGatewayToken(vault, { now: clock.ms, graceMs });
  assert.equal((await tokens()).length, 2);
  const token = await rotation.replaceGatewayToken(vault, clock.ms);
  assert.deepEqual(await tokens(), [token]);
});

test("ROT-006 the token's age is known where the vault made it", async (context) => {
  const { clock, vault } = await open(context);
  await rotation.countingTokens(vault, clock.ms);
  const now = clock.ms + 91.5 * 86_400_000;
  const { token: _, ...about } = await rotation.describeToken(vault, now);
  assert.deepEqual(about, { source: "vault", ageDays: 91, ageWarnDays: 90 });
  const given = await open(context, new Map([[gatewayTokenName, "0123456789abcdef0123456789abcdef"]]));
  const { token: __, ...fixed } = await rotation.describeToken(given.vault, now);
  assert.deepEqual(fixed, { source: "environment", ageWarnDays: 90 });
  assert.throws(() => rotation.refuseGivenToken(given.vault), { code: "conflict" });
});

test("ROT-001 the schedule is the first of the month or Monday, at three", () => {
  const last = (schedule: "monthly" | "weekly", now: Date): string => {
    const at = new Date(rotation.lastScheduled(schedule, now.getTime()));
    return `${at.getFullYear()}-${at.getMonth() + 1}-${at.getDate()} ${at.getHours()}`;
  };
  assert.equal(last("monthly", new Date(2026, 2, 15)), "2026-3-1 3");
  assert.equal(last("monthly", new Date(2026, 2, 1, 2, 59)), "2026-2-1 3");
  assert.equal(last("monthly", new Date(2026, 0, 1, 1)), "2025-12-1 3");
  assert.equal(last("weekly", new Date(2026, 10, 22, 12)), "2026-11-16 3");
  assert.equal(last("weekly", new Date(2026, 10, 16, 2)), "2026-11-9 3");
});
