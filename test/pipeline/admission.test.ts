import assert from "node:assert/strict";
import { test } from "node:test";
import { LoricaError } from "../../src/base/errors.ts";
import { openHarness } from "../faux/flow/harness.ts";
import { createEchoRunner, done } from "../faux/flow/runner.ts";
import { envelopeOf } from "../faux/store.ts";

const code = (wanted: string) => (error: unknown) => error instanceof LoricaError && error.code === wanted;

test("RT-011 nobody is given a session that is another's or reserved", async () => {
  await using harness = await openHarness();
  const asking = (sessionKey: string) => harness.ask({ channel: "cli", request: { sessionKey } });
  await assert.rejects(asking("cron:daily"), code("invalid_request"));
  await assert.rejects(asking("agent:nobody:main"), code("not_found"));
  await assert.rejects(asking("agent:main:../x"), code("invalid_request"));
  await assert.rejects(
    harness.ask({ channel: "cli", request: { sessionKey: "agent:work:main", agentId: "main" } }),
    code("invalid_request"),
  );
  assert.equal((await asking("agent:work:Plans")).sessionKey, "agent:work:plans");
});

test("GW-036 NUL is refused, other control characters go, and length has an end", async () => {
  await using harness = await openHarness();
  await assert.rejects(harness.ask({ text: "a\0b" }), code("invalid_request"));
  await assert.rejects(harness.ask({ text: "x".repeat(200_001) }), code("too_large"));
  await assert.rejects(harness.ask({ text: " \u0007 " }), code("invalid_request"));
  await assert.rejects(harness.ask({ sender: { id: "a\u001b[2J", name: "" } }), code("invalid_request"));
  const { outcome } = await harness.ask({ text: "a\u001b[31m\u0085b\r\nc\td\ud800" });
  assert.deepEqual(outcome, done("echo a[31mb\nc\td\ufffd"));
});

test("a platform's message that can never be taken in is recorded once and not asked for again", async () => {
  await using harness = await openHarness();
  const bad = envelopeOf({ text: "a\0b", dedupeKey: "bad" });
  assert.deepEqual(await harness.receive(bad), { kind: "dropped" });
  assert.deepEqual(await harness.receive({ ...bad, id: "again" }), { kind: "duplicate" });
  const row = await harness.store.inbox.find(bad.id);
  assert.deepEqual([row?.status, row?.reason], ["dropped", "the message holds a NUL character; send text only"]);
});

test("the rehearsal grammar is read from the owner's terminal only", async () => {
  const seen: unknown[] = [];
  await using harness = await openHarness({
    runner: (store) =>
      createEchoRunner(store, async (_, run) => {
        seen.push(run.request.rehearsal);
        return done("ok");
      }),
  });
  const request = { rehearsal: { grammar: true } } as const;
  await harness.ask({ channel: "cli", request });
  await harness.ask({ request });
  assert.deepEqual(seen, [{ grammar: true }, undefined]);
});
