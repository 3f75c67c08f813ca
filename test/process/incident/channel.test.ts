// The kill switch on an installation with a chat: a message that is being sent is cut off, nothing is sent or asked while
// the channels are stopped, what was waiting arrives afterwards, and an incident finds all of that in its snapshot.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { after, before, suite, test } from "node:test";
import { createInstallation, onboard } from "../../faux/installation.ts";
import type { Installation } from "../../faux/installation.ts";
import { startFauxProvider } from "../../faux/provider.ts";
import type { FauxProvider } from "../../faux/provider.ts";
import { openFauxTelegram } from "../../faux/telegram/server.ts";
import type { FauxTelegram } from "../../faux/telegram/server.ts";

const alice = { id: 42, is_bot: false, first_name: "Alice" };
const skip = process.getuid?.() === 0 ? "the product never runs as root" : false;
/** Longer than a poll of the channel and a delivery take; only what must NOT happen is waited for so. */
const quietMs = 1_000;

suite("the kill switch and a chat", { concurrency: false, skip }, () => {
  let telegram: FauxTelegram;
  let model: FauxProvider;
  let lorica: Installation;
  const ok = async (...words: string[]): Promise<string> => {
    const { code, stdout, stderr } = await lorica.run(words);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  const say = (text: string): number => telegram.say({ from: alice, chat: { id: alice.id, type: "private" }, text });
  const callsOf = (name: string): number => telegram.calls.filter(({ method }) => method === name).length;

  async function untilSent(text: string): Promise<void> {
    for (let count = telegram.sent.length; !telegram.sent.some((sent) => sent.text === text); count += 1)
      await telegram.sentCount(count + 1);
  }

  before(async () => {
    telegram = await openFauxTelegram();
    model = await startFauxProvider();
    lorica = await createInstallation();
    lorica.env["TELEGRAM_BOT_TOKEN"] = telegram.token;
    await onboard(lorica, model);
    await ok("config", "set", "channels.telegram.apiRoot", telegram.url);
    await ok("config", "set", "channels.telegram.dmPolicy", "pairing");
    await ok("config", "set", "channels.telegram.enabled", "true");
    await lorica.start();
  });
  after(async () => {
    await lorica?.remove();
    await model?.close();
    await telegram?.[Symbol.asyncDispose]();
  });

  test("control: while nothing is stopped she is answered, once she was let in", async () => {
    say("may I?");
    const [asked] = await telegram.sentCount(1);
    const code = /pairing approve telegram ([A-Z0-9]{8})/.exec(asked?.text ?? "")?.[1] ?? "";
    await ok("pairing", "approve", "telegram", code, "--owner");
    model.play([{ text: "hello Alice" }]);
    say("hello");
    await untilSent("hello Alice");
  });

  test("a message that is being sent is cut off, no channel asks or sends while stopped, also after a restart, and what waits arrives after resume", async () => {
    const held = Promise.withResolvers<void>();
    telegram.trouble("sendMessage", { until: held.promise });
    model.play([{ text: "cut in the middle" }, { text: "the answer to what waited" }]);
    const sends = callsOf("sendMessage");
    say("first");
    await telegram.called("sendMessage", sends + 1);
    await ok("kill", "--capability", "channels", "--reason", "test");
    const [sentBefore, pollsBefore] = [callsOf("sendMessage"), callsOf("getUpdates")];
    say("this waits at the platform");
    await delay(quietMs);
    assert.deepEqual([callsOf("sendMessage"), callsOf("getUpdates")], [sentBefore, pollsBefore]);
    const order = ["message", "send", "--channel", "telegram", "--to", "self", "written while it is stopped"];
    const refused = await lorica.run([...order, "--timeout", "10s"]);
    assert.equal(refused.code, 6, refused.stderr);
    assert.match(refused.stderr, /the owner has stopped channels.*lorica resume/);
    await lorica.stop();
    await lorica.start();
    await delay(quietMs);
    assert.deepEqual([callsOf("sendMessage"), callsOf("getUpdates")], [sentBefore, pollsBefore]);
    held.resolve();
    await ok("resume");
    await untilSent("the answer to what waited");
    const { channels } = JSON.parse((await lorica.run(["channels", "status", "--json"])).stdout) as {
      channels: Record<string, { readonly replies: { readonly unknown: number } }>;
    };
    assert.equal(channels["telegram"]?.replies.unknown, 1, "what was cut off may have arrived, and is shown so");
    assert.ok(!telegram.sent.some(({ text }) => text.includes("while it is stopped")), "what was refused is not kept");
    assert.match(await ok(...order), /sent to 42/);
  });

  test("IR-001 an incident stops the chat as well, and its snapshot has neither the bot's token nor the model's key", async () => {
    const { folder } = JSON.parse(await ok("incident", "start", "--reason", "test", "--json")) as { folder: string };
    const polls = callsOf("getUpdates");
    await delay(quietMs);
    assert.equal(callsOf("getUpdates"), polls);
    assert.match(await ok("incident", "status"), /channel:telegram: revoke the token of telegram where it was made/);
    const senders = readFileSync(join(folder, "senders.json"), "utf8");
    assert.match(senders, /"senderId": "42"/);
    assert.match(readFileSync(join(folder, "sessions.json"), "utf8"), /agent:main:/);
    assert.match(readFileSync(join(folder, "devices.json"), "utf8"), /"paired"/);
    for (const name of ["config.json", "gateway.jsonl", "hunt.json", "senders.json", "sessions.json", "devices.json"])
      assert.doesNotMatch(readFileSync(join(folder, name), "utf8"), new RegExp(`${telegram.token}|key-of-the-test`));
    assert.match(await ok("incident", "contain", "--senders", "--yes"), /1 people of channels were sent away/);
    assert.doesNotMatch(await ok("pairing", "list"), /Alice/);
    await ok("incident", "close");
    await ok("resume");
    const before = telegram.sent.length;
    await telegram.confirmed(say("am I still let in?"));
    const [, ...answers] = (await telegram.sentCount(before + 1)).slice(before - 1);
    assert.match(answers.map(({ text }) => text).join(), /pairing approve telegram/, "she must ask anew");
  });
});
