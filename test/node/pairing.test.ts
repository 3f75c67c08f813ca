import assert from "node:assert/strict";
import { test } from "node:test";
import { LoricaError } from "../../src/base/errors.ts";
import { limits } from "../../src/base/limits.ts";
import { fauxLink, host, nodeId, openNodes, operator } from "../faux/nodes/nodes.ts";

test("NODE-002 a node that is connected may be asked nothing until its owner has approved what it offers", async () => {
  await using faux = await openNodes();
  await faux.nodes.connected(nodeId, fauxLink("c1"), host);
  const [row] = await faux.nodes.list();
  assert.deepEqual([row?.approvalState, row?.connected, row?.commands], ["pending-approval", true, []]);
  const { pending, paired } = await faux.nodes.pairs();
  assert.deepEqual(paired, []);
  const requestId = pending[0]?.requestId ?? "";
  assert.deepEqual(pending, [
    {
      requestId,
      nodeId,
      displayName: "Attic",
      platform: "linux",
      version: "1",
      caps: ["system"],
      commands: ["system.run", "system.which"],
      isRepair: false,
      requiredApproveScopes: ["operator.pairing", "operator.admin"],
      ts: faux.clock.now(),
    },
  ]);
  await faux.nodes.approve(requestId, operator);
  const [approved] = await faux.nodes.list();
  assert.deepEqual([approved?.approvalState, approved?.commands], ["approved", ["system.run", "system.which"]]);
  assert.deepEqual(
    faux.events.map(({ name }) => name),
    ["node.presence", "node.pair.requested", "node.pair.resolved"],
  );
});

test("approving what reaches a shell asks for admin, and other commands for the scope to write", async () => {
  await using faux = await openNodes();
  const approver = (...scopes: readonly ("operator.pairing" | "operator.write")[]) => ({ id: "phone", scopes });
  await faux.nodes.connected(nodeId, fauxLink("c1"), host);
  const first = (await faux.nodes.pairs()).pending[0]?.requestId ?? "";
  await assert.rejects(
    faux.nodes.approve(first, approver("operator.pairing", "operator.write")),
    (error) => error instanceof LoricaError && error.details?.["missingScope"] === "operator.admin",
  );
  await faux.nodes.connected(nodeId, fauxLink("c2"), { ...host, commands: ["system.which"] });
  const second = (await faux.nodes.pairs()).pending[0]?.requestId ?? "";
  assert.notEqual(second, first);
  await assert.rejects(faux.nodes.approve(second, approver("operator.pairing")), { message: /operator\.write/ });
  await faux.nodes.approve(second, approver("operator.pairing", "operator.write"));
  assert.deepEqual((await faux.nodes.list())[0]?.commands, ["system.which"]);
});

test("a node that comes back with more waits for a new yes, and what was approved before stays in force", async () => {
  await using faux = await openNodes();
  await faux.ready(fauxLink("c1"), { commands: ["system.which"] });
  await faux.nodes.connected(nodeId, fauxLink("c2"), host);
  const [row] = await faux.nodes.list();
  assert.deepEqual([row?.approvalState, row?.commands], ["pending-reapproval", ["system.which"]]);
  const { pending } = await faux.nodes.pairs();
  assert.deepEqual(
    pending.map(({ isRepair, commands }) => [isRepair, commands]),
    [[true, ["system.run", "system.which"]]],
  );
  const refused = await faux.nodes.reject(pending[0]?.requestId ?? "", "owner");
  assert.deepEqual(refused.nodeId, nodeId);
  assert.deepEqual((await faux.nodes.list())[0]?.approvalState, "approved");
});

test("a node whose approval is taken back is cut off, and asks anew when it returns", async () => {
  await using faux = await openNodes();
  const link = fauxLink("c1");
  await faux.ready(link);
  await faux.nodes.rename(nodeId, "Cellar");
  assert.equal((await faux.nodes.list())[0]?.displayName, "Cellar");
  await faux.nodes.remove(nodeId, "owner");
  assert.deepEqual(link.ended, [[4001, "the approval of this node was taken back"]]);
  assert.deepEqual(await faux.nodes.list(), []);
  await assert.rejects(faux.nodes.remove(nodeId, "owner"), { code: "not_found" });
  await faux.nodes.connected(nodeId, fauxLink("c2"), host);
  assert.deepEqual((await faux.nodes.list())[0]?.commands, []);
});

test("the newest connection of a node counts, and the older one is told why it ends", async () => {
  await using faux = await openNodes();
  const [older, newer] = [fauxLink("c1"), fauxLink("c2")];
  await faux.ready(older);
  await faux.ready(newer);
  assert.deepEqual(older.ended, [[1008, "replaced by a newer connection of this node"]]);
  faux.nodes.disconnected("c1");
  assert.equal((await faux.nodes.list())[0]?.connected, true);
  faux.nodes.disconnected("c2");
  assert.equal((await faux.nodes.list())[0]?.connected, false);
});

test("those who wait are bounded, and what is turned away is said", async () => {
  await using faux = await openNodes();
  for (let index = 0; index <= limits.nodeRequestsMax; index += 1)
    await faux.nodes.connected(`node-${index}`, fauxLink(`c${index}`), host);
  assert.equal((await faux.nodes.pairs()).pending.length, limits.nodeRequestsMax);
  assert.deepEqual(faux.warnings, ["too many nodes wait for approval; this one must come again"]);
});

test("what a node tells of itself is kept in figures and names, and starts nothing", async () => {
  await using faux = await openNodes();
  await faux.ready(fauxLink("c1"));
  const { reports } = faux.nodes;
  const stats = { cpuCount: 2, memoryTotalBytes: 10, secret: "x", loadAverage: [1, 2, 3] };
  assert.deepEqual(reports.event("c1", { event: "node.host.stats", payloadJSON: JSON.stringify(stats) }), {
    handled: true,
  });
  assert.deepEqual(reports.event("c1", { event: "agent.request", payload: { message: "do it" } }), {
    handled: false,
    reason: "unsupported",
  });
  reports.skills("c1", ["weather"]);
  const { hostStats, skills, tools, withheld } = await faux.nodes.describe(nodeId);
  assert.deepEqual(
    { hostStats, skills, tools, withheld },
    {
      hostStats: { cpuCount: 2, memoryTotalBytes: 10, loadAverage: [1, 2, 3] },
      skills: ["weather"],
      tools: [],
      withheld: [],
    },
  );
});
