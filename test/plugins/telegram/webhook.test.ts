// Telegram delivers to us: only Telegram is believed, and only what is stored is answered with 200.
import assert from "node:assert/strict";
import { test } from "node:test";
import { telegramChannel } from "../../../plugins/telegram/telegram.ts";
import { LoricaError } from "../../../src/base/errors.ts";
import { accountOf, createTestContext } from "../../faux/telegram/context.ts";
import type { TestContext } from "../../faux/telegram/context.ts";
import { openFauxTelegram } from "../../faux/telegram/server.ts";
import type { FauxTelegram } from "../../faux/telegram/server.ts";

const signal = new AbortController().signal;
const update = (id: number, more: Record<string, unknown> = {}) => ({
  update_id: id,
  message: {
    message_id: id,
    date: 1,
    from: { id: 42, is_bot: false, first_name: "A" },
    chat: { id: 42, type: "private" },
    text: "hi",
    ...more,
  },
});

async function open(telegram: FauxTelegram, receive?: () => Promise<void>) {
  const accounts = [accountOf(telegram.url, { webhookUrl: "https://bot.example/telegram" })];
  const tokens = { default: telegram.token };
  const made: TestContext = createTestContext({ accounts, tokens, ...(receive === undefined ? {} : { receive }) });
  const channel = telegramChannel.create();
  await channel.start(made.context);
  await made.healthIs("default", "connected");
  const deliver = async (body: unknown, secret?: string, account = "default"): Promise<number | undefined> => {
    const headers = secret === undefined ? {} : { "x-telegram-bot-api-secret-token": secret };
    const bytes = Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
    return (await channel.webhook?.({ account, headers: headers as Record<string, string>, body: bytes }, signal))
      ?.status;
  };
  return { ...made, deliver, [Symbol.asyncDispose]: () => channel.stop() };
}

test("CH-003 a delivery without the secret of this start is refused, and nothing of it is read", async () => {
  await using telegram = await openFauxTelegram();
  await using it = await open(telegram);
  const secret = telegram.webhook()?.secret ?? "";
  assert.match(secret, /^[0-9a-f]{64}$/);
  const statuses = [
    await it.deliver(update(1)),
    await it.deliver(update(1), ""),
    await it.deliver(update(1), `${secret.slice(0, -1)}x`),
    await it.deliver("not JSON", secret),
    await it.deliver({ message: {} }, secret),
    await it.deliver(update(1), secret, "other"),
  ];
  assert.deepEqual([statuses, it.received], [[401, 401, 401, 400, 400, 404], []]);
  assert.equal(await it.deliver(update(1), secret), 200);
  assert.deepEqual(
    it.received.map(({ text }) => text),
    ["hi"],
  );
});

test("CH-019 ADV-011 a delivery that comes twice is one message, and the secret of an earlier start is worth nothing", async () => {
  await using telegram = await openFauxTelegram();
  const before = await open(telegram);
  const old = telegram.webhook()?.secret ?? "";
  await before[Symbol.asyncDispose]();
  await using it = await open(telegram);
  const secret = telegram.webhook()?.secret ?? "";
  const statuses = [
    await it.deliver(update(1), old),
    await it.deliver(update(1), secret),
    await it.deliver(update(1), secret),
  ];
  assert.deepEqual([statuses, it.received.length], [[401, 200, 200], 1]);
});

test("a delivery is answered only once it is stored", async () => {
  await using telegram = await openFauxTelegram();
  const { promise: mayStore, resolve: store } = Promise.withResolvers<void>();
  await using it = await open(telegram, () => mayStore);
  const answered = it.deliver(update(1), telegram.webhook()?.secret);
  const early = await Promise.race([answered, telegram.called("getMe").then(() => "not yet")]);
  assert.equal(early, "not yet");
  store();
  assert.equal(await answered, 200);
});

test("a delivery that could not be stored before the end is not acknowledged", async () => {
  await using telegram = await openFauxTelegram();
  const it = await open(telegram, async () => {
    throw new LoricaError("unavailable", "the disk is full");
  });
  const answered = it.deliver(update(1), telegram.webhook()?.secret);
  await telegram.called("setWebhook");
  await it[Symbol.asyncDispose]();
  assert.equal(await answered, 503);
});

test("an album that is delivered in pieces is one message, and each piece waits for it", async () => {
  await using telegram = await openFauxTelegram();
  await using it = await open(telegram);
  const secret = telegram.webhook()?.secret;
  const part = (id: number) =>
    it.deliver(update(id, { text: undefined, caption: `c${id}`, media_group_id: "g" }), secret);
  assert.deepEqual(
    [await Promise.all([part(2), part(1)]), it.received.map(({ text }) => text)],
    [[200, 200], ["c1\nc2"]],
  );
});

test("ADV-025 the secret of one account opens no other", async () => {
  await using first = await openFauxTelegram("111:token-of-one");
  await using second = await openFauxTelegram("222:token-of-two");
  const at = (telegram: FauxTelegram, id: string) =>
    accountOf(telegram.url, { id, webhookUrl: `https://bot.example/${id}` });
  const made = createTestContext({
    accounts: [at(first, "one"), at(second, "two")],
    tokens: { one: first.token, two: second.token },
  });
  const channel = telegramChannel.create();
  await channel.start(made.context);
  await Promise.all([made.healthIs("one", "connected"), made.healthIs("two", "connected")]);
  const deliver = async (account: string, telegram: FauxTelegram): Promise<number | undefined> => {
    const headers = { "x-telegram-bot-api-secret-token": telegram.webhook()?.secret ?? "" };
    return (await channel.webhook?.({ account, headers, body: Buffer.from(JSON.stringify(update(1))) }, signal))
      ?.status;
  };
  assert.deepEqual([await deliver("one", second), await deliver("two", first), made.received], [401, 401, []]);
  assert.deepEqual([await deliver("one", first), made.received.map(({ account }) => account)], [200, ["one"]]);
  await channel.stop();
});
