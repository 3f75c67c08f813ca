// A whole installation to which Telegram delivers, over the gateway's own port; and what goes with a message besides text.
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { createInstallation, onboard } from "../../faux/installation.ts";
import type { Installation } from "../../faux/installation.ts";
import { startFauxProvider } from "../../faux/provider.ts";
import type { FauxProvider } from "../../faux/provider.ts";
import { openFauxTelegram } from "../../faux/telegram/server.ts";
import type { FauxTelegram } from "../../faux/telegram/server.ts";

const alice = { id: 42, is_bot: false, first_name: "Alice" };

suite("a bot to which Telegram delivers", { concurrency: false }, () => {
  let telegram: FauxTelegram;
  let provider: FauxProvider;
  let lorica: Installation;
  let nextUpdate = 1;

  before(async () => {
    telegram = await openFauxTelegram();
    provider = await startFauxProvider({ script: [{ text: "Seen." }] });
    lorica = await createInstallation();
    await onboard(lorica, provider);
    lorica.env["TELEGRAM_BOT_TOKEN"] = telegram.token;
    const settings = {
      enabled: true,
      apiRoot: telegram.url,
      webhookUrl: "https://bot.example/hooks-of/telegram",
      dmPolicy: "allowlist",
      allowFrom: [String(alice.id)],
    };
    const set = await lorica.run(["config", "set", "channels.telegram", JSON.stringify(settings)]);
    assert.equal(set.code, 0, set.stderr);
    await lorica.start();
    await telegram.called("setWebhook");
  });
  after(async () => {
    await lorica?.remove();
    await provider?.close();
    await telegram?.[Symbol.asyncDispose]();
  });

  const deliver = async (
    message: Record<string, unknown>,
    secret = telegram.webhook()?.secret ?? "",
  ): Promise<number> => {
    const id = nextUpdate++;
    const chat = { id: alice.id, type: "private" };
    const response = await fetch(`http://127.0.0.1:${lorica.port}/hooks-of/telegram`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-telegram-bot-api-secret-token": secret },
      body: JSON.stringify({ update_id: id, message: { message_id: id, date: 1, from: alice, chat, ...message } }),
    });
    await response.arrayBuffer();
    return response.status;
  };

  test("CH-003 CH-019 ADV-010 only what Telegram delivers is heard, although everything comes from this machine", async () => {
    assert.equal(await deliver({ text: "forged" }, "0".repeat(64)), 401);
    assert.equal(await deliver({ text: "hello over the webhook" }), 200);
    const [sent] = await telegram.sentCount(1);
    assert.deepEqual([sent?.chat, sent?.text], [alice.id, "Seen."]);
    assert.ok(!provider.requests.some(({ body }) => body.includes("forged")));
    assert.ok(
      telegram.calls.some(({ method }) => method === "sendChatAction"),
      "it was seen to type",
    );
    assert.ok(!telegram.calls.some(({ method }) => method === "getUpdates"), "it does not poll as well");
  });

  test("CH-018 ADV-012 a stranger's file is not even fetched, whatever they call themselves; a friend's is read", async () => {
    telegram.addFile("notes", { path: "documents/notes.txt", bytes: Buffer.from("the number is 4711") });
    const document = { file_id: "notes", file_name: "notes.txt", mime_type: "text/plain", file_size: 18 };
    // The number and the name of somebody who is let in, as names.
    const eve = { id: 66, is_bot: false, first_name: "Alice", username: "42" };
    assert.equal(await deliver({ caption: "mine", document, from: eve, chat: { id: 66, type: "private" } }), 200);
    assert.equal(telegram.calls.filter(({ method }) => method === "getFile").length, 0);
    assert.equal(await deliver({ caption: "read this", document }), 200);
    await telegram.sentCount(2);
    assert.ok(provider.requests.at(-1)?.body.includes("the number is 4711"));
    assert.deepEqual([...new Set(telegram.sent.map(({ chat }) => chat))], [alice.id]);
    assert.equal(telegram.calls.filter(({ method }) => method === "getFile").length, 1);
  });
});
