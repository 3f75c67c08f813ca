// Doors whose callers fetch their replies: what is stored of one, and that nothing is told which was not released.
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { pulledChannel } from "../../src/pipeline/pipeline.ts";
import { createPolicy } from "../../src/policy/policy.ts";
import type { Store } from "../../src/store/store.ts";
import { openHarness } from "../faux/flow/harness.ts";

test("a reply that is fetched is released and stored as handed over where its turn ends", async () => {
  const writes: string[] = [];
  await using harness = await openHarness({ wrapStore: (store) => recording(store, writes) });
  await harness.ask({ channel: "cli", dedupeKey: "first" });
  writes.length = 0;
  const end = await harness.ask({ channel: "cli", text: "hello" });
  assert.equal(end.outcome.status === "done" && end.outcome.text, "echo hello");
  assert.deepEqual(writes, ["inbox.accept", "turns.begin", "turns.finish"]);
  const [row] = await harness.store.outbox.ofTurn(end.turnId ?? "");
  assert.deepEqual([row?.text, row?.status, row?.receipt, row?.attempts], ["echo hello", "sent", row?.id, 1]);
  const told = harness.audit.filter(({ verb }) => verb === "message.send").slice(-2);
  assert.deepEqual(
    told.map(({ kind, verdict, result }) => [kind, verdict, result]),
    [
      ["decision", "allow", undefined],
      ["effect", undefined, { result: "sent", attempts: 1, chars: 10 }],
    ],
  );
});

test("a reply that policy does not release reaches nobody, and its caller is told so", async () => {
  const policy = createPolicy({ rules: [], clock: systemClock });
  await using harness = await openHarness({
    policy,
    channels: [{ ...pulledChannel({ id: "http", redeem: policy.redeem }) }],
  });
  const end = await harness.ask({ channel: "http", text: "hello" });
  const [row] = await harness.store.outbox.ofTurn(end.turnId ?? "");
  const { usage } = end.outcome;
  const message = "the answer is held back: no rule allows message.send";
  assert.deepEqual(end.outcome, { status: "failed", code: "forbidden", message, id: row?.id, usage });
  assert.deepEqual([row?.status, row?.reason], ["held", "no rule allows message.send"]);
  assert.deepEqual((await harness.store.turns.find(end.turnId ?? ""))?.outcome, end.outcome);
});

test("a fetched reply that cannot be handed over is held and reported, and the session goes on", async () => {
  const wrong = { ...pulledChannel({ id: "http", redeem: createPolicy({ rules: [], clock: systemClock }).redeem }) };
  await using harness = await openHarness({ channels: [wrong] });
  const end = await harness.ask({ channel: "http", text: "hello" });
  assert.equal(
    end.outcome.status === "failed" && end.outcome.message,
    "the answer is held back: it could not be handed over",
  );
  assert.match(String(harness.reports), /not minted here/);
  const next = await harness.ask({ channel: "cli", text: "again", sender: { id: "alice", name: "alice" } });
  assert.equal(next.outcome.status, "done");
});

/** Notes each write of a message's way. */
function recording(store: Store, writes: string[]): Store {
  const wrap = <P extends object>(name: string, port: P, methods: readonly string[]): P =>
    Object.fromEntries(
      Object.entries(port).map(([method, call]: [string, (...inputs: unknown[]) => unknown]) => [
        method,
        (...inputs: unknown[]) => {
          if (methods.includes(method)) writes.push(`${name}.${method}`);
          return call(...inputs);
        },
      ]),
    ) as P;
  return {
    ...store,
    inbox: wrap("inbox", store.inbox, ["accept", "route", "end"]),
    turns: wrap("turns", store.turns, ["begin", "join", "finish", "restart"]),
    transcript: wrap("transcript", store.transcript, ["append"]),
    outbox: wrap("outbox", store.outbox, ["take", "sent", "retry", "end"]),
    usage: wrap("usage", store.usage, ["add"]),
  };
}
