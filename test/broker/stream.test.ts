// A provider's answer on its whole way: far side, broker, link, gateway. It streams, it waits for its reader, and it is
// cut off at the far side when the reader leaves.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { duplexPair } from "node:stream";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { silentLog } from "../../src/audit/audit.ts";
import type { Action } from "../../src/base/action.ts";
import { owner } from "../../src/base/principal.ts";
import { createEgressClient, openBrokerLink } from "../../src/broker/client.ts";
import { createLink } from "../../src/broker/link/link.ts";
import { createBrokerEgress } from "../../src/egress/route/route.ts";
import { createServices } from "../../src/broker/serve/services.ts";
import type { Ceiling } from "../../src/broker/serve/ceiling.ts";
import { createPolicy } from "../../src/policy/policy.ts";
import type { Cells } from "../../src/sandbox/sandbox.ts";

async function setUp(context: TestContext, answer: (response: ServerResponse) => void) {
  const closed = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    request.resume();
    response.on("close", () => closed.resolve());
    answer(response);
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  const ceiling: Ceiling = {
    channels: new Map(),
    providers: new Map([["p", { baseUrl, credential: "bearer", secret: "provider:p", ownerNamed: true }]]),
    agents: new Map([["main", { workspace: "/nowhere", access: "none" }]]),
  };
  const broker = createBrokerEgress({ ceiling: () => ceiling, readSecret: async () => "the-credential" });
  const [near, far] = duplexPair();
  const onInternalError = (error: unknown): never => assert.fail(String(error));
  const services = createServices({
    more: {},
    guards: [],
    ceiling: () => ceiling,
    egress: broker,
    cells: {} as Cells,
    audit: { record: () => undefined },
    brokerAudit: { record: () => undefined },
    log: silentLog,
    clock: { now: () => 0 },
  });
  const there = createLink({ stream: far, side: "broker", ...services, onInternalError });
  const unused = async (): Promise<void> => assert.fail("not called");
  const here = openBrokerLink(near, {
    start: unused,
    configure: unused,
    stop: unused,
    answer: unused,
    offer: unused,
    hear: unused,
    onInternalError,
  });
  context.after(async () => {
    here.close("test");
    there.close("test");
    await broker.close();
    server.closeAllConnections();
    server.close();
  });
  const policy = createPolicy({
    rules: [{ name: "t", judge: () => ({ kind: "allow", rule: "t" }) }],
    clock: { now: () => 0 },
  });
  const egress = createEgressClient(here, policy.redeem);
  const action: Action<"model.request"> = {
    verb: "model.request",
    agentId: "main",
    sessionKey: "s",
    principal: owner,
    label: { integrity: "owner", readers: ["owner"] },
    resource: { provider: "p", method: "POST", url: `${baseUrl}/chat` },
  };
  async function ask(signal: AbortSignal) {
    const decision = policy.decide(action);
    assert.ok(decision.kind === "allow");
    return await egress.fetch(decision.grant, { headers: {}, body: Buffer.from("{}") }, signal);
  }
  return { ask, closed: closed.promise };
}

test("each piece is there as soon as it was sent", async (context) => {
  const next = Promise.withResolvers<void>();
  const { ask } = await setUp(context, async (response) => {
    response.write("data: 1\n\n");
    await next.promise;
    response.end("data: 2\n\n");
  });
  const { body } = await ask(new AbortController().signal);
  const reader = body.getReader();
  assert.equal(Buffer.from((await reader.read()).value ?? []).toString(), "data: 1\n\n");
  next.resolve();
  assert.equal(Buffer.from((await reader.read()).value ?? []).toString(), "data: 2\n\n");
  assert.equal((await reader.read()).done, true);
});

test("whoever leaves before the answer closes the far side's connection", async (context) => {
  const arrived = Promise.withResolvers<void>();
  const { ask, closed } = await setUp(context, () => arrived.resolve());
  const leave = new AbortController();
  const waiting = ask(leave.signal);
  await arrived.promise;
  leave.abort();
  await assert.rejects(waiting, { code: "cancelled" });
  await closed;
});

test("whoever leaves in the middle closes it too, by its signal or by the body", async (context) => {
  for (const way of ["signal", "body"] as const) {
    const { ask, closed } = await setUp(context, (response) => void response.write("data: 1\n\n"));
    const leave = new AbortController();
    const { body } = await ask(leave.signal);
    const reader = body.getReader();
    await reader.read();
    const pending = reader.read();
    if (way === "signal") {
      leave.abort();
      await assert.rejects(pending, { code: "cancelled" });
    } else await reader.cancel();
    await closed;
  }
});

test("a far side that never ends waits while nobody reads", async (context) => {
  const stalled = Promise.withResolvers<void>();
  const { ask, closed } = await setUp(context, async (response) => {
    const piece = Buffer.alloc(65_536);
    for (;;) {
      if (response.destroyed) return;
      if (response.write(piece)) await new Promise((turn) => setImmediate(turn));
      else {
        // The kernel's buffers take a few megabytes; then nothing moves any more.
        const drained = new Promise((done) => response.once("drain", () => done(true)));
        const quiet = new Promise((done) => setTimeout(done, 300, false));
        if ((await Promise.race([drained, quiet])) === false) return stalled.resolve();
      }
    }
  });
  const { body } = await ask(new AbortController().signal);
  await stalled.promise;
  await body.cancel();
  await closed;
});
