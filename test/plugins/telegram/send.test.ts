// What becomes of a reply on its way to Telegram, and what is shown before it.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { telegramChannel } from "../../../plugins/telegram/telegram.ts";
import { codeOf } from "../../../src/base/errors.ts";
import type { MediaRef, ReplyAddress } from "../../../src/base/envelope.ts";
import type { Channel, OutgoingSignal, Receipt } from "../../../src/channel/channel.ts";
import { accountOf, createTestContext } from "../../faux/telegram/context.ts";
import type { TestContext } from "../../faux/telegram/context.ts";
import { openFauxTelegram } from "../../faux/telegram/server.ts";
import type { FauxTelegram, Trouble } from "../../faux/telegram/server.ts";

let telegram: FauxTelegram;
let made: TestContext;
let channel: Channel;
const signal = new AbortController().signal;

before(async () => {
  telegram = await openFauxTelegram();
  made = createTestContext({ accounts: [accountOf(telegram.url)], tokens: { default: telegram.token } });
  channel = telegramChannel.create();
  await channel.start(made.context);
  await made.healthIs("default", "connected");
});

after(async () => {
  await channel.stop();
  await telegram[Symbol.asyncDispose]();
});

let seen = 0;
beforeEach(() => {
  seen = telegram.sent.length;
});

const sentNow = () => telegram.sent.slice(seen);

async function send(text: string, media: readonly MediaRef[] = [], to: Partial<ReplyAddress> = {}): Promise<Receipt> {
  const address = { channel: "telegram", account: "default", recipient: "42", ...to };
  const { account, recipient } = address;
  const place = { channel: "telegram", account, recipient };
  const grant = made.grant("message.send", { ...place, outboxId: "o1", answers: place });
  return channel.send(grant, { idempotencyKey: "o1", to: address, text, media }, signal);
}

async function show(what: OutgoingSignal, recipient = "42"): Promise<void> {
  const to = { channel: "telegram", account: "default", recipient };
  const grant = made.grant("message.signal", { ...to, signal: what.kind, answers: to });
  await channel.signal?.(grant, { to, what }, signal);
}

const troubles: readonly (readonly [string, Trouble, string, Receipt | string])[] = [
  [
    "429 is tried again when Telegram says",
    { error_code: 429, description: "Too Many Requests: retry after 7", parameters: { retry_after: 7 } },
    "42",
    { kind: "retry", reason: "Telegram says: Too Many Requests: retry after 7 (429)", afterMs: 7_000 },
  ],
  [
    "a chat that blocked the bot has failed",
    { error_code: 403, description: "Forbidden: bot was blocked by the user" },
    "42",
    { kind: "failed", reason: "Telegram says: Forbidden: bot was blocked by the user (403)" },
  ],
  [
    "a chat that is not there has failed",
    { error_code: 400, description: "Bad Request: chat not found" },
    "42",
    { kind: "failed", reason: "Telegram says: Bad Request: chat not found (400)" },
  ],
  ["a failure of Telegram is unknown", { error_code: 500, description: "Internal Server Error" }, "42", "upstream"],
  ["what is no answer of Telegram is unknown", { status: 502, html: "<h1>Bad Gateway</h1>" }, "42", "upstream"],
  ["a connection that ends without an answer is unknown", "reset after", "42", "upstream"],
  [
    "a refusal in other words is one",
    { status: 413, html: "too large" },
    "42",
    { kind: "failed", reason: "Telegram says: HTTP 413 (413)" },
  ],
];

for (const [name, trouble, recipient, expected] of troubles) {
  test(name, async () => {
    telegram.trouble("sendMessage", trouble);
    const result = await send("hello", [], { recipient }).catch((error: unknown) => codeOf(error));
    assert.deepEqual(result, expected);
    assert.ok(sentNow().length <= 1, "it was sent twice");
  });
}

test("what never left is tried again", async () => {
  const away = createTestContext({ accounts: [accountOf("http://127.0.0.1:2")], tokens: {} });
  const other = telegramChannel.create();
  await other.start(away.context);
  const to = { channel: "telegram", account: "default", recipient: "42" };
  const grant = away.grant("message.send", { ...to, outboxId: "o1", answers: to });
  const receipt = await other.send(grant, { idempotencyKey: "o1", to, text: "hi", media: [] }, signal);
  await other.stop();
  assert.deepEqual(receipt, { kind: "retry", reason: "the connection failed", afterMs: 0 });
});

test("CH-018 nothing is sent to a name", async () => {
  const receipts = [await send("hi", [], { recipient: "@alice" }), await send("hi", [], { recipient: "0x2a" })];
  assert.deepEqual(
    receipts.map(({ kind }) => kind),
    ["failed", "failed"],
  );
  assert.deepEqual(sentNow(), []);
});

test("a grant is for one message to one address", async () => {
  const other = { channel: "telegram", account: "default", recipient: "43" };
  const grant = made.grant("message.send", { ...other, outboxId: "o1", answers: other });
  const to = { channel: "telegram", account: "default", recipient: "42" };
  const message = { idempotencyKey: "o1", to, text: "hi", media: [] };
  await assert.rejects(channel.send(grant, message, signal), /for one address/);
  await assert.rejects(channel.send(grant, message, signal), /no grant/);
  assert.deepEqual(sentNow(), []);
});

test("CH-011 text that Telegram cannot read as HTML is sent as it was written", async () => {
  telegram.trouble("sendMessage", { error_code: 400, description: "Bad Request: can't parse entities: whatever" });
  assert.equal((await send("**hi**")).kind, "sent");
  assert.deepEqual(
    sentNow().map(({ text, entities }) => [text, entities]),
    [["**hi**", []]],
  );
});

test("a table that is longer shown than written is sent as it was written", async () => {
  const row = `| ${"x".repeat(38)} | y |\n`;
  const table = `| a | b |\n|---|---|\n${"| c | d |\n".repeat(200)}${row}`;
  assert.ok(table.length < 4_096);
  assert.equal((await send(table)).kind, "sent");
  assert.equal(sentNow()[0]?.text, table.trim());
});

test("files go as what they are, with a short text under a single one", async () => {
  const file = (mime: string, name: string) => made.context.media.save(Buffer.from(name), mime, name);
  const receipts = [
    await send("look", [await file("image/png", "a.png")]),
    await send("two", [await file("application/pdf", "b.pdf"), await file("audio/ogg", "c.ogg")], { inReplyTo: "7" }),
    await send("x".repeat(2_000), [await file("video/mp4", "d.mp4")]),
  ];
  assert.deepEqual(
    sentNow().map(({ method, text, file, answered }) => [
      method,
      text.slice(0, 4),
      file?.name,
      file?.bytes.length,
      answered,
    ]),
    [
      ["sendPhoto", "look", "a.png", 5, undefined],
      ["sendMessage", "two", undefined, undefined, 7],
      ["sendDocument", "", "b.pdf", 5, undefined],
      ["sendVoice", "", "c.ogg", 5, undefined],
      ["sendMessage", "xxxx", undefined, undefined, undefined],
      ["sendVideo", "", "d.mp4", 5, undefined],
    ],
  );
  assert.deepEqual(
    receipts.map(({ kind }) => kind),
    ["sent", "sent", "sent"],
  );
});

test("a picture that Telegram cannot use as one goes as a document", async () => {
  telegram.trouble("sendPhoto", { error_code: 400, description: "Bad Request: PHOTO_INVALID_DIMENSIONS" });
  const photo = await made.context.media.save(Buffer.from("odd"), "image/png", "odd.png");
  assert.equal((await send("", [photo])).kind, "sent");
  assert.deepEqual(
    sentNow().map(({ method }) => method),
    ["sendDocument"],
  );
});

test("what arrived in part is not sent again, and says so", async () => {
  telegram.trouble("sendDocument", { error_code: 403, description: "Forbidden: no documents here" });
  const file = await made.context.media.save(Buffer.from("d"), "application/pdf", "d.pdf");
  const receipt = await send("x".repeat(1_500), [file]);
  const reason = "only 1 of 2 parts arrived; then: Telegram says: Forbidden: no documents here (403)";
  assert.deepEqual(receipt, { kind: "failed", reason });
});

test("a file that is no longer kept fails before anything is sent", async () => {
  const receipt = await send("", [{ id: "0".repeat(64), mime: "image/png", bytes: 1, name: "lost.png" }]);
  assert.deepEqual(receipt, {
    kind: "failed",
    reason: "the file lost.png is no longer kept",
  });
});

test("typing and reactions are shown; a reaction that Telegram does not have is refused in words", async () => {
  await show({ kind: "typing" });
  await show({ kind: "reaction", messageId: "5", emoji: "❤️" });
  await show({ kind: "reaction", messageId: "5", emoji: null });
  await assert.rejects(show({ kind: "reaction", messageId: "5", emoji: "🧀" }), /Telegram has no reaction 🧀/);
  assert.deepEqual(telegram.reactions, [
    { chat: 42, message: 5, emoji: ["❤"] },
    { chat: 42, message: 5, emoji: [] },
  ]);
  assert.ok(telegram.calls.some(({ method, params }) => method === "sendChatAction" && params["action"] === "typing"));
});

test("a draft is shown in a direct chat, at most one a second, and never behind the answer", async () => {
  const drafts = () =>
    telegram.calls.filter(({ method }) => method === "sendMessageDraft").map(({ params }) => params["text"]);
  await show({ kind: "draft", draftId: "turn-1", text: "one" });
  const replaced = show({ kind: "draft", draftId: "turn-1", text: "one two" });
  const waiting = show({ kind: "draft", draftId: "turn-1", text: "one two three" });
  await show({ kind: "draft", draftId: "turn-2", text: "for a group" }, "-100");
  await send("one two three four");
  await Promise.all([replaced, waiting]);
  assert.deepEqual([drafts(), sentNow().map(({ text }) => text)], [["one"], ["one two three four"]]);
});

test("a group that got another number is found under it, also after a restart", async () => {
  telegram.migrate(-5, -100_5);
  assert.equal((await send("hi", [], { recipient: "-5" })).kind, "sent");
  assert.equal((await send("hi again", [], { recipient: "-5", thread: "9" })).kind, "sent");
  const again = createTestContext({
    accounts: [accountOf(telegram.url)],
    tokens: { default: telegram.token },
    stored: made.stored,
  });
  const other = telegramChannel.create();
  await other.start(again.context);
  const to = { channel: "telegram", account: "default", recipient: "-5" };
  const grant = again.grant("message.send", { ...to, outboxId: "o2", answers: to });
  await other.send(grant, { idempotencyKey: "o2", to, text: "hi once more", media: [] }, signal);
  await other.stop();
  const tried = telegram.calls.filter(
    ({ method, params }) => method === "sendMessage" && String(params["text"]).startsWith("hi"),
  );
  assert.deepEqual(
    tried.slice(-4).map(({ params }) => [params["chat_id"], params["message_thread_id"]]),
    [
      [-5, undefined],
      [-100_5, undefined],
      [-100_5, 9],
      [-100_5, undefined],
    ],
  );
});
