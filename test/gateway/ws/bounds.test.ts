import assert from "node:assert/strict";
import { test } from "node:test";
import type { WebSocket } from "ws";
import { limits } from "../../../src/base/limits.ts";
import { beatAll, Visitor } from "../../../src/gateway/ws/visitor.ts";
import { createVisitors } from "../../../src/gateway/ws/visitors.ts";
import { connectWs } from "../../faux/ws/client.ts";
import { openWsEdge } from "../../faux/ws/edge.ts";

test("ADV-022 of all who have not said who they are, whoever has waited longest makes room", () => {
  const visitors = createVisitors();
  const failed: number[] = [];
  const enter = (number: number) =>
    visitors.enter(`10.0.${number >> 8}.${number & 255}`, {
      fail: (code) => {
        assert.equal(code, 1013);
        failed.push(number);
      },
    });
  const entered = Array.from({ length: limits.wsUnprovedMax }, (_, number) => enter(number));
  // The first one proves itself in time, so it is not among them any more.
  entered[0]?.proved();
  enter(1_000);
  assert.deepEqual(failed, []);
  enter(1_001);
  assert.deepEqual(failed, [1]);
  // Its socket closes later; neither its address nor the total is counted down twice.
  entered[1]?.left();
  enter(1_002);
  enter(1_003);
  assert.deepEqual(failed, [1, 2, 3]);
});

test("NET-022 an address has so many connections in all, except this machine's; and so has the gateway", () => {
  const visitors = createVisitors();
  const silent = { fail: () => assert.fail("nobody is evicted who has proved who they are") };
  const enter = (address: string) => {
    const { proved, left } = visitors.enter(address, silent);
    proved();
    return left;
  };
  const leave = Array.from({ length: limits.wsPerAddressMax }, () => enter("192.0.2.1"));
  assert.equal(visitors.problem("192.0.2.1", false), "address");
  assert.equal(visitors.problem("192.0.2.1", true), undefined);
  assert.equal(visitors.problem("192.0.2.2", false), undefined);
  leave[0]?.();
  assert.equal(visitors.problem("192.0.2.1", false), undefined);
  for (let count = limits.wsPerAddressMax - 1; count < limits.wsConnectionsMax; count++) enter(`host ${count}`);
  assert.equal(visitors.problem("192.0.2.2", true), "total");
  leave[1]?.();
  assert.equal(visitors.problem("192.0.2.2", true), undefined);
});

test("ADV-022 large frames that never end share one bound, and what ended counts no more", () => {
  const partials = { totalBytes: 0 };
  const visitor = () => new Visitor(fakeSocket(0).ws, partials);
  const [first, second, third] = [visitor(), visitor(), visitor()];
  assert.equal(first.count(limits.wsPartialTotalMaxBytes - 100), true);
  assert.equal(second.count(limits.framePreauthMaxBytes), true, "a small frame is let through in any case");
  assert.equal(third.count(limits.framePreauthMaxBytes + 1), false);
});

test("ADV-022 where too much lies unread altogether, whoever leaves the most is let go", () => {
  const share = limits.wsBufferedTotalMaxBytes / 4;
  const sockets = [share, 2 * share, share + 1].map(fakeSocket);
  const open = new Set(
    sockets.map(({ ws, failed }) => {
      const visitor = new Visitor(ws, { totalBytes: 0 });
      visitor.fail = (code, reason) => void failed.push(`${code} ${reason}`);
      return visitor;
    }),
  );
  beatAll(open);
  assert.deepEqual(
    sockets.map(({ failed }) => failed),
    [[], ["1008 slow consumer"], []],
  );
});

test("ADV-022 what has come whole counts no more, so that a client may send in time what it may not at once", async (t) => {
  const edge = await openWsEdge(t);
  const client = await connectWs(edge.url);
  for (let count = 0; count < 8; count++)
    assert.equal((await client.request("echo", { fill: "x".repeat(20_000_000) })).ok, true);
  client.end();
});

function fakeSocket(bufferedAmount: number): { readonly ws: WebSocket; readonly failed: string[] } {
  return { ws: { bufferedAmount, readyState: 1, OPEN: 1 } as unknown as WebSocket, failed: [] };
}
