// Codes and approvals of people who write: what is kept of them, for how long, and how often one may guess.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { LoricaError } from "../../src/base/errors.ts";
import { openSenders } from "../../src/pairing/pairing.ts";
import type { Senders } from "../../src/pairing/pairing.ts";
import { createTestClock } from "../faux/clock.ts";
import { envelopeOf, openTestStore } from "../faux/store.ts";

const hourMs = 60 * 60_000;
const place = { channel: "loopback", account: "default", senderId: "7" };
const replyTo = { channel: "loopback", account: "default", recipient: "7" };
const coded = (wanted: string) => (error: unknown) => error instanceof LoricaError && error.code === wanted;

async function setUp(t: TestContext) {
  const clock = createTestClock();
  const opened = await openTestStore(clock);
  t.after(() => opened[Symbol.asyncDispose]());
  const open = () =>
    openSenders({
      store: opened.store,
      clock,
      audit: { record: () => undefined },
      report: (error) => assert.fail(String(error)),
    });
  return { clock, store: opened.store, senders: await open(), open };
}

const ask = (senders: Senders, id = "7") =>
  senders.ask(envelopeOf({ sender: { id, name: "Ada" } }), { ...replyTo, recipient: id });

async function askForCode(senders: Senders, id = "7"): Promise<string> {
  assert.equal(await ask(senders, id), "asked");
  const request = (await senders.requests()).find(({ senderId }) => senderId === id);
  const text = await senders.replyFor(request?.id ?? "");
  return /code: (\S+)/.exec(text ?? "")?.[1] ?? "";
}

test("PAIR-007 a code is eight characters that cannot be mistaken, kept as a salted hash, good once", async (t) => {
  const { senders, store } = await setUp(t);
  const code = await askForCode(senders);
  assert.match(code, /^[2-9A-HJ-NP-Z]{8}$/);
  const [request] = await store.senders.requests();
  assert.match(JSON.stringify(request?.code), /^\{"salt":"[0-9a-f]{32}","hash":"[0-9a-f]{64}"\}$/);
  assert.equal(
    (await senders.approve({ channel: "loopback", code: ` ${code.toLowerCase()} ` }, "member", "owner")).senderId,
    "7",
  );
  await assert.rejects(senders.approve({ channel: "loopback", code }, "owner", "owner"), coded("not_found"));
  assert.equal(senders.roleOf(place), "member");
});

test("PAIR-007 a code is good for an hour, and then there is room for another", async (t) => {
  const { senders, clock } = await setUp(t);
  const code = await askForCode(senders);
  assert.equal(await ask(senders), "waiting");
  clock.advance(hourMs - 1);
  assert.equal((await senders.requests()).length, 1);
  clock.advance(1);
  await assert.rejects(senders.approve({ channel: "loopback", code }, "member", "owner"), coded("not_found"));
  const next = await askForCode(senders);
  assert.notEqual(next, code);
});

test("whoever guesses codes is stopped after a few, also when the next guess is right", async (t) => {
  const { senders, clock } = await setUp(t);
  const code = await askForCode(senders);
  const guess = (text: string) => senders.approve({ channel: "loopback", code: text }, "member", "owner");
  for (let times = 0; times < 5; times++) await assert.rejects(guess("AAAAAAAA"), coded("not_found"));
  await assert.rejects(guess(code), coded("overloaded"));
  clock.advance(10 * 60_000 + 1);
  assert.equal((await guess(code)).senderId, "7");
});

test("a code of one channel is none on another, and a request that nobody was told of has none", async (t) => {
  const { senders } = await setUp(t);
  const code = await askForCode(senders);
  await assert.rejects(senders.approve({ channel: "telegram", code }, "member", "owner"), coded("not_found"));
  await assert.rejects(
    senders.approve({ channel: "loopback", account: "work", code }, "member", "owner"),
    coded("not_found"),
  );
  await ask(senders, "8");
  await assert.rejects(senders.approve({ channel: "loopback", code: "" }, "member", "owner"), coded("not_found"));
});

test("PAIR-014 who was let in, and as what, is known after a restart; who was sent away is not", async (t) => {
  const { senders, open } = await setUp(t);
  assert.equal(senders.hasOwner(), false);
  await ask(senders);
  const [request] = await senders.requests();
  await senders.approve({ channel: "loopback", requestId: request?.id ?? "" }, "owner", "owner");
  const again = await open();
  assert.deepEqual([again.roleOf(place), again.hasOwner()], ["owner", true]);
  assert.equal(again.roleOf({ ...place, account: "work" }), undefined);
  assert.equal(await again.revoke(place, "owner"), true);
  assert.equal(await again.revoke(place, "owner"), false);
  assert.deepEqual([(await open()).roleOf(place), again.roleOf(place)], [undefined, undefined]);
});

test("a request that was turned down is gone, its reply too, and its sender may ask again", async (t) => {
  const { senders } = await setUp(t);
  await ask(senders);
  const [request] = await senders.requests();
  assert.equal((await senders.dismiss(request?.id ?? "", "owner")).senderId, "7");
  assert.equal(await senders.replyFor(request?.id ?? ""), undefined);
  await assert.rejects(senders.dismiss(request?.id ?? "", "owner"), coded("not_found"));
  assert.equal(await ask(senders), "asked");
});
