// Somebody who was let in is sent away while what they said still waits, runs, or is being answered.
import assert from "node:assert/strict";
import { test } from "node:test";
import { envelopeOf } from "../faux/store.ts";
import { openHarness, plainAccess } from "../faux/flow/harness.ts";
import type { Harness } from "../faux/flow/harness.ts";
import { createEchoRunner, done } from "../faux/flow/runner.ts";

const chat = { kind: "direct", id: "7" } as const;
const sender = { id: "7", name: "Ada" };
const place = { channel: "loopback", account: "default", senderId: "7" };

let number = 0;
const say = (text: string) => {
  number += 1;
  return envelopeOf({ id: `said-${number}`, dedupeKey: `said-${number}`, chat, sender, text });
};

async function letIn(harness: Harness): Promise<void> {
  await harness.pipeline.handle(say("may I come in?"));
  const [request] = (await harness.senders?.requests()) ?? [];
  await harness.senders?.approve({ channel: "loopback", requestId: request?.id ?? "" }, "member", "owner");
}

/** Turns that begin and then wait for the test, or for their end. */
function slowRunner() {
  const begun: string[] = [];
  const started = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const runner = (store: Harness["store"]) =>
    createEchoRunner(store, async (_turn, { signal }, texts) => {
      begun.push(...texts);
      started.resolve();
      const ended = Promise.withResolvers<void>();
      signal.addEventListener("abort", () => ended.reject(signal.reason), { once: true });
      await Promise.race([go.promise, ended.promise]);
      return done(`answer to ${texts.join()}`);
    });
  return { runner, begun, started: started.promise, go: go.resolve };
}

test("PAIR-020 whoever is sent away has nothing answered: not what runs, not what waits behind it", async () => {
  const { runner, begun, started } = slowRunner();
  await using harness = await openHarness({ strangers: true, runner });
  await letIn(harness);
  const first = await harness.pipeline.handle(say("one"));
  const second = await harness.pipeline.handle(say("two"));
  await started;
  const ends = [first, second].map(({ runId }) => harness.pipeline.wait(runId, AbortSignal.timeout(5_000)));
  await harness.senders?.revoke(place, "owner");
  await harness.pipeline.recheck();
  const outcomes = (await Promise.all(ends)).map(({ outcome }) => outcome.status);
  assert.deepEqual(outcomes, ["cancelled", "cancelled"]);
  assert.deepEqual(begun, ["one"]);
});

test("a message that was stored before its sender was sent away is not answered after the next start", async () => {
  const { runner, begun, started } = slowRunner();
  const before = await openHarness({ strangers: true, runner });
  await letIn(before);
  await before.pipeline.handle(say("one"));
  const waiting = await before.pipeline.handle(say("two"));
  await started;
  await before.store.senders.revoke(place);
  await before.pipeline.stop(0);
  await using after = await before.restart({ runner });
  const end = await after.pipeline.wait(waiting.runId, AbortSignal.timeout(5_000));
  assert.deepEqual(
    [end.outcome.status, end.outcome.status === "failed" && end.outcome.message],
    ["failed", "the sender was sent away meanwhile"],
  );
  assert.deepEqual(begun, ["one"]);
  assert.deepEqual(await after.store.turns.running(), []);
});

test("a reply that cannot leave now is held back once its reader is sent away, and who is less is not answered as more", async () => {
  let refusals = 0;
  const owners = new Set(["loopback:7"]);
  const { runner, begun, started, go } = slowRunner();
  await using harness = await openHarness({
    strangers: true,
    runner,
    settings: { owners, access: () => ({ ...plainAccess, allowFrom: ["7"] }) },
    async send() {
      refusals += 1;
      return { kind: "retry", reason: "not now", afterMs: 0 };
    },
  });
  await harness.pipeline.handle(say("one"));
  await harness.pipeline.handle(say("two"));
  await started;
  owners.clear();
  go();
  const held = async (): Promise<readonly (string | undefined)[]> => {
    for (;;) {
      const rows = await harness.store.outbox.list({ status: "held", limit: 9 });
      if (rows.length > 0) return rows.map(({ text, reason }) => `${text}: ${reason}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  assert.deepEqual(await held(), ["answer to one: the sender was sent away meanwhile"]);
  assert.deepEqual([begun, refusals], [["one"], 0]);
});
