// The channel against a fake of Telegram that somebody else wrote.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { telegramChannel } from "../../../plugins/telegram/telegram.ts";
import { freePort } from "../../faux/installation.ts";
import { accountOf, createTestContext } from "../../faux/telegram/context.ts";

// What it is at run time and what its types say differ.
const TelegramServer = createRequire(import.meta.url)(
  "telegram-test-api",
) as typeof import("telegram-test-api").default;

test("CH-002 messages and commands come in and answers go out through a fake that we did not write", async () => {
  const port = await freePort();
  const server = new TelegramServer({ port, host: "127.0.0.1" });
  await server.start();
  const token = "666:not-ours";
  const made = createTestContext({
    accounts: [accountOf(`http://127.0.0.1:${port}`)],
    tokens: { default: token },
  });
  const channel = telegramChannel.create();
  try {
    await channel.start(made.context);
    assert.deepEqual(await made.healthIs("default", "connected"), { state: "connected", as: "@TestNameBot" });
    const client = server.getClient(token, { userId: 7, chatId: 7 });
    await client.sendMessage(client.makeMessage("hello"));
    const [first] = await made.receivedCount(1);
    assert.deepEqual([first?.text, first?.sender.id, first?.chat.kind], ["hello", "7", "direct"]);
    const group = server.getClient(token, { userId: 7, chatId: -9, type: "group", chatTitle: "Team" });
    await group.sendCommand(group.makeCommand("/new@TestNameBot now"));
    const [, second] = await made.receivedCount(2);
    assert.deepEqual([second?.text, second?.chat.id], ["/new now", "-9"]);

    const to = { channel: "telegram", account: "default", recipient: "7", inReplyTo: first?.messageId ?? "" };
    const place = { channel: to.channel, account: to.account, recipient: to.recipient };
    const grant = made.grant("message.send", { ...place, outboxId: "o1", answers: place });
    const message = { idempotencyKey: "o1", to, text: "**hi** & bye", media: [] };
    const receipt = await channel.send(grant, message, new AbortController().signal);
    assert.equal(receipt.kind, "sent");
    const { result } = await client.getUpdates();
    assert.deepEqual(
      result
        .map((update) => ("message" in update ? update.message : undefined))
        .map((sent) => [sent?.chat_id, sent?.text]),
      [[7, "<b>hi</b> &amp; bye"]],
    );
    // It answers every poll at once, and is not asked without end for that.
    const polls = () => made.requests.filter(({ url }) => url.endsWith("/getUpdates")).length;
    const before = polls();
    await new Promise((done) => setTimeout(done, 1_000));
    assert.ok(polls() - before <= 8, `${polls() - before} polls in a second`);
  } finally {
    await channel.stop();
    await server.stop();
  }
});
