// The kill switch at a cell's way out: what is open ends on both sides, what comes is refused, and only for as long as it holds.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import type { RequestListener } from "node:http";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { connect as connectTls } from "node:tls";
import { describeScope, openHalts } from "../../src/incident/incident.ts";
import type { Halts, HaltScope } from "../../src/incident/incident.ts";
import { fetchThrough, openTunnel, say } from "../faux/network/through.ts";
import { allow, egressFor, withWayOut } from "../faux/network/way-out.ts";

function openSwitch(context: TestContext): { halts: Halts; halted: (agentId: string) => AbortSignal } {
  const folder = mkdtempSync(join(tmpdir(), "lorica-halted-"));
  const path = join(folder, "halts.json");
  const halts = openHalts({ path, clock: { now: Date.now }, onChange: () => undefined, report: () => undefined });
  context.after(() => {
    halts.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const halted = (agentId: string): AbortSignal => {
    const effect = { agentId, capability: "egress" } as const;
    return halts.haltOf(effect) === undefined ? halts.admit(effect) : AbortSignal.abort();
  };
  return { halts, halted };
}

const order = (scope: HaltScope) => ({ scope, by: "owner", reason: "", forMs: undefined });
const rules = egressFor(allow("example.com", { ports: [80] }), allow("example.com"));
const question = "GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n";

const scopes: readonly HaltScope[] = [
  { kind: "all" },
  { kind: "agent", agentId: "main" },
  { kind: "capability", capability: "egress" },
  { kind: "capability", capability: "tools" },
];

for (const scope of scopes)
  test(`what is open ends on both sides and what comes is refused while ${describeScope(scope)} is stopped`, async (context) => {
    const { halts, halted } = openSwitch(context);
    const arrived = Promise.withResolvers<Socket>();
    await withWayOut(rules, { halted, answer: firstUnanswered(arrived.resolve) }, async (way) => {
      const { port, dialled, records } = way;
      const open = say(port, question);
      const far = await arrived.promise;
      await halts.halt(order({ kind: "agent", agentId: "kids" }));
      assert.match(await say(port, question), /200 OK/, "somebody else's stop is not this agent's");
      const [record, gone] = [way.recorded(), once(far, "close")];
      await halts.halt(order(scope));
      assert.equal(await open, "");
      await Promise.all([record, gone]);
      const before = [dialled.length, way.far.seen.length];
      assert.equal(await say(port, question), "");
      assert.equal(await say(port, Buffer.from([5, 1, 0])), "");
      assert.deepEqual([dialled.length, way.far.seen.length], before);
      const last = records.slice(-2).map(({ verdict, rule }) => `${verdict} ${rule}`);
      assert.deepEqual(last, ["deny kill", "deny kill"]);
      await halts.resume(undefined);
      assert.match(await say(port, question), /200 OK/);
    });
  });

test("a tunnel whose encryption nobody sees into ends too, and a second stop after a resume ends what came since", async (context) => {
  const { halts, halted } = openSwitch(context);
  await withWayOut(rules, { halted }, async ({ port, far }) => {
    for (let round = 0; round < 2; round++) {
      const { socket } = await openTunnel(port, "example.com:443");
      const secure = connectTls({ socket, servername: "example.com", ca: far.certificate });
      await once(secure, "secureConnect");
      const closed = once(socket, "close");
      await halts.halt(order({ kind: "all" }));
      await closed;
      assert.equal(await fetchThrough(port, { place: "example.com:443", ca: far.certificate }), "");
      await halts.resume(undefined);
      assert.match(await fetchThrough(port, { place: "example.com:443", ca: far.certificate }), /200 OK/);
    }
  });
});

test("a connection that is being made when the stop comes is not made, and nothing is sent by it", async (context) => {
  const { halts, halted } = openSwitch(context);
  const dialling = Promise.withResolvers<Socket>();
  // It never gets an answer.
  const connect = (): Socket => {
    const socket = new Socket();
    dialling.resolve(socket);
    return socket;
  };
  await withWayOut(rules, { halted, connect }, async ({ port, recorded }) => {
    const record = recorded();
    const open = say(port, question);
    const socket = await dialling.promise;
    assert.equal(socket.destroyed, false);
    await halts.halt(order({ kind: "capability", capability: "egress" }));
    assert.equal(socket.destroyed, true);
    assert.equal(await open, "");
    assert.match((await record).reason ?? "", /cannot connect/);
  });
});

/** The first request is handed out and not answered. */
function firstUnanswered(take: (socket: Socket) => void): RequestListener {
  let isFirst = true;
  return (request, response) => {
    if (!isFirst) return void response.end("from afar");
    isFirst = false;
    take(request.socket);
  };
}
