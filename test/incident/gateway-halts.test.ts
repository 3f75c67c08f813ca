// What the gateway stops by itself: orders to nodes, running and new, orders to write to somebody, and the channels, each of
// which it starts again only where it was the one that stopped it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createHalted } from "../../src/assembly/gateway/halts.ts";
import type { AuditRecord } from "../../src/audit/audit.ts";
import type { Nodes } from "../../src/node/node.ts";
import type { Order, Pipeline, PipelineChannels } from "../../src/pipeline/pipeline.ts";

const never = new AbortController().signal;
const order = { nodeId: "n1", command: "camera.snap", askedBy: "agent:main" } as unknown as Parameters<
  Nodes["invoke"]
>[0];
const open = { nodes: null, channels: null };

function fauxNodes() {
  const asked: AbortSignal[] = [];
  const nodes = {
    async invoke(_order: unknown, signal: AbortSignal) {
      asked.push(signal);
      await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
    },
  } as unknown as Nodes;
  return { asked, nodes };
}

function fauxChannels(...held: readonly string[]) {
  const state = new Map([
    ["telegram", held.includes("telegram")],
    ["matrix", held.includes("matrix")],
  ]);
  const done: string[] = [];
  const channels = {
    states: () => [...state].map(([channel, isHeld]) => ({ channel, held: isHeld })),
    async hold(channel: string, way: "stop" | "start") {
      done.push(`${way} ${channel}`);
      state.set(channel, way === "stop");
    },
  } as unknown as PipelineChannels;
  return { channels, done };
}

test("an order to a node is given up when nodes are stopped, the next is refused and recorded, and later ones go", async () => {
  const records: AuditRecord[] = [];
  const halted = createHalted(open, { record: (record) => records.push(record) });
  const { asked, nodes } = fauxNodes();
  const { channels } = fauxChannels();
  const wrapped = halted.nodes(nodes);
  const running = assert.rejects(wrapped.invoke(order, never), { code: "locked", message: /stopped nodes/ });
  await halted.take({ nodes: "the owner has stopped nodes", channels: null }, channels);
  await running;
  await assert.rejects(wrapped.invoke(order, never), { code: "locked", message: /lorica resume/ });
  assert.equal(asked.length, 1, "the node was not asked again");
  assert.deepEqual(
    records.map(({ verdict, rule, verb, resource }) => [verdict, rule, verb, resource]),
    [["deny", "kill", "node.invoke", "camera.snap on n1"]],
  );
  await halted.take(open, channels);
  const leave = new AbortController();
  const after = assert.rejects(wrapped.invoke(order, leave.signal));
  assert.equal(asked.at(-1)?.aborted, false);
  leave.abort(new Error("left"));
  await after;
});

test("a gateway that starts while nodes are stopped asks none", async () => {
  const halted = createHalted({ nodes: "stopped", channels: null }, { record: () => undefined });
  const { asked, nodes } = fauxNodes();
  await assert.rejects(halted.nodes(nodes).invoke(order, never), { code: "locked" });
  assert.deepEqual(asked, []);
});

test("an order to write to somebody is refused at once and recorded while channels are stopped, and goes before and after", async () => {
  const records: AuditRecord[] = [];
  const halted = createHalted(open, { record: (record) => records.push(record) });
  const ordered: string[] = [];
  const pipeline = { order: async ({ text }: Order) => void ordered.push(text) } as unknown as Pipeline;
  const wrapped = halted.pipeline(pipeline);
  const write = (text: string) =>
    wrapped.order({ channel: "telegram", account: "default", recipient: "42", text } as Order, never);
  await write("before");
  const taken = halted.take({ nodes: null, channels: "the owner has stopped channels" }, fauxChannels().channels);
  // Not only once the channels have stopped, which takes a platform's time.
  await assert.rejects(write("meanwhile"), { code: "locked", message: /stopped channels.*lorica resume/ });
  await taken;
  assert.deepEqual(
    records.map(({ verdict, rule, verb, resource }) => [verdict, rule, verb, resource]),
    [["deny", "kill", "message.send", "telegram/default/42"]],
  );
  await halted.take(open, fauxChannels().channels);
  await write("after");
  assert.deepEqual(ordered, ["before", "after"]);
});

test("channels are held once, and only those that were held by this start again", async () => {
  const halted = createHalted(open, { record: () => undefined });
  const { channels, done } = fauxChannels("matrix");
  await halted.take({ nodes: null, channels: "stopped" }, channels);
  await halted.take({ nodes: null, channels: "stopped, and more" }, channels);
  assert.deepEqual(done, ["stop telegram"]);
  await halted.take(open, channels);
  assert.deepEqual(done, ["stop telegram", "start telegram"]);
});
