import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { Server } from "node:http";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import { limits } from "../../../src/base/limits.ts";
import { createPace, paceConnections } from "../../../src/gateway/door/pace.ts";
import { parseFrame } from "../../../src/protocol/frames.ts";
import { openEdge } from "../../faux/edge.ts";
import { connectParams, openWs } from "../../faux/ws/client.ts";
import { pairDevice } from "../../faux/ws/device.ts";
import { openWsEdge } from "../../faux/ws/edge.ts";

const upgrade =
  "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

test("ADV-022 a crowd of silent sockets is bounded, logged in a line, and keeps nobody from their answers", async (t) => {
  const edge = await openEdge(t);
  const client = await pairDevice({ ...edge, url: `ws://127.0.0.1:${edge.port}` });
  const statuses: string[] = [];
  const crowd = Array.from({ length: 200 }, () => {
    const socket = connect(edge.port, "127.0.0.1");
    socket.on("error", () => undefined);
    socket.write(upgrade);
    const answered = new Promise<void>((resolve) => {
      socket.once("close", () => resolve());
      socket.once("data", (data) => {
        statuses.push(data.toString().slice(9, 12));
        resolve();
      });
    });
    return { socket, answered };
  });
  assert.equal((await client.request("health")).ok, true);
  await Promise.all(crowd.map(({ answered }) => answered));
  assert.equal((await client.request("health")).ok, true);

  assert.equal(statuses.filter((status) => status === "101").length, limits.wsUnprovedPerAddressMax);
  assert.deepEqual(new Set(statuses), new Set(["101", "429"]));
  assert.equal(edge.log.filter(({ message }) => message === "a WebSocket was refused").length, 1);
  for (const { socket } of crowd) socket.destroy();
  client.end();
});

test("ADV-022 connections come in at a pace: a burst, the next ones later, and beyond a bound none", (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const passed: Socket[] = [];
  const pace = createPace((socket) => passed.push(socket));
  const arrive = (address: string) => {
    const socket = Object.assign(new EventEmitter(), {
      remoteAddress: address,
      destroyed: false,
      destroy: () => socket,
    });
    socket.destroy = () => Object.assign(socket, { destroyed: true });
    pace.arrived(socket as unknown as Socket);
    return socket as unknown as Socket;
  };
  const crowd = Array.from({ length: limits.connectionsBurst + limits.connectionsWaitingMax + 10 }, () =>
    arrive("192.0.2.1"),
  );
  assert.ok(passed.length >= limits.connectionsBurst && passed.length < limits.connectionsBurst + 10);
  assert.ok(crowd.filter(({ destroyed }) => destroyed).length >= 1);
  const other = arrive("192.0.2.2");
  assert.equal(passed.at(-1), other, "somebody else does not wait behind them");
  pace.close();
  assert.equal(crowd.filter(({ destroyed }) => destroyed).length, crowd.length + 1 - passed.length);
});

test("NET-022 behind a proxy of the owner's nobody waits for the others that come through it", () => {
  const server = new EventEmitter();
  const passed: Socket[] = [];
  server.on("connection", (socket: Socket) => passed.push(socket));
  const stop = paceConnections(server as Server, (address) => address === "192.0.2.1");
  const arrive = (remoteAddress: string) => server.emit("connection", { remoteAddress, on: () => undefined });
  for (let count = 0; count < 2 * limits.connectionsBurst; count++) arrive("192.0.2.1");
  assert.equal(passed.length, 2 * limits.connectionsBurst);
  stop();
});

test("GAP-041 NET-038 whatever comes as a first frame is answered or ends the connection, and never the gateway", async (t) => {
  const edge = await openWsEdge(t, {
    doorkeeper: { check: () => ({ address: String(Math.random()), isLocal: true }) },
  });
  const texts = fc.oneof(
    fc.string(),
    fc.json(),
    fc.integer({ min: 1, max: 20_000 }).map((depth) => "[".repeat(depth)),
    fc.integer({ min: 1, max: 5_000 }).map((depth) => deepConnect(depth)),
    mutated(JSON.stringify({ type: "req", id: "c", method: "connect", params: connectParams() })),
  );
  await fc.assert(
    fc.asyncProperty(texts, async (text) => {
      const client = await openWs(edge.url);
      client.send(text === "" ? " " : text);
      const answer = await Promise.race([
        client.closed,
        client.next(({ id }) => id !== undefined).catch(() => undefined),
      ]);
      assert.ok(answer === undefined || "code" in answer || answer.type === "res");
      client.end();
    }),
    { numRuns: 150 },
  );
  const sane = await openWs(edge.url);
  sane.send({ type: "req", id: "c", method: "connect", params: connectParams() });
  assert.equal((await sane.next(({ id }) => id === "c")).ok, true);
  sane.end();
});

test("frames of any text are parsed or refused, never thrown over", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json({ maxDepth: 8 }),
        mutated('{"type":"req","id":"1","method":"m","params":{"a":[1]}}'),
      ),
      (text) => {
        const frame = parseFrame(text);
        assert.equal(typeof frame.ok, "boolean");
      },
    ),
    { numRuns: 2_000 },
  );
  assert.deepEqual(parseFrame(`{"type":"req","id":"1","method":"m","params":${"[".repeat(100)}${"]".repeat(100)}}`), {
    ok: false,
    reason: `a frame nests deeper than ${limits.jsonDepthMax}`,
  });
});

function deepConnect(depth: number): string {
  const params = JSON.stringify(connectParams()).slice(0, -1);
  return `{"type":"req","id":"c","method":"connect","params":${params},"computerUse":${"[".repeat(depth)}${"]".repeat(depth)}}}`;
}

/** One character changed, left out or doubled. */
function mutated(text: string): fc.Arbitrary<string> {
  return fc
    .tuple(fc.nat(text.length - 1), fc.string({ maxLength: 2 }))
    .map(([at, piece]) => text.slice(0, at) + piece + text.slice(at + 1));
}
