import assert from "node:assert/strict";
import { test } from "node:test";
import { LoricaError } from "../../src/base/errors.ts";
import { limits } from "../../src/base/limits.ts";
import { createClientConnection } from "../../src/protocol/client.ts";
import { errorShape } from "../../src/protocol/failure.ts";
import type { EventFrame } from "../../src/protocol/frames.ts";
import { ownerSession } from "../../src/protocol/handshake.ts";
import { createPulse } from "../../src/protocol/server/pulse.ts";
import { createServerConnection } from "../../src/protocol/server.ts";
import type { Call, ServerOptions } from "../../src/protocol/server.ts";

const hello = {
  type: "req",
  id: "c",
  method: "connect",
  params: {
    minProtocol: 4,
    maxProtocol: 4,
    client: { id: "cli", version: "1", platform: "linux", mode: "cli" },
    scopes: ["operator.read"],
  },
};

function startServer(dispatch: ServerOptions["dispatch"] = async () => ({ payload: {} })) {
  const sent: unknown[] = [];
  const closed: (readonly [number, string])[] = [];
  const buffered = { bytes: 0 };
  const server = createServerConnection({
    transport: {
      send: (text) => sent.push(JSON.parse(text)),
      bufferedBytes: () => buffered.bytes,
      close: (code, reason) => closed.push([code, reason]),
      raiseLimit: (bytes) => assert.equal(bytes, limits.frameMaxBytes),
    },
    pulse: createPulse(),
    now: () => 7,
    authorize: (params) => ownerSession((params.scopes ?? []) as never),
    greet: () => ({
      version: "0",
      features: { methods: ["health"], events: ["tick"] },
      snapshot: { presence: [], health: {}, stateVersion: { presence: 0, health: 0 }, uptimeMs: 1 },
    }),
    dispatch,
  });
  return { server, sent, closed, buffered };
}

function connected(dispatch?: ServerOptions["dispatch"]) {
  const started = startServer(dispatch);
  started.server.receive(JSON.stringify(hello));
  started.sent.length = 0;
  return started;
}

test("a connection begins with a challenge and, after connect, with hello-ok", () => {
  const { server, sent } = startServer();
  const challenge = sent[0] as EventFrame;
  assert.equal(challenge.event, "connect.challenge");
  server.receive(JSON.stringify(hello));
  assert.deepEqual(sent[1], {
    type: "res",
    id: "c",
    ok: true,
    payload: {
      type: "hello-ok",
      protocol: 4,
      server: { version: "0", connId: server.id },
      features: { methods: ["health"], events: ["tick"] },
      snapshot: { presence: [], health: {}, stateVersion: { presence: 0, health: 0 }, uptimeMs: 1 },
      auth: { method: "none", role: "operator", scopes: ["operator.read"] },
      policy: {
        maxPayload: limits.frameMaxBytes,
        maxBufferedBytes: limits.frameBufferedMaxBytes,
        tickIntervalMs: 30_000,
        attachments: { maxBytes: limits.attachmentMaxBytes, maxImageBytes: 6_291_456 },
      },
    },
  });
  server.closed();
});

test("whoever does not begin with a valid connect is told why and closed", () => {
  const cases: readonly (readonly [frame: string, message: string | undefined, code: number])[] = [
    ["hello?", undefined, 1000],
    ['{"type":"event","event":"tick"}', undefined, 1000],
    ['{"type":"req","id":"1","method":"health"}', "invalid handshake: first request must be connect", 1008],
    [
      JSON.stringify({ ...hello, params: { ...hello.params, maxProtocol: 3, minProtocol: 3 } }),
      "protocol mismatch: this gateway speaks 4, the client 3 to 3",
      1002,
    ],
    [
      JSON.stringify({ ...hello, params: { ...hello.params, root: true } }),
      'invalid connect params: at /: unexpected property "root"',
      1008,
    ],
  ];
  for (const [frame, message, code] of cases) {
    const { server, sent, closed } = startServer();
    server.receive(frame);
    const answer = sent[1] as { error?: { message: string } } | undefined;
    assert.equal(answer?.error?.message, message);
    assert.equal(closed[0]?.[0], code);
    server.receive(JSON.stringify(hello));
    assert.equal(closed.length, 1, "nothing is answered after the end");
    assert.equal(sent.length, message === undefined ? 1 : 2);
  }
});

test("a connection that says nothing is closed in time; one that has introduced itself gets ticks", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const silent = startServer();
  t.mock.timers.tick(limits.handshakeTimeoutMs);
  assert.deepEqual(silent.closed, []);
  t.mock.timers.tick(limits.pulseMs);
  assert.deepEqual(silent.closed, [[1008, "handshake timeout"]]);
  const { server, sent, closed } = connected();
  t.mock.timers.tick(2 * limits.tickIntervalMs);
  assert.deepEqual(sent, [
    { type: "event", event: "tick", payload: { ts: 7 }, seq: 1 },
    { type: "event", event: "tick", payload: { ts: 7 }, seq: 2 },
  ]);
  server.closed();
  t.mock.timers.tick(2 * limits.tickIntervalMs);
  assert.deepEqual([sent.length, closed.length], [2, 0]);
});

test("requests are answered under their own ids, also twice, and errors with their payload", async () => {
  const { server, sent } = connected(async (call: Call) => {
    if (call.method === "fails") return { failed: errorShape(new LoricaError("timeout", "late"), "e"), payload: 1 };
    call.accepted({ status: "accepted" });
    return { payload: { status: "ok" } };
  });
  server.receive('{"type":"req","id":"1","method":"agent"}');
  server.receive('{"type":"req","id":"2","method":"fails"}');
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(sent, [
    { type: "res", id: "1", ok: true, payload: { status: "accepted" } },
    { type: "res", id: "1", ok: true, payload: { status: "ok" } },
    {
      type: "res",
      id: "2",
      ok: false,
      payload: 1,
      error: {
        code: "UNAVAILABLE",
        message: "late",
        details: { errorCode: "timeout", errorId: "e" },
        retryable: true,
      },
    },
  ]);
  server.closed();
});

test("GW-042 the requests of one connection are bounded, and one too many is refused at once", () => {
  const { server, sent } = connected(() => new Promise(() => undefined));
  for (let count = 0; count <= limits.rpcCallsMax; count++) {
    server.receive(JSON.stringify({ type: "req", id: `r${count}`, method: "agent.wait" }));
  }
  assert.deepEqual(
    sent.map((frame) => (frame as { id: string }).id),
    [`r${limits.rpcCallsMax}`],
  );
  server.closed();
});

test("a peer that does not read loses events first, sees the gap, and is then cut off", () => {
  const { server, sent, closed, buffered } = connected();
  server.event("chat", { n: 1 }, "expendable");
  buffered.bytes = limits.frameBufferedMaxBytes / 2 + 1;
  server.event("chat", { n: 2 }, "expendable");
  server.event("chat", { n: 3 }, "needed");
  assert.deepEqual(sent, [
    { type: "event", event: "chat", payload: { n: 1 }, seq: 1 },
    { type: "event", event: "chat", payload: { n: 3 }, seq: 3 },
  ]);
  buffered.bytes = limits.frameBufferedMaxBytes + 1;
  server.event("chat", { n: 4 }, "needed");
  assert.deepEqual(closed, [[1008, "slow consumer"]]);
});

test("client and server of this protocol understand each other", async () => {
  const events: string[] = [];
  const wire: { toServer: (text: string) => void } = { toServer: () => undefined };
  const client = createClientConnection({
    send: (text) => queueMicrotask(() => wire.toServer(text)),
    info: { version: "1", platform: "linux", scopes: ["operator.admin"], caps: ["tool-events"] },
    onEvent: (event) => events.push(event.event),
  });
  const server = createServerConnection({
    transport: {
      send: (text) => queueMicrotask(() => client.receive(text)),
      bufferedBytes: () => 0,
      close: () => client.closed(new Error("closed")),
      raiseLimit: () => undefined,
    },
    pulse: createPulse(),
    now: () => 1,
    authorize: (params) => ownerSession((params.scopes ?? []) as never),
    greet: () => ({
      version: "0",
      features: { methods: [], events: [] },
      snapshot: { presence: [], health: {}, stateVersion: { presence: 0, health: 0 }, uptimeMs: 1 },
    }),
    dispatch: async (call) => {
      if (call.method === "no")
        return { failed: errorShape(new LoricaError("not_found", "no such run"), "e"), payload: {} };
      call.accepted({ status: "accepted", runId: "r" });
      return { payload: { status: "ok" } };
    },
    onReady: (connection) => connection.event("chat", {}, "needed"),
  });
  wire.toServer = (text) => server.receive(text);
  assert.equal((await client.hello).protocol, 4);
  const firsts: unknown[] = [];
  assert.deepEqual(await client.request("agent", {}, (payload) => firsts.push(payload)), { status: "ok" });
  assert.deepEqual(firsts, [{ status: "accepted", runId: "r" }]);
  await assert.rejects(client.request("no", {}), { code: "not_found", message: "no such run" });
  assert.deepEqual(events, ["chat"]);
  const open = client.request("agent", {});
  client.closed(new LoricaError("unavailable", "the gateway has gone"));
  await assert.rejects(open, { code: "unavailable", message: "the gateway has gone" });
  await assert.rejects(client.request("agent", {}), { code: "unavailable" });
  server.closed();
});
