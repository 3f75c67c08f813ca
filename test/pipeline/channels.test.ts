// Channels as they live beside the gateway: started, stopped, broken, shown; and how fast what they send may leave.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { LoricaError } from "../../src/base/errors.ts";
import { limits } from "../../src/base/limits.ts";
import { defineChannel } from "../../src/channel/channel.ts";
import type {
  Channel,
  ChannelAccount,
  ChannelContext,
  ChannelPorts,
  OutgoingSignal,
} from "../../src/channel/channel.ts";
import { createPace } from "../../src/pipeline/channels/pace.ts";
import { noPorts } from "../../src/pipeline/channels/no-ports.ts";
import { createTestClock } from "../faux/clock.ts";
import { openHarness, plainAccess, plainSettings } from "../faux/flow/harness.ts";
import { createEchoRunner, done } from "../faux/flow/runner.ts";
import { envelopeOf } from "../faux/store.ts";

const account = (id: string): ChannelAccount => ({
  id,
  name: undefined,
  webhookUrl: `https://example.org/hook/${id}`,
  mediaMaxBytes: 1_000,
  textMaxChars: undefined,
  credentialAt: undefined,
  settings: null,
});

/** A platform channel of the test's own, whose accounts come and go. */
function platform(change: Partial<Channel> = {}) {
  const log: string[] = [];
  const state: { accounts: readonly ChannelAccount[]; context: ChannelContext | undefined } = {
    accounts: [],
    context: undefined,
  };
  const ports: ChannelPorts = { ...noPorts, accounts: () => state.accounts };
  const definition = defineChannel({
    id: "chat",
    senders: "stranger",
    capabilities: { idempotentSend: false, textMaxChars: 100 },
    route: { baseUrl: "https://chat.example", credential: { kind: "bearer" } },
    create: () => ({
      async start(context) {
        state.context = context;
        log.push(`start ${state.accounts.map(({ id }) => id).join(" ")}`);
      },
      send: async () => ({ kind: "sent", platformId: "1" }),
      async stop() {
        log.push("stop");
      },
      ...change,
    }),
  });
  const options = {
    strangers: true,
    channels: [definition],
    ports: (id: string) => (id === "chat" ? ports : undefined),
  };
  return { log, state, options };
}

const settled = () => new Promise((ready) => setImmediate(ready));

test("CH-012 a channel runs while one of its accounts is switched on, and starts anew where they change", async () => {
  const { log, state, options } = platform();
  await using harness = await openHarness(options);
  const { channels } = harness.pipeline;
  const refresh = async (...ids: string[]) => {
    state.accounts = ids.map(account);
    channels.refresh();
    await settled();
  };
  await refresh();
  assert.deepEqual(log, []);
  await refresh("one");
  await refresh("one");
  await refresh("one", "two");
  const gone = state.context?.signal;
  await refresh();
  assert.deepEqual(log, ["start one", "stop", "start one two", "stop"]);
  assert.equal(gone?.aborted, true);
});

test("a channel that is stopped by hand stays so until it is started, whatever the config does", async () => {
  const { log, state, options } = platform();
  state.accounts = [account("one")];
  await using harness = await openHarness(options);
  const { channels } = harness.pipeline;
  await channels.hold("chat", "stop");
  channels.refresh();
  await settled();
  assert.deepEqual([log, channels.states()[0]?.held], [["start one", "stop"], true]);
  await channels.hold("chat", "start");
  assert.deepEqual([log.at(-1), channels.states()[0]?.running], ["start one", true]);
  await assert.rejects(channels.hold("loopback", "stop"), /there is no channel "loopback"/);
});

test("CH-021 a channel that cannot start, or cannot stop, takes nobody with it and says why", async () => {
  const broken = platform({
    start: () => Promise.reject(new LoricaError("unavailable", "the platform is away")),
    stop: () => Promise.reject(new Error("stuck")),
  });
  broken.state.accounts = [account("one")];
  await using harness = await openHarness(broken.options);
  await settled();
  assert.deepEqual(harness.pipeline.channels.states(), [
    {
      channel: "chat",
      running: false,
      held: false,
      accounts: [
        {
          id: "one",
          name: undefined,
          health: { state: "failed", reason: "the platform is away" },
          lastInboundAt: undefined,
          lastOutboundAt: undefined,
        },
      ],
    },
  ]);
  assert.deepEqual((await harness.ask({ channel: "cli", text: "still there?" })).outcome, done("echo still there?"));
});

test("CH-025 what a channel says of its accounts is shown, and forgotten when it stops", async () => {
  const { state, options } = platform();
  state.accounts = [account("one")];
  await using harness = await openHarness(options);
  const { channels } = harness.pipeline;
  let changes = 0;
  const stop = channels.watch(() => (changes += 1));
  state.context?.health("one", { state: "connected", as: "bot" });
  state.context?.health("one", { state: "connected", as: "bot" });
  assert.equal(changes, 1, "the same again is no change");
  stop();
  state.context?.health("nobody", { state: "connected" });
  assert.equal(changes, 1);
  const health = () => channels.states()[0]?.accounts.map(({ id, health }) => [id, health]);
  assert.deepEqual(health(), [["one", { state: "connected", as: "bot" }]]);
  await channels.hold("chat", "stop");
  assert.deepEqual(health(), [["one", undefined]]);
});

test("CH-019 a delivery of a platform reaches the account whose path it is, and nobody without one", async () => {
  const taken: string[] = [];
  const { state, options } = platform({
    webhook: async ({ account: id, body }) => {
      taken.push(`${id} ${Buffer.from(body).toString()}`);
      return { status: 401 };
    },
  });
  state.accounts = [account("one"), account("two")];
  await using harness = await openHarness(options);
  const { channels } = harness.pipeline;
  const deliver = (path: string, body: Uint8Array) =>
    channels.webhookFor(path)?.({ headers: {}, body }, AbortSignal.timeout(1_000));
  assert.equal(deliver("/hook", Buffer.from("x")), undefined);
  assert.deepEqual(await deliver("/hook/two", Buffer.from("x")), { status: 401 });
  assert.deepEqual(taken, ["two x"]);
  await assert.rejects(async () => deliver("/hook/two", new Uint8Array(1_048_577)), /more than 1048576 bytes/);
});

test("CH-022 replies leave at a bounded pace, and to a bounded number of people", () => {
  const clock = createTestClock();
  const pace = createPace(clock);
  const to = (recipient: string) => ({ channel: "chat", account: "one", recipient });
  const sendable = (recipient: string): boolean => pace.waitFor(to(recipient)) === undefined;
  assert.equal(Array.from({ length: 25 }, () => sendable("a")).filter(Boolean).length, 20);
  assert.equal(Array.from({ length: 100 }, (_, at) => sendable(`b${at}`)).filter(Boolean).length, 40);
  assert.equal(pace.waitFor({ ...to("a"), account: "two" }), undefined);
  const wait = pace.waitFor(to("c"));
  assert.deepEqual(wait, { ms: 60_000, reason: "many messages in a minute" });
  clock.advance(60_000);
  assert.equal(sendable("c"), true);

  let reached = 42;
  for (let minute = 0; minute < 20; minute++) {
    clock.advance(60_000);
    for (let at = 0; at < 20; at++) if (sendable(`m${minute}-${at}`)) reached += 1;
  }
  assert.equal(reached, 200);
  assert.equal(pace.waitFor(to("one more"))?.reason, "more than 200 recipients in an hour");
  assert.equal(sendable("m5-1"), true, "whoever is in a conversation stays in it");
});

test("CH-011 who writes sees that it is being answered; the text before it is released, only the owner", async () => {
  for (const role of ["owner", "member"] as const) {
    const shown: OutgoingSignal[] = [];
    const drafted = Promise.withResolvers<void>();
    const settings = {
      ...plainSettings,
      ackReaction: "👀",
      owners: new Set(role === "owner" ? ["loopback:7"] : []),
      access: () => ({ ...plainAccess, allowFrom: ["7"] }),
    };
    await using harness = await openHarness({
      strangers: true,
      settings,
      signals: ["typing", "reaction", "draft"],
      signal(what) {
        shown.push(what);
        if (what.kind === "draft") drafted.resolve();
      },
      runner: (store) =>
        createEchoRunner(store, async (_, run) => {
          run.emit({ type: "text", text: "so far", delta: "so far" });
          // Whoever is shown no draft is given the time in which the owner was.
          await (role === "owner" ? drafted.promise : sleep(limits.channelDraftIntervalMs + 200));
          return done("ready");
        }),
    });
    await harness.receive(
      envelopeOf({ sender: { id: "7", name: "" }, chat: { kind: "direct", id: "7" }, messageId: "m1" }),
    );
    await harness.sentCount(1);
    const draft = shown.find(({ kind }) => kind === "draft");
    assert.deepEqual(shown.slice(0, 2), [{ kind: "reaction", messageId: "m1", emoji: "👀" }, { kind: "typing" }]);
    assert.equal(draft?.kind === "draft" ? draft.text : undefined, role === "owner" ? "so far" : undefined);
    assert.equal(harness.sent[0]?.to.inReplyTo, "m1");
  }
});

test("an order over a channel that was stopped by hand is kept and answered at once, and leaves when it is started", async () => {
  const sent = Promise.withResolvers<string>();
  const { state, options } = platform({
    async send(_grant, { text }) {
      sent.resolve(text);
      return { kind: "sent", platformId: "1" };
    },
  });
  const settings = { access: () => ({ ...plainAccess, allowFrom: ["7"] }) };
  await using harness = await openHarness({ ...options, settings });
  const { pipeline } = harness;
  state.accounts = [account("default")];
  pipeline.channels.refresh();
  await settled();
  await pipeline.channels.hold("chat", "stop");
  const order = { channel: "chat", account: "default", recipient: "7", text: "later", agentId: "main" };
  // Nothing but the answer itself ends this waiting.
  const never = new AbortController().signal;
  const { status, reason } = await pipeline.order({ ...order, idempotencyKey: "k1" }, never);
  assert.deepEqual([status, reason], ["pending", "chat is stopped"]);
  await pipeline.channels.hold("chat", "start");
  assert.equal(await sent.promise, "later");
});
