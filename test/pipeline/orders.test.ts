// What the owner sends by themselves: only to whom they let in, once, and judged again when it leaves.
import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../src/base/limits.ts";
import type { Order } from "../../src/pipeline/pipeline.ts";
import { openHarness, plainAccess } from "../faux/flow/harness.ts";
import type { Harness } from "../faux/flow/harness.ts";
import { envelopeOf } from "../faux/store.ts";

const never = new AbortController().signal;

function orderOf(change: Partial<Order> = {}): Order {
  const order = { channel: "loopback", account: "default", recipient: "alice", text: "the backup is done" };
  return { ...order, agentId: "main", idempotencyKey: "k1", ...change };
}

const listed = { access: () => ({ ...plainAccess, allowFrom: ["alice", "*"], allowedGroups: ["room"] }) };

async function approve(harness: Harness, id: string, role: "owner" | "member"): Promise<void> {
  const sender = { id, name: id };
  await harness.receive(envelopeOf({ id: `m-${id}`, dedupeKey: id, sender, chat: { kind: "direct", id } }));
  const request = (await harness.senders?.requests())?.find(({ senderId }) => senderId === id);
  await harness.senders?.approve({ channel: "loopback", requestId: request?.id ?? "" }, role, "owner");
}

test("an order goes to people and rooms that the config names, in pieces that fit, and once for its key", async () => {
  await using harness = await openHarness({ strangers: true, settings: listed, textMaxChars: 10 });
  const sent = await harness.pipeline.order(orderOf({ text: "aaaa bbbb cccc" }), never);
  assert.deepEqual([sent.status, sent.recipient], ["sent", "alice"]);
  assert.deepEqual(
    harness.sent.map(({ to, text }) => [to, text]),
    ["aaaa bbbb", "cccc"].map((text) => [{ channel: "loopback", account: "default", recipient: "alice" }, text]),
  );
  assert.deepEqual(await harness.pipeline.order(orderOf({ text: "aaaa bbbb cccc" }), never), sent);
  assert.equal(harness.sent.length, 2);
  await assert.rejects(harness.pipeline.order(orderOf({ text: "else" }), never), { code: "conflict" });
  await harness.pipeline.order(orderOf({ recipient: "room", thread: "7", text: "hi", idempotencyKey: "k2" }), never);
  assert.deepEqual(harness.sent.at(-1)?.to, {
    channel: "loopback",
    account: "default",
    recipient: "room",
    thread: "7",
  });
  const decisions = harness.audit.filter(({ kind }) => kind === "decision");
  assert.deepEqual(new Set(decisions.map((one) => ("rule" in one ? one.rule : ""))), new Set(["message.order"]));
});

test("an order to anybody else, to everybody, or over what is not switched on is refused before it is stored", async () => {
  await using harness = await openHarness({ strangers: true, settings: listed });
  const refusals: readonly (readonly [Partial<Order>, string])[] = [
    [{ recipient: "mallory" }, "forbidden"],
    [{ recipient: "*" }, "forbidden"],
    [{ recipient: "__proto__" }, "forbidden"],
    [{ recipient: "self" }, "not_found"],
    [{ channel: "cli" }, "not_found"],
    [{ channel: "nowhere" }, "not_found"],
    [{ text: " " }, "invalid_request"],
  ];
  for (const [change, code] of refusals)
    await assert.rejects(harness.pipeline.order(orderOf(change), never), { code }, JSON.stringify(change));
  assert.deepEqual(await harness.store.outbox.list({ limit: 9 }), []);
  await using closed = await openHarness({ strangers: true, settings: { access: () => undefined } });
  await assert.rejects(closed.pipeline.order(orderOf(), never), { code: "not_found" });
});

test("an order that is repeated while it waits leaves once, and both who wait hear of it", async () => {
  const gate = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  await using harness = await openHarness({
    strangers: true,
    settings: listed,
    async send() {
      begun.resolve();
      await gate.promise;
      return { kind: "sent", platformId: "p1" };
    },
  });
  const signal = AbortSignal.timeout(5_000);
  const first = harness.pipeline.order(orderOf(), signal);
  await begun.promise;
  const second = harness.pipeline.order(orderOf(), signal);
  // Time for the second to be stored and to wait as well.
  for (let turn = 0; turn < 50; turn += 1) await harness.store.outbox.list({ limit: 9 });
  gate.resolve();
  const answers = await Promise.all([first, second]);
  assert.deepEqual(answers[1], answers[0]);
  assert.deepEqual([answers[0].status, harness.sent.length], ["sent", 1]);
});

test("self is the owner whom the config or an approval names, and a choice where there are two", async () => {
  await using harness = await openHarness({ strangers: true, settings: { owners: new Set(["telegram:9"]) } });
  await assert.rejects(harness.pipeline.order(orderOf({ recipient: "self" }), never), { code: "not_found" });
  await approve(harness, "bob", "owner");
  await approve(harness, "carol", "member");
  assert.equal((await harness.pipeline.order(orderOf({ recipient: "self" }), never)).recipient, "bob");
  assert.equal(
    (await harness.pipeline.order(orderOf({ recipient: "carol", idempotencyKey: "k2" }), never)).status,
    "sent",
  );
  await approve(harness, "dave", "owner");
  await assert.rejects(harness.pipeline.order(orderOf({ recipient: "self", idempotencyKey: "k3" }), never), {
    code: "invalid_request",
    message: /several owners on loopback; name one of them: bob, dave/,
  });
});

test("whoever is sent away before an order leaves gets nothing", async () => {
  const gate = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  await using harness = await openHarness({
    strangers: true,
    settings: { access: () => plainAccess },
    async send({ text }) {
      if (text === "first") {
        begun.resolve();
        await gate.promise;
      }
      return { kind: "sent", platformId: text };
    },
  });
  await approve(harness, "bob", "member");
  const first = harness.pipeline.order(orderOf({ recipient: "bob", text: "first" }), never);
  const second = harness.pipeline.order(orderOf({ recipient: "bob", text: "second", idempotencyKey: "k2" }), never);
  await begun.promise;
  await harness.senders?.revoke({ channel: "loopback", account: "default", senderId: "bob" }, "owner");
  gate.resolve();
  assert.equal((await first).status, "sent");
  const held = await second;
  assert.deepEqual([held.status, held.reason], ["held", "it answers no message from there"]);
  assert.deepEqual(harness.sent.at(-1)?.text, "first");
});

test("too many orders at once are refused, and one that cannot leave yet says so when nobody waits any more", async () => {
  await using harness = await openHarness({
    strangers: true,
    settings: listed,
    send: async () => ({ kind: "retry", reason: "slow down", afterMs: 60_000 }),
  });
  const waited = await harness.pipeline.order(orderOf(), AbortSignal.timeout(50));
  assert.deepEqual([waited.status, waited.reason], ["pending", "slow down"]);
  const past = AbortSignal.abort();
  for (let count = 1; count < limits.ordersPendingMax; count++)
    await harness.pipeline.order(orderOf({ idempotencyKey: `n${count}` }), past);
  await assert.rejects(harness.pipeline.order(orderOf({ idempotencyKey: "more" }), never), { code: "overloaded" });
});
