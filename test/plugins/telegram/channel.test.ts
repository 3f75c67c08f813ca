// The channel against a Bot API as strict as Telegram's, over real HTTP.
import assert from "node:assert/strict";
import { test } from "node:test";
import { telegramChannel } from "../../../plugins/telegram/telegram.ts";
import { LoricaError } from "../../../src/base/errors.ts";
import type { Channel, ChannelAccount, OutgoingMessage, Receipt } from "../../../src/channel/channel.ts";
import { accountOf, createTestContext } from "../../faux/telegram/context.ts";
import type { TestContext, TestContextOptions } from "../../faux/telegram/context.ts";
import { openFauxTelegram } from "../../faux/telegram/server.ts";
import type { FauxTelegram } from "../../faux/telegram/server.ts";

const alice = { id: 42, is_bot: false, first_name: "Alice" };
const direct = { id: 42, type: "private" };

type Open = TestContext & {
  readonly channel: Channel;
  send(text: string, change?: Partial<OutgoingMessage["to"]>, media?: OutgoingMessage["media"]): Promise<Receipt>;
  [Symbol.asyncDispose](): Promise<void>;
};

type OpenOptions = Partial<TestContextOptions> & { readonly account?: Partial<ChannelAccount> };

async function open(telegram: FauxTelegram, options: OpenOptions = {}): Promise<Open> {
  const accounts = [accountOf(telegram.url, options.account)];
  const made = createTestContext({ accounts, tokens: { default: telegram.token }, ...options });
  const channel = telegramChannel.create();
  await channel.start(made.context);
  return {
    ...made,
    channel,
    send(text, change = {}, media = []) {
      const to = { channel: "telegram", account: "default", recipient: "42", ...change };
      const place = { channel: "telegram", account: to.account, recipient: to.recipient };
      const resource = { ...place, outboxId: "o1", answers: place };
      const grant = made.grant("message.send", resource);
      return channel.send(grant, { idempotencyKey: "o1", to, text, media }, new AbortController().signal);
    },
    async [Symbol.asyncDispose]() {
      await channel.stop();
    },
  };
}

function say(telegram: FauxTelegram, text: string, more: Record<string, unknown> = {}): number {
  return telegram.say({ from: alice, chat: direct, text, ...more });
}

test("CH-002 a message comes in by long poll, and the answer goes out", async () => {
  await using telegram = await openFauxTelegram();
  await using it = await open(telegram);
  assert.deepEqual(await it.healthIs("default", "connected"), { state: "connected", as: "@lorica_bot" });
  const id = say(telegram, "hello");
  const [envelope] = await it.receivedCount(1);
  assert.deepEqual(
    [envelope?.text, envelope?.sender.id, envelope?.chat],
    ["hello", "42", { kind: "direct", id: "42" }],
  );
  await telegram.confirmed(id);
  const receipt = await it.send("**hi** there", { inReplyTo: envelope?.messageId ?? "" });
  const [sent] = telegram.sent;
  assert.deepEqual(receipt, { kind: "sent", platformId: String(sent?.message) });
  assert.deepEqual([sent?.text, sent?.entities, sent?.answered], ["hi there", ["bold"], Number(envelope?.messageId)]);
});

test("the token is nowhere in what the channel asks for", async () => {
  await using telegram = await openFauxTelegram();
  await using it = await open(telegram);
  await it.healthIs("default", "connected");
  await it.send("hi");
  assert.ok(it.requests.length >= 4);
  assert.ok(!JSON.stringify(it.requests).includes(telegram.token));
});

test("Telegram is asked for a later update only once the earlier is stored", async () => {
  await using telegram = await openFauxTelegram();
  const { promise: mayStore, resolve: store } = Promise.withResolvers<void>();
  await using it = await open(telegram, { receive: () => mayStore });
  const id = say(telegram, "hello");
  // It is asked again while the message is in hand, and still the same one is first.
  await telegram.called("getUpdates", 3);
  assert.deepEqual(telegram.waiting(), [id]);
  store();
  await telegram.confirmed(id);
  assert.equal(it.received.length, 1);
});

test("a message that cannot be stored for now is tried again, and the chats beside it do not wait", async () => {
  await using telegram = await openFauxTelegram();
  let refusals = 1;
  await using it = await open(telegram, {
    async receive({ chat }) {
      if (chat.id !== "42" || refusals === 0) return;
      refusals -= 1;
      throw new LoricaError("overloaded", "the lane is full");
    },
  });
  say(telegram, "first");
  say(telegram, "elsewhere", { chat: { id: 77, type: "private" }, from: { ...alice, id: 77 } });
  const last = say(telegram, "second");
  await telegram.confirmed(last);
  assert.deepEqual(
    it.received.map(({ text }) => text),
    ["elsewhere", "first", "second"],
  );
});

test("an update that cannot be read is recorded and passed over", async () => {
  await using telegram = await openFauxTelegram();
  await using it = await open(telegram);
  telegram.update({ update_id: 500, message: { message_id: 1, chat: { id: "x" }, from: 5 } });
  telegram.update({ update_id: 501, something: { new: true } });
  const id = say(telegram, "still here");
  await telegram.confirmed(id);
  assert.deepEqual(
    [it.received.map(({ text }) => text), it.reports.map((error) => (error as Error).message)],
    [["still here"], ["Telegram's update 500 was passed over: message.chat.id is not as documented"]],
  );
});

test("what was stored is not asked for again after a restart, and what was not is", async () => {
  await using telegram = await openFauxTelegram();
  const first = await open(telegram);
  await telegram.confirmed(say(telegram, "before"));
  await first.channel.stop();
  const waiting = say(telegram, "while it was away");
  await using second = await open(telegram, { stored: first.stored });
  await telegram.confirmed(waiting);
  assert.deepEqual(
    second.received.map(({ text }) => text),
    ["while it was away"],
  );
  const asked = telegram.calls.filter(({ method }) => method === "getUpdates").map(({ params }) => params["offset"]);
  assert.ok(asked.includes(501));
});

test("the number of another bot, or one older than Telegram's memory, is not asked for", async () => {
  await using telegram = await openFauxTelegram();
  for (const place of [
    { bot: 999, next: 900_000, at: Date.now() },
    { bot: telegram.me.id, next: 900_000, at: Date.now() - 7 * 24 * 60 * 60_000 },
  ]) {
    const state = new Map([["default offset", place]]);
    await using it = await open(telegram, { stored: { media: new Map(), state } });
    await telegram.confirmed(say(telegram, "hello"));
    assert.equal(it.received.length, 1);
  }
});

test("pictures that were sent together are one message, also when they come one by one", async () => {
  await using telegram = await openFauxTelegram();
  await using it = await open(telegram);
  await it.healthIs("default", "connected");
  const picture = (id: string, caption?: string) => {
    telegram.addFile(id, { path: `photos/${id}.jpg`, bytes: Buffer.from(id) });
    const photo = [{ file_id: id, width: 1, height: 1, file_size: 2 }];
    return telegram.say({
      from: alice,
      chat: direct,
      media_group_id: "a1",
      photo,
      ...(caption === undefined ? {} : { caption }),
    });
  };
  picture("p1", "our trip");
  await telegram.called("getUpdates", 2);
  const last = picture("p2");
  await telegram.confirmed(last);
  assert.deepEqual(
    it.received.map(({ text, media }) => [text, media.map(({ bytes, mime }) => [bytes, mime])]),
    [
      [
        "our trip",
        [
          [2, "image/jpeg"],
          [2, "image/jpeg"],
        ],
      ],
    ],
  );
});

test("CH-014 a file that is too large is not fetched to its end, and the message says so", async () => {
  await using telegram = await openFauxTelegram();
  await using it = await open(telegram, { account: { mediaMaxBytes: 1_000 } });
  telegram.addFile("big", { path: "documents/big.pdf", bytes: new Uint8Array(5_000), size: 10 });
  const file = (size: number) => ({ document: { file_id: "big", file_name: "big.pdf", file_size: size } });
  telegram.say({ from: alice, chat: direct, caption: "lies", ...file(10) });
  telegram.say({ from: alice, chat: direct, caption: "says it", ...file(3_000_000) });
  telegram.say({ from: alice, chat: direct, document: { file_id: "gone", file_name: "x.txt", file_size: 1 } });
  const received = await it.receivedCount(3);
  assert.deepEqual(
    received.map(({ text, media }) => [text, media.length]),
    [
      ["lies\n[document was not taken: it is larger than 0.0 MB]", 0],
      ["says it\n[document was not taken: it has 2.9 MB, and the limit is 0.0 MB]", 0],
      ["[document was not taken: Telegram refused it (400)]", 0],
    ],
  );
});

test("nothing is fetched for somebody who is not let in", async () => {
  await using telegram = await openFauxTelegram();
  await using it = await open(telegram, { admits: () => false });
  telegram.addFile("d", { path: "documents/d.pdf", bytes: new Uint8Array(5) });
  const id = telegram.say({ from: alice, chat: direct, document: { file_id: "d", file_size: 5 } });
  await telegram.confirmed(id);
  assert.deepEqual(
    it.received.map(({ text, media }) => [text, media]),
    [["[document]", []]],
  );
  assert.deepEqual(
    telegram.calls.filter(({ method }) => method === "getFile"),
    [],
  );
});

test("CH-025 a refused token, another poller and an unreachable Telegram are said with what to do", async () => {
  await using telegram = await openFauxTelegram();
  telegram.trouble("getUpdates", { error_code: 409, description: "Conflict: terminated by other getUpdates request" });
  await using it = await open(telegram);
  assert.deepEqual(await it.healthIs("default", "failed"), {
    state: "failed",
    reason: "another program receives this bot's messages (409)",
    fix: "stop the other program, or get a token of its own for this bot from @BotFather",
  });
  await it.healthIs("default", "connected");
  await using wrong = await open(telegram, { tokens: { default: "1:wrong" } });
  assert.deepEqual(await wrong.healthIs("default", "failed"), {
    state: "failed",
    reason: "Telegram says: Unauthorized (401)",
    fix: "the bot's token is not valid; get one from @BotFather, then `lorica channels add telegram`",
  });
  await using away = await open(telegram, { accounts: [accountOf("http://127.0.0.1:2")] });
  assert.deepEqual(await away.healthIs("default", "failed"), { state: "failed", reason: "the connection failed" });
});

test("CH-021 an account that fails does not stop another", async () => {
  await using telegram = await openFauxTelegram();
  const accounts = [accountOf("http://127.0.0.1:2", { id: "broken" }), accountOf(telegram.url)];
  await using it = await open(telegram, { accounts });
  await it.healthIs("broken", "failed");
  await telegram.confirmed(say(telegram, "hello"));
  assert.deepEqual(
    it.received.map(({ account }) => account),
    ["default"],
  );
});

test("it polls although a webhook was left behind", async () => {
  await using telegram = await openFauxTelegram();
  const left = { url: "https://old.example/hook", secret_token: "x" };
  await fetch(`${telegram.url}/bot${telegram.token}/setWebhook`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(left),
  });
  assert.ok(telegram.webhook());
  await using it = await open(telegram);
  await it.healthIs("default", "connected");
  assert.equal(telegram.webhook(), undefined);
});

test("commands are offered in direct chats and in groups, as far as Telegram takes their names", async () => {
  await using telegram = await openFauxTelegram();
  await using it = await open(telegram);
  await it.healthIs("default", "connected");
  const commands = [
    { command: "new", description: "Begin a new conversation" },
    { command: "stop", description: "Stop what is running" },
  ];
  assert.deepEqual(Object.fromEntries(telegram.commands), { all_private_chats: commands, all_group_chats: commands });
});

test("stopping ends a poll at once", async () => {
  await using telegram = await openFauxTelegram();
  const it = await open(telegram);
  await it.healthIs("default", "connected");
  await telegram.called("getUpdates", 2);
  await it.channel.stop();
  say(telegram, "nobody hears this");
  assert.deepEqual([telegram.waiting().length, it.received], [1, []]);
});
