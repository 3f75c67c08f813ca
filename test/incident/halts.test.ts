// The kill switch: what it ends, what it refuses, and what it survives.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { limits } from "../../src/base/limits.ts";
import { capabilities, openHalts } from "../../src/incident/incident.ts";
import type { Effect, Halts, HaltScope } from "../../src/incident/incident.ts";

function setUp(context: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "lorica-halts-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "incident", "halts.json");
  const said: string[] = [];
  const changes: number[] = [];
  const time = { now: 1_000_000 };
  const open = (): Halts => {
    const halts = openHalts({
      path,
      clock: { now: () => time.now },
      onChange: (list) => void changes.push(list.length),
      report: (message) => void said.push(message),
    });
    context.after(() => halts.close());
    return halts;
  };
  return { path, said, changes, time, open };
}

const order = (scope: HaltScope, forMs?: number) => ({ scope, by: "owner", reason: "why", forMs });
const exec: Effect = { agentId: "main", capability: "exec" };

test("what runs is ended at once, what comes is refused, and what is somebody else's goes on", async (context) => {
  const halts = setUp(context).open();
  const running = halts.admit(exec);
  const other = halts.admit({ ...exec, agentId: "kids" });
  const halted = halts.halt(order({ kind: "agent", agentId: "main" }));
  // Before anything is written: the signal is the first thing that happens.
  assert.equal(running.aborted, true);
  await halted;
  assert.equal((running.reason as Error).message.includes("the owner has stopped the agent main (why)"), true);
  assert.throws(() => halts.admit(exec), { code: "locked", message: /lorica resume/ });
  assert.equal(other.aborted, false);
  assert.equal(halts.admit({ ...exec, agentId: "kids" }).aborted, false);
  assert.equal(await halts.resume(undefined), 1);
  assert.equal(halts.admit(exec).aborted, false);
});

test("each scope stops what it names and nothing else", async (context) => {
  const halts = setUp(context).open();
  const stopped = async (scope: HaltScope): Promise<string> => {
    await halts.halt(order(scope));
    const hit = capabilities.filter((capability) => halts.haltOf({ agentId: "main", capability }) !== undefined);
    await halts.resume(undefined);
    return hit.join(" ");
  };
  assert.equal(await stopped({ kind: "all" }), capabilities.join(" "));
  assert.equal(await stopped({ kind: "agent", agentId: "main" }), capabilities.join(" "));
  assert.equal(await stopped({ kind: "agent", agentId: "kids" }), "");
  assert.equal(await stopped({ kind: "capability", capability: "model" }), "model");
  assert.equal(await stopped({ kind: "capability", capability: "channels" }), "channels");
  assert.equal(await stopped({ kind: "capability", capability: "tools" }), "exec files egress nodes tools");
});

test("what is stopped stays so over a restart, until its time is over or the owner resumes it", async (context) => {
  const { open, time, changes } = setUp(context);
  const first = open();
  await first.halt(order({ kind: "capability", capability: "exec" }, 60_000));
  const { id } = await first.halt(order({ kind: "capability", capability: "files" }));
  assert.deepEqual(changes, [1, 2]);
  const second = open();
  assert.deepEqual(second.list(), first.list());
  assert.throws(() => second.admit(exec), { code: "locked" });
  time.now += 60_001;
  assert.equal(second.admit(exec).aborted, false);
  assert.throws(() => second.admit({ agentId: "main", capability: "files" }), { code: "locked" });
  assert.equal(await second.resume("nobody"), 0);
  assert.equal(await second.resume(id.slice(0, 8)), 1);
  assert.deepEqual(open().list(), []);
});

test("a list that was changed or cannot be read stops everything, and says so", async (context) => {
  for (const text of ["", "{}", '{"halts":[{"scope":{"kind":"nobody"}}]}', '{"halts":[{}]}']) {
    const { open, path, said } = setUp(context);
    await open().halt(order({ kind: "capability", capability: "exec" }));
    writeFileSync(path, text);
    const halts = open();
    assert.throws(() => halts.admit({ agentId: "main", capability: "model" }), { code: "locked" }, text);
    assert.match(said.join(), /everything is stopped/);
    assert.equal(await halts.resume(undefined), 1);
    assert.equal(open().list().length, 0);
  }
});

test("a list that somebody has filled keeps no owner from stopping, and forgets no stop", async (context) => {
  const { open } = setUp(context);
  const halts = open();
  for (let at = 0; at < limits.haltsMax; at++)
    await halts.halt({ ...order({ kind: "agent", agentId: `no-${at}` }), by: "gateway:x" });
  const halt = await halts.halt(order({ kind: "capability", capability: "model" }, 60_000));
  assert.deepEqual([halt.scope, halt.until], [{ kind: "all" }, undefined]);
  assert.deepEqual(halts.list(), [halt]);
  assert.throws(() => halts.admit(exec), { code: "locked" });
  assert.throws(() => open().admit({ agentId: "no-3", capability: "files" }), { code: "locked" });
});

test("the same said again is one stop", async (context) => {
  const halts = setUp(context).open();
  for (let times = 0; times < 3; times++) await halts.halt(order({ kind: "capability", capability: "exec" }));
  await halts.halt(order({ kind: "capability", capability: "exec" }, 1_000));
  assert.deepEqual(
    halts.list().map(({ until }) => until),
    [undefined, 1_001_000],
  );
});
