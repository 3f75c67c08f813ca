import assert from "node:assert/strict";
import { test } from "node:test";
import { LoricaError } from "../../src/base/errors.ts";
import { limits } from "../../src/base/limits.ts";
import { fauxLink, nodeId, openNodes, orderOf } from "../faux/nodes/nodes.ts";

const signal = new AbortController().signal;

test("an invoke asks the node, takes its answer, and both are in the audit log", async () => {
  await using faux = await openNodes();
  const link = fauxLink("c1");
  await faux.ready(link);
  const answer = faux.nodes.invoke(orderOf(), signal);
  const { event, payload } = await link.next();
  const { id, ...asked } = payload;
  assert.deepEqual(
    [event, asked],
    [
      "node.invoke.request",
      {
        nodeId,
        command: "system.which",
        paramsJSON: '{"bins":["sh"]}',
        timeoutMs: limits.nodeInvokeTimeoutMs,
        idempotencyKey: "k1",
      },
    ],
  );
  assert.equal(faux.nodes.answers.settle("c1", { id: String(id), nodeId, ok: true, payload: { sh: "/bin/sh" } }), true);
  assert.deepEqual(await answer, { payload: { sh: "/bin/sh" }, payloadJson: '{"sh":"/bin/sh"}' });
  const resource = `system.which on ${nodeId} {"bins":["sh"]}`;
  const pairing = { kind: "pairing", verdict: "allow", rule: "nodes" };
  const [paired = {}, ...invoked] = faux.records;
  assert.deepEqual({ ...paired, ...pairing }, paired);
  assert.deepEqual(invoked, [
    {
      kind: "decision",
      verdict: "allow",
      rule: "node.operator",
      verb: "node.invoke",
      principal: "owner",
      actor: "owner",
      resource,
    },
    {
      kind: "effect",
      verb: "node.invoke",
      principal: "owner",
      actor: "owner",
      resource,
      result: { outcome: "ok", durationMs: 0 },
    },
  ]);
});

test("ADV-006 an answer counts only from the connection that was asked", async () => {
  await using faux = await openNodes();
  const link = fauxLink("c1");
  await faux.ready(link);
  const answer = faux.nodes.invoke(orderOf(), signal);
  const id = String((await link.next()).payload["id"]);
  const lie = { id, nodeId, ok: true, payload: "forged" };
  assert.equal(faux.nodes.answers.settle("c2", lie), false);
  assert.equal(faux.nodes.answers.settle("c1", { ...lie, nodeId: "b".repeat(64) }), false);
  assert.equal(faux.nodes.answers.settle("c1", { ...lie, payload: "true" }), true);
  assert.equal(faux.nodes.answers.settle("c1", lie), false);
  assert.equal((await answer).payload, "true");
});

test("NODE-003 only the exact names that were declared, approved and not denied may be invoked", async () => {
  await using faux = await openNodes();
  const link = fauxLink("c1");
  await faux.ready(link, { commands: ["system.which", "system.run"] });
  faux.rules = { allow: [], deny: ["system.run"] };
  const reasons = [];
  for (const command of ["system.run", "system.runX", "system.*", "System.which", "fs.listDir"]) {
    const refused: unknown = await faux.nodes
      .invoke(orderOf({ command, idempotencyKey: command }), signal)
      .catch((error: unknown) => error);
    assert.ok(refused instanceof LoricaError);
    reasons.push([refused.code, refused.details?.["reason"], refused.message]);
  }
  const refusal = (command: string, reason: string) => [
    "invalid_request",
    "command not allowlisted",
    `${command} may not be invoked on this node: ${reason}`,
  ];
  const undeclared = "the node does not declare it";
  assert.deepEqual(reasons, [
    refusal("system.run", "gateway.nodes.denyCommands has it"),
    refusal("system.runX", undeclared),
    refusal("system.*", undeclared),
    refusal("System.which", undeclared),
    refusal("fs.listDir", undeclared),
  ]);
  assert.deepEqual(link.told, []);
  assert.equal(faux.records.filter(({ verdict }) => verdict === "deny").length, 5);
});

test("NODE-004 cameras, screens and places need config's own word, also where they were approved", async () => {
  await using faux = await openNodes();
  const link = fauxLink("c1");
  const commands = ["camera.snap", "camera.list", "screen.record", "screen.snapshot", "location.get", "device.info"];
  await faux.ready(link, { commands, platform: "iOS 26.1" });
  assert.deepEqual((await faux.nodes.list())[0]?.commands, ["device.info"]);
  await assert.rejects(faux.nodes.invoke(orderOf({ command: "camera.snap" }), signal), {
    message: /gateway\.nodes\.allowCommands/,
  });
  faux.rules = { allow: ["camera.snap"], deny: [] };
  assert.deepEqual((await faux.nodes.list())[0]?.commands, ["camera.snap", "device.info"]);
  const { withheld } = await faux.nodes.describe(nodeId);
  assert.deepEqual(
    withheld.map(({ command }) => command),
    ["camera.list", "location.get", "screen.record", "screen.snapshot"],
  );
});

test("an allowed command still has to be declared and approved", async () => {
  await using faux = await openNodes();
  faux.rules = { allow: ["camera.snap"], deny: [] };
  await faux.ready(fauxLink("c1"), { commands: ["device.info"] });
  await assert.rejects(faux.nodes.invoke(orderOf({ command: "camera.snap" }), signal), { message: /not declare/ });
});

test("whoever gives up, the node is told, and its late answer is nobody's", async () => {
  await using faux = await openNodes();
  const link = fauxLink("c1");
  await faux.ready(link);
  const leaving = new AbortController();
  const answer = faux.nodes.invoke(orderOf(), leaving.signal);
  const id = String((await link.next()).payload["id"]);
  leaving.abort();
  await assert.rejects(answer, { code: "cancelled" });
  assert.deepEqual(await link.next(), {
    event: "node.invoke.cancel",
    payload: { id, nodeId, command: "system.which" },
  });
  assert.equal(faux.nodes.answers.settle("c1", { id, nodeId, ok: true, payload: 1 }), false);
});

test("an invoke that takes longer than it may ends, and the node is told", async () => {
  await using faux = await openNodes();
  const link = fauxLink("c1");
  await faux.ready(link);
  await assert.rejects(faux.nodes.invoke(orderOf({ timeoutMs: 1 }), signal), { code: "timeout" });
  assert.deepEqual(
    link.told.map(({ event }) => event),
    ["node.invoke.request", "node.invoke.cancel"],
  );
});

test("a node that leaves ends what it was asked; one that is not there is not asked", async () => {
  await using faux = await openNodes();
  const link = fauxLink("c1");
  await faux.ready(link);
  const answer = faux.nodes.invoke(orderOf(), signal);
  await link.next();
  faux.nodes.disconnected("c1");
  const isGone = (error: unknown): boolean =>
    error instanceof LoricaError && error.code === "unavailable" && error.details?.["code"] === "PAIRING_CHANGED";
  await assert.rejects(answer, isGone);
  await assert.rejects(faux.nodes.invoke(orderOf({ idempotencyKey: "k2" }), signal), isGone);
  await assert.rejects(faux.nodes.invoke(orderOf({ nodeId: "none", idempotencyKey: "k3" }), signal), {
    code: "not_found",
  });
});

test("the same order twice is asked once; another one under the same key is refused", async () => {
  await using faux = await openNodes();
  const link = fauxLink("c1");
  await faux.ready(link);
  const both = [faux.nodes.invoke(orderOf(), signal), faux.nodes.invoke(orderOf(), signal)];
  const id = String((await link.next()).payload["id"]);
  faux.nodes.answers.settle("c1", { id, nodeId, ok: true, payload: 7 });
  assert.deepEqual(
    (await Promise.all(both)).map(({ payload }) => payload),
    [7, 7],
  );
  assert.equal(link.told.length, 1);
  await assert.rejects(faux.nodes.invoke(orderOf({ params: { bins: ["rm"] } }), signal), { code: "conflict" });
});

test("params, answers, errors and how much runs at once are bounded", async () => {
  await using faux = await openNodes();
  const link = fauxLink("c1");
  await faux.ready(link);
  const long = "x".repeat(limits.nodeParamsMaxBytes);
  await assert.rejects(faux.nodes.invoke(orderOf({ params: { long } }), signal), { code: "too_large" });

  const tooLong = faux.nodes.invoke(orderOf({ idempotencyKey: "k2" }), signal);
  const first = String((await link.next()).payload["id"]);
  const payloadJSON = JSON.stringify("y".repeat(limits.nodeResultMaxBytes));
  faux.nodes.answers.settle("c1", { id: first, nodeId, ok: true, payloadJSON });
  await assert.rejects(tooLong, { code: "too_large" });

  const notJson = faux.nodes.invoke(orderOf({ idempotencyKey: "k3" }), signal);
  const second = String((await link.next()).payload["id"]);
  faux.nodes.answers.settle("c1", { id: second, nodeId, ok: true, payloadJSON: "{" });
  await assert.rejects(notJson, { code: "upstream" });

  const failing = faux.nodes.invoke(orderOf({ idempotencyKey: "k4" }), signal);
  const third = String((await link.next()).payload["id"]);
  const error = { code: "DENIED", message: "z".repeat(10_000) };
  faux.nodes.answers.settle("c1", { id: third, nodeId, ok: false, error });
  const told: unknown = await failing.catch((reason: unknown) => reason);
  assert.ok(told instanceof LoricaError && told.message.length < 2_100);
  assert.deepEqual(told.details?.["nodeError"], { code: "DENIED" });

  const leaving = new AbortController();
  const running = Array.from({ length: limits.nodeInvokesMax }, (_, index) =>
    faux.nodes.invoke(orderOf({ idempotencyKey: `r${index}` }), leaving.signal).catch(() => undefined),
  );
  for (let index = 0; index < limits.nodeInvokesMax; index += 1) await link.next();
  await assert.rejects(faux.nodes.invoke(orderOf({ idempotencyKey: "k5" }), signal), { code: "overloaded" });
  leaving.abort();
  await Promise.all(running);
});

test("progress goes to whoever asked, in order, from the connection that was asked", async () => {
  await using faux = await openNodes();
  const link = fauxLink("c1");
  await faux.ready(link);
  const seen: string[] = [];
  const answer = faux.nodes.invoke(orderOf({ onProgress: (chunk: string) => seen.push(chunk) }), signal);
  const invokeId = String((await link.next()).payload["id"]);
  const progress = (linkId: string, seq: number, chunk: string) =>
    faux.nodes.answers.progress(linkId, { invokeId, nodeId, seq, chunk });
  assert.deepEqual(
    [progress("c2", 0, "forged"), progress("c1", 0, "one"), progress("c1", 0, "again"), progress("c1", 1, "two")],
    [false, true, false, true],
  );
  faux.nodes.answers.settle("c1", { id: invokeId, nodeId, ok: true });
  assert.deepEqual(await answer, { payload: null, payloadJson: "null" });
  assert.deepEqual(seen, ["one", "two"]);
});
