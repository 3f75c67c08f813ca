// What the owner hears of by itself: each thing that a wall finds while everything runs, once, however often it comes.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { alertIfFallen } from "../../src/assembly/broker/cells.ts";
import type { AuditRecord } from "../../src/audit/audit.ts";
import type { ProbedCells } from "../../src/broker/broker.ts";
import { createTelling } from "../../src/incident/incident.ts";
import type { SandboxStatus } from "../../src/sandbox/sandbox.ts";
import { openAlerts } from "../../src/watchdog/watchdog.ts";

async function setUp(context: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "lorica-telling-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const time = { now: 1_000_000, watchedUntil: 0 };
  const clock = { now: () => time.now };
  const path = join(folder, "alerts.json");
  const alerts = await openAlerts({ path, clock, redact: (text) => text, report: () => undefined });
  context.after(() => alerts.saved());
  const tell = createTelling({ watchedUntil: () => time.watchedUntil, clock, alertOwner: alerts.alertOwner });
  return { alerts, tell, time, said: () => alerts.open().map(({ text, times }) => [text.split(".")[0], times]) };
}

const never = new AbortController().signal;
const forged: AuditRecord = { kind: "decision", verdict: "deny", rule: "ceiling", resource: "model.fetch" };

test("ADV-034 a gateway that asks for what the config gives nobody is told of once, however often it asks", async (context) => {
  const { tell, said } = await setUp(context);
  for (const resource of ["model.fetch", "sandbox.run", "made up", "sandbox.run"]) tell({ ...forged, resource });
  assert.deepEqual(said(), [["The gateway asked for what the config gives nobody", 4]]);
});

test("what is refused to a model, and changes without an incident, make no alert", async (context) => {
  const { tell, said } = await setUp(context);
  tell({ kind: "decision", verdict: "deny", rule: "members.tools", resource: "rm -rf /" });
  tell({ kind: "decision", verdict: "allow", rule: "ceiling" });
  tell({ kind: "config", verdict: "allow", rule: "config.set", actor: "owner", resource: "gateway.port" });
  assert.deepEqual(said(), []);
});

test("IR-006 after an incident each change is told of until the time is over", async (context) => {
  const { tell, said, time } = await setUp(context);
  time.watchedUntil = time.now + 1_000;
  for (const kind of ["pairing", "config", "vault"] as const) tell({ kind, actor: "owner", resource: "x" });
  tell({ kind: "effect", resource: "ls" });
  assert.deepEqual(said(), [
    ["after the incident: pairing: x by owner", 1],
    ["after the incident: config: x by owner", 1],
    ["after the incident: vault: x by owner", 1],
  ]);
  time.now += 1_000;
  tell({ kind: "pairing", actor: "owner", resource: "later" });
  assert.equal(said().length, 3);
});

test("ADV-034 a wall that stood and fell is told of once; one that never stood is in the status", async (context) => {
  const { alerts, said } = await setUp(context);
  const off: SandboxStatus = { kind: "off", reason: "no bubblewrap", fix: "install it", walls: [] };
  const found: SandboxStatus[] = [off, { kind: "verified", walls: [] }, off, off];
  let now: SandboxStatus = off;
  const cells = { status: () => now, probe: async () => (now = found.shift() ?? off) } as unknown as ProbedCells;
  const watched = alertIfFallen(cells, alerts.alertOwner);
  const counts: number[] = [];
  for (let round = 0; round < 4; round++) {
    await watched.probe(never);
    counts.push(said().length);
  }
  assert.deepEqual(counts, [0, 0, 1, 1]);
  assert.match(alerts.open()[0]?.text ?? "", /^A wall of the sandbox has fallen.*no bubblewrap$/);
});
