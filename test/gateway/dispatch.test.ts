import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { methods } from "../../src/protocol/methods.ts";
import type { MethodHandlers } from "../../src/protocol/methods.ts";
import { ownerSession } from "../../src/protocol/handshake.ts";
import { scopes } from "../../src/protocol/scopes.ts";
import type { ServerConnection } from "../../src/protocol/server.ts";
import { createDispatch } from "../../src/gateway/dispatch.ts";
import type { CallContext } from "../../src/gateway/dispatch.ts";
import type { Edge } from "../../src/gateway/edge.ts";
import { createRunMethods } from "../../src/gateway/rpc/runs.ts";
import type { Runs } from "../../src/gateway/run.ts";
import { openEdge } from "../faux/edge.ts";

function connectionWith(held: typeof scopes | readonly []): ServerConnection {
  const session = ownerSession(held);
  return { client: () => ({ params: {}, session }) } as unknown as ServerConnection;
}

function dispatchWith(handler: (name: string) => Promise<unknown>) {
  const handlers = Object.fromEntries(Object.keys(methods).map((name) => [name, () => handler(name)]));
  return createDispatch({
    handlers: handlers as unknown as MethodHandlers<CallContext>,
    door: "network",
    log: () => undefined,
    now: () => 0,
  });
}

test("no method runs for a connection that holds no scope", async () => {
  const ran: string[] = [];
  const dispatch = dispatchWith(async (name) => ran.push(name));
  for (const method of Object.keys(methods)) {
    const call = { method, params: {}, connection: connectionWith([]), accepted: () => undefined };
    const answer = await dispatch({ ...call, signal: AbortSignal.timeout(1_000) });
    assert.ok("failed" in answer, method);
  }
  assert.deepEqual(ran, []);
});

test("a client without a device is told why it may do nothing, and one with a device which scope it lacks", async () => {
  const dispatch = dispatchWith(() => Promise.resolve({}));
  const hintFor = async (session: object): Promise<unknown> => {
    const connection = { client: () => ({ params: {}, session }) } as unknown as ServerConnection;
    const call = { method: "status", params: {}, connection, accepted: () => undefined };
    const answer = await dispatch({ ...call, signal: AbortSignal.timeout(1_000) });
    return "failed" in answer ? answer.failed : answer;
  };
  const details = {
    code: "MISSING_SCOPE",
    missingScope: "operator.read",
    requiredScopes: ["operator.read"],
    errorCode: "forbidden",
  };
  const failed = { code: "FORBIDDEN", message: "missing scope: operator.read" };
  const hint = "connect as a device, with the scopes that you need; the owner approves it once";
  const bare = { method: "token", role: "operator", scopes: [] };
  assert.deepEqual(await hintFor(bare), { ...failed, details: { ...details, hint } });
  assert.deepEqual(await hintFor({ ...bare, deviceId: "d" }), { ...failed, details });
});

test("whatever params come, the boundary answers a frame and never throws", async () => {
  const dispatch = dispatchWith(() => Promise.reject(new Error("/home/ada/secret")));
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...Object.keys(methods)), fc.jsonValue(), async (method, params) => {
      const call = { method, params, connection: connectionWith(scopes), accepted: () => undefined };
      const answer = await dispatch({ ...call, signal: AbortSignal.timeout(1_000) });
      assert.ok("failed" in answer);
      assert.doesNotMatch(JSON.stringify(answer), /home|secret|at .*\.ts/);
    }),
  );
});

test("the rehearsal grammar opens for the owner's own socket only", async (t) => {
  const edge = await openEdge(t);
  const client = await edge.connect();
  const rehearsal = { grammar: true, script: "!say hi" };
  await client.request("chat.send", { sessionKey: "main", message: "!say x", idempotencyKey: "k", rehearsal });
  assert.deepEqual(edge.handled[0]?.request.rehearsal, rehearsal);
  client.end();
  const settings = { defaultAgentId: "main", agents: [{ id: "main", name: "Main" }] };
  const started: unknown[] = [];
  const runs = { start: async (request: unknown) => started.push(request) } as unknown as Runs;
  const remote = createRunMethods({ settings: () => settings } as unknown as Edge, runs);
  const params = { sessionKey: "main", message: "!say x", idempotencyKey: "k", rehearsal: { grammar: true } } as const;
  const context = { door: "network" } as CallContext;
  await assert.rejects(remote["chat.send"](params, context), { code: "forbidden" });
  assert.deepEqual(started, []);
});
