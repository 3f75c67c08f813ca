import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { HttpProblem, securityHeaders } from "../../../src/gateway/http/answer.ts";
import { limits } from "../../../src/base/limits.ts";
import { connectParams, connectWs, encodeWsFrame, openWs, upgradeByHand } from "../../faux/ws/client.ts";
import { openWsEdge } from "../../faux/ws/edge.ts";

type UpgradeRefused = { readonly status: number; readonly body: string; readonly headers: Record<string, string> };

async function refusedUpgrade(url: string, socket: Readonly<Record<string, unknown>> = {}): Promise<UpgradeRefused> {
  return openWs(url, socket).then(
    (client) => {
      client.end();
      throw new Error("it was let in");
    },
    (error: UpgradeRefused) => error,
  );
}

test("GW-004 an upgrade on / or any other free path leads to the challenge, and connect to hello-ok", async (t) => {
  const edge = await openWsEdge(t);
  for (const path of ["/", "/ws", "/chat?session=main"]) {
    const client = await connectWs(`${edge.url}${path}`);
    assert.equal(client.frames[0]?.event, "connect.challenge");
    assert.deepEqual(client.hello.payload?.["type"], "hello-ok");
    assert.equal((await client.request("health")).payload?.["method"], "health");
    client.end();
  }
});

test("reserved paths, a stopping gateway and the doorkeeper refuse with a plain answer and all headers", async (t) => {
  const doorkeeper = {
    check: (req: IncomingMessage) => {
      if (req.url === "/foreign") throw new HttpProblem(421, "not by that name");
      return { address: "192.0.2.1", isLocal: false };
    },
  };
  const edge = await openWsEdge(t, { doorkeeper });
  for (const path of ["/__openclaw__/worker", "/desktop/observe?x=1"]) {
    const refused = await refusedUpgrade(`${edge.url}${path}`);
    assert.equal(refused.status, 404);
    for (const [name, value] of Object.entries(securityHeaders)) assert.equal(refused.headers[name], value);
  }
  assert.equal((await refusedUpgrade(`${edge.url}/foreign`)).status, 421);
  const keyless = connect(edge.port, "127.0.0.1");
  keyless.write("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  assert.match(await text(keyless), /^HTTP\/1\.1 400 Bad Request\r\n/);
  edge.state.draining = true;
  const stopping = await refusedUpgrade(edge.url);
  assert.deepEqual([stopping.status, stopping.headers["retry-after"]], [503, "2"]);
});

test("compression is not agreed to, and a binary frame ends the connection", async (t) => {
  const edge = await openWsEdge(t);
  const client = await connectWs(edge.url, { socket: { perMessageDeflate: true } });
  assert.equal(client.ws.extensions, "");
  client.ws.send(Buffer.from('{"type":"req","id":"1","method":"health"}'));
  assert.deepEqual(await client.closed, { code: 1008, reason: "frames are text" });
});

test("GW-040 a frame may hold 64 KiB before connect and 25 MiB after it; more ends the connection with 1009", async (t) => {
  const edge = await openWsEdge(t);
  const early = await openWs(edge.url);
  early.send(JSON.stringify({ type: "req", id: "1", method: "connect", params: { fill: "x".repeat(66_000) } }));
  assert.deepEqual(await early.closed, { code: 1009, reason: "preauth payload too large" });
  const greedy = await openWs(edge.url);
  greedy.send("x".repeat(1_000_000));
  assert.equal((await greedy.closed).code, 1009);

  const client = await connectWs(edge.url);
  const large = await client.request("echo", { fill: "x".repeat(limits.frameMaxBytes - 100) });
  assert.equal(large.ok, true);
  client.send("x".repeat(limits.frameMaxBytes + 1));
  assert.equal((await client.closed).code, 1009);
});

test("ADV-022 fragments without end are bounded, in number and in size", async (t) => {
  const edge = await openWsEdge(t);
  const socket = await upgradeByHand(edge.port);
  const ended = new Promise((resolve) => socket.once("close", resolve));
  socket.write(encodeWsFrame(Buffer.from("{"), { fin: false }));
  for (let count = 0; count <= limits.wsFragmentsMax; count++)
    socket.write(encodeWsFrame(Buffer.from(" "), { opcode: 0, fin: false }));
  await ended;
  assert.equal(edge.connections.count(), 0);
});

test("frames in the wrong order and of the wrong shape are answered with the documented codes", async (t) => {
  const edge = await openWsEdge(t);
  const cases = [
    ["not json", { code: 1000, reason: "the first frame must be a connect request" }],
    [
      { type: "req", id: "1", method: "health" },
      { code: 1008, reason: "invalid handshake: first request must be connect" },
    ],
    [
      { type: "req", id: "1", method: "connect", params: { minProtocol: 9, maxProtocol: 9 } },
      { code: 1008, reason: "invalid connect params: at /client: Invalid input: expected object, received undefined" },
    ],
  ] as const;
  for (const [frame, ending] of cases) {
    const client = await openWs(edge.url);
    client.send(frame);
    assert.deepEqual(await client.closed, ending);
  }
  const old = await connectWs(edge.url, { params: { minProtocol: 3, maxProtocol: 3 } });
  assert.deepEqual(old.hello.error?.details, {
    code: "PROTOCOL_MISMATCH",
    clientMinProtocol: 3,
    clientMaxProtocol: 3,
    expectedProtocol: 4,
    minimumProbeProtocol: 3,
  });
  assert.equal((await old.closed).code, 1002);
  for (const params of [
    { minProtocol: 3, maxProtocol: 3, role: "node" },
    {
      minProtocol: 3,
      maxProtocol: 3,
      client: { id: "openclaw-probe", version: "1", platform: "linux", mode: "probe" },
    },
  ]) {
    const client = await connectWs(edge.url, { params });
    assert.equal(client.hello.payload?.["protocol"], 4);
    client.end();
  }
  const refused = await connectWs(edge.url, { params: { auth: { token: "wrong" } } });
  assert.deepEqual(refused.hello.error, {
    code: "INVALID_REQUEST",
    message: "unauthorized",
    details: { code: "AUTH_TOKEN_MISMATCH" },
  });
  assert.deepEqual(await refused.closed, { code: 1008, reason: "unauthorized" });
  assert.equal(edge.refused.at(-1)?.code, 1008);
});

test("GW-024 an id that is not one of the seventeen is refused", async (t) => {
  const edge = await openWsEdge(t);
  const client = await connectWs(edge.url, {
    params: { client: { id: "openclaw-windows", version: "1", platform: "windows", mode: "ui" } },
  });
  assert.match(client.hello.error?.message ?? "", /^invalid connect params: at \/client\/id: /);
  assert.equal((await client.closed).code, 1008);
});

test("frames that come while connect is being judged wait, fifteen of them", async (t) => {
  const gate = Promise.withResolvers<void>();
  const edge = await openWsEdge(t, {
    doorkeeper: {
      authorize: async () => {
        await gate.promise;
        return { method: "token", role: "operator", scopes: ["operator.read"] };
      },
    },
  });
  const connect = connectParams();
  const [patient, hasty] = [await openWs(edge.url), await openWs(edge.url)];
  for (const [client, count] of [
    [patient, limits.framesWaitingMax],
    [hasty, limits.framesWaitingMax + 1],
  ] as const) {
    client.send({ type: "req", id: "c", method: "connect", params: connect });
    for (let number = 1; number <= count; number++) client.send({ type: "req", id: `r${number}`, method: "health" });
  }
  assert.deepEqual(await hasty.closed, { code: 1008, reason: "too many pending handshake frames" });
  gate.resolve();
  await patient.next(({ id }) => id === `r${limits.framesWaitingMax}`);
  assert.deepEqual(
    patient.frames.slice(1).map(({ id }) => id),
    ["c", ...Array.from({ length: limits.framesWaitingMax }, (_, index) => `r${index + 1}`)],
  );
  patient.end();
});

test("NET-022 one address holds 32 connections that have not said who they are, and is then refused", async (t) => {
  const edge = await openWsEdge(t, {
    doorkeeper: { check: (req) => ({ address: String(req.headers["x-from"]), isLocal: false }) },
  });
  const from = (address: string) => ({ headers: { "x-from": address } });
  const held = await Promise.all(
    Array.from({ length: limits.wsUnprovedPerAddressMax }, () => openWs(edge.url, from("192.0.2.7"))),
  );
  const refused = await refusedUpgrade(edge.url, from("192.0.2.7"));
  assert.deepEqual([refused.status, refused.headers["retry-after"]], [429, "5"]);
  const other = await connectWs(edge.url, { socket: from("192.0.2.8") });
  assert.equal(other.hello.ok, true);
  // Whoever has said who they are makes room.
  const [first] = held;
  first?.send({ type: "req", id: "c", method: "connect", params: connectParams() });
  await first?.next(({ id }) => id === "c");
  held.push(await openWs(edge.url, from("192.0.2.7")));
  for (const client of [...held, other]) client.end();
});

test("NET-022 a connection is asked from time to time whether anybody is there, and kept as long as somebody is", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const edge = await openWsEdge(t);
  const alive = await connectWs(edge.url);
  const dead = await connectWs(edge.url, { socket: { autoPong: false } });
  const pinged = (client: typeof alive) => new Promise((resolve) => client.ws.once("ping", resolve));
  const bothPinged = Promise.all([pinged(alive), pinged(dead)]);
  t.mock.timers.tick(limits.wsPingIntervalMs);
  await bothPinged;
  // An answer to anything is behind the pong.
  await alive.request("health");
  t.mock.timers.tick(limits.wsPingIntervalMs);
  assert.equal((await dead.closed).code, 1006);
  for (let passed = 0; passed < 100; passed++) {
    await alive.request("health");
    t.mock.timers.tick(limits.wsPingIntervalMs);
    await alive.request("health");
  }
  assert.equal(edge.connections.count(), 1);
  alive.end();
});

test("a stopping gateway says goodbye with 1012, also to whoever does not answer", async (t) => {
  const edge = await openWsEdge(t);
  const client = await connectWs(edge.url);
  const early = await openWs(edge.url);
  const deaf = await upgradeByHand(edge.port);
  deaf.pause();
  const gone = edge.edge.close();
  assert.deepEqual(await client.closed, { code: 1012, reason: "service restart" });
  assert.deepEqual(await early.closed, { code: 1012, reason: "service restart" });
  await gone;
  assert.equal(edge.connections.count(), 0);
  deaf.destroy();
});
