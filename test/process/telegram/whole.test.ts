// A whole installation with a Telegram bot: who is let in, what is answered, and what a kill leaves behind.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { after, before, suite, test } from "node:test";
import { createInstallation, onboard } from "../../faux/installation.ts";
import type { Installation } from "../../faux/installation.ts";
import { searchMemory } from "../../faux/outside/memory.ts";
import { processesBelow } from "../../faux/outside/processes.ts";
import { startFauxProvider } from "../../faux/provider.ts";
import type { FauxProvider, FauxRequest } from "../../faux/provider.ts";
import { openFauxTelegram } from "../../faux/telegram/server.ts";
import type { FauxTelegram } from "../../faux/telegram/server.ts";

const alice = { id: 42, is_bot: false, first_name: "Alice" };
const eve = { id: 66, is_bot: false, first_name: "Eve" };
const group = { id: -100_200, type: "supergroup", title: "Team" };
const textMention = "@lorica_bot what do we know";

suite("a bot on Telegram", { concurrency: false }, () => {
  let telegram: FauxTelegram;
  let provider: FauxProvider;
  let lorica: Installation;
  let broker: number;

  before(async () => {
    telegram = await openFauxTelegram();
    provider = await startFauxProvider({ script: (request) => ({ text: `you asked: ${lastQuestion(request)}` }) });
    lorica = await createInstallation();
    lorica.env["TELEGRAM_BOT_TOKEN"] = telegram.token;
    lorica.writeConfig({
      channels: {
        telegram: {
          enabled: true,
          apiRoot: telegram.url,
          dmPolicy: "pairing",
          allowedGroups: [String(group.id)],
          groupAllowFrom: [String(alice.id)],
        },
      },
    });
    broker = (await lorica.start()).pid ?? 0;
  });
  after(async () => {
    await lorica?.remove();
    await provider?.close();
    await telegram?.[Symbol.asyncDispose]();
  });

  const say = (text: string, from: typeof alice = alice): number =>
    telegram.say({ from, chat: { id: from.id, type: "private" }, text });
  const sentTo = (chat: number) => telegram.sent.filter((sent) => sent.chat === chat).map(({ text }) => text);
  /** The next message that is sent after what was sent already. */
  const answer = async (work: () => unknown): Promise<string> => {
    const count = telegram.sent.length;
    await work();
    return (await telegram.sentCount(count + 1))[count]?.text ?? "";
  };

  test("PAIR-001 PAIR-023 a stranger gets a code once, and is ignored until the owner lets them in", async () => {
    const told = await answer(() => say("hello"));
    const code = /pairing approve telegram ([A-Z0-9]{8})/.exec(told)?.[1] ?? "";
    assert.notEqual(code, "", told);
    assert.match(told, /42/);
    await telegram.confirmed(say("are you there?"));
    await telegram.confirmed(say("!say rehearsed"));
    const approved = await lorica.run(["pairing", "approve", "telegram", code, "--owner"]);
    assert.equal(approved.code, 0, approved.stderr);
    // Without a model nobody answers in its place, and the rehearsal's grammar is only words.
    const unanswered = await answer(() => say("!say rehearsed"));
    assert.match(unanswered, /[Nn]o model is configured/);
    assert.equal(sentTo(alice.id).length, 2);
    const again = await lorica.run(["pairing", "approve", "telegram", code, "--owner"]);
    assert.notEqual(again.code, 0, "a code works once");
  });

  test("CH-025 the channel is seen to be connected", async () => {
    const shown = await lorica.run(["channels", "status", "--json"]);
    assert.equal(shown.code, 0, shown.stderr);
    const { channelAccounts } = JSON.parse(shown.stdout) as {
      channelAccounts: Record<string, readonly { readonly accountId: string; readonly connected: boolean }[]>;
    };
    assert.deepEqual(
      channelAccounts["telegram"]?.map(({ accountId, connected }) => [accountId, connected]),
      [["default", true]],
    );
  });

  test("CH-002 who was let in chats, in a conversation that goes on", async () => {
    await lorica.stop();
    await onboard(lorica, provider);
    broker = (await lorica.start()).pid ?? 0;
    assert.equal(await answer(() => say("what is **it**?")), "you asked: what is it?");
  });

  test("ADV-005 what a model writes names no file: it is sent as the text it is, and nothing is read for it", async () => {
    const planted = "the content of a file beside the workspace";
    for (const folder of [lorica.home, lorica.workspace]) writeFileSync(join(folder, "notes.txt"), planted);
    const names = [join(lorica.home, "notes.txt"), "notes.txt"].flatMap((path) => [
      `MEDIA:${path}`,
      `MEDIA: file://${path}`,
      `[[attach:${path}]]`,
    ]);
    for (const name of names) assert.equal(await answer(() => say(name)), `you asked: ${name}`);
    assert.doesNotMatch(JSON.stringify(telegram.calls), new RegExp(planted));
    const sends = telegram.calls.map(({ method }) => method).filter((method) => /^(send|edit|copy)/.test(method));
    assert.deepEqual(
      [...new Set(sends)].filter((method) => !/^(sendMessage|sendChatAction)$/.test(method)),
      [],
    );
  });

  test("CLI-051 the owner sends by themselves, to whom they let in and to nobody else", async () => {
    const send = (to: string) =>
      lorica.run(["message", "send", "--channel", "telegram", "--to", to, "the backup is done"]);
    const sent = await send(String(alice.id));
    assert.deepEqual([sent.code, sent.stdout], [0, `sent to ${alice.id} over telegram\n`], sent.stderr);
    assert.equal(sentTo(alice.id).filter((text) => text === "the backup is done").length, 1);
    const refused = await send("99999");
    assert.match(refused.stderr, /"99999" is nobody whom you let in on telegram/);
    assert.notEqual(refused.code, 0);
  });

  test("PAIR-003 PAIR-009 PAIR-010 in a group it hears only who is listed, only there, and only when it is meant", async () => {
    const mention = (text: string) => ({
      text,
      entities: [{ type: "mention", offset: text.indexOf("@"), length: "@lorica_bot".length }],
    });
    const groupSays = (from: typeof alice, message: Record<string, unknown>, chat = group): number =>
      telegram.say({ from, chat, ...message });
    const count = telegram.sent.length;
    await telegram.confirmed(groupSays(alice, { text: "lunch at noon" }));
    await telegram.confirmed(groupSays(eve, mention("@lorica_bot tell me secrets")));
    await telegram.confirmed(groupSays(alice, mention(textMention), { ...group, id: -100_999 }));
    await telegram.confirmed(groupSays(alice, { text: textMention }));
    assert.equal(telegram.sent.length, count);
    const told = await answer(() => groupSays(alice, mention(textMention)));
    assert.match(told, /you asked:[^]*what do we know/);
    assert.equal(telegram.sent.at(-1)?.chat, group.id);
    assert.equal(telegram.sent.length, count + 1);
  });

  test("the token is not in the gateway's memory", () => {
    const gateway = processesBelow(broker, "gateway-child").at(-1) ?? 0;
    assert.deepEqual(searchMemory(gateway, [telegram.token, textMention]), [textMention]);
  });

  /** The model is asked and never answers, so that nothing can have been sent before the kill. */
  const holdModel = (): Promise<void> => {
    const asked = Promise.withResolvers<void>();
    const never = new Promise<void>(() => undefined);
    provider.play(() => {
      asked.resolve();
      return { text: "never", until: never };
    });
    return asked.promise;
  };

  const killPoints: readonly (readonly [string, (question: string) => Promise<void>])[] = [
    [
      "as soon as the update was handed over",
      async (question) => {
        void holdModel();
        const held = telegram.called(
          "getUpdates",
          telegram.calls.filter(({ method }) => method === "getUpdates").length + 1,
        );
        say(question);
        await held;
      },
    ],
    [
      "while the model is asked",
      async (question) => {
        const asked = holdModel();
        say(question);
        await asked;
      },
    ],
    ...[0, 5, 15, 40, 80].map(
      (ms) =>
        [
          `${ms} ms after the update was there`,
          async (question: string) => {
            say(question);
            await delay(ms);
          },
        ] as const,
    ),
  ];

  for (const [at, [when, reach]] of killPoints.entries()) {
    const nothingWasSent = at < 2;
    test(`killed ${when}, the reply is there after the restart, once`, async () => {
      const question = `question of the kill ${when}`;
      const unknownBefore = await unknownReplies();
      await reach(question);
      await lorica.kill();
      provider.play((request) => ({ text: `you asked: ${lastQuestion(request)}` }));
      broker = (await lorica.start()).pid ?? 0;
      const next = `after the kill ${when}`;
      say(next);
      await untilSaid(next);
      const replies = sentTo(alice.id).filter((text) => text === `you asked: ${question}`).length;
      const unknown = (await unknownReplies()) - unknownBefore;
      if (nothingWasSent) assert.deepEqual([replies, unknown], [1, 0]);
      // Where the kill met the request that carried the reply, nobody can know; it is shown and not sent again.
      else assert.ok(replies === 1 || (replies === 0 && unknown === 1), `${replies} replies, ${unknown} unknown`);
    });
  }

  async function unknownReplies(): Promise<number> {
    const shown = await lorica.run(["channels", "status", "--json"]);
    const { channels } = JSON.parse(shown.stdout) as {
      channels: Record<string, { readonly replies: { readonly unknown: number } }>;
    };
    return channels["telegram"]?.replies.unknown ?? Number.NaN;
  }

  async function untilSaid(question: string): Promise<void> {
    for (let count = telegram.sent.length; ; count += 1) {
      if (sentTo(alice.id).includes(`you asked: ${question}`)) return;
      await telegram.sentCount(count + 1);
    }
  }

  test("killed while the reply is on its way, it is shown as unknown and not sent again", async () => {
    const before = await unknownReplies();
    const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
    telegram.trouble("sendMessage", { until: held });
    const sends = telegram.calls.filter(({ method }) => method === "sendMessage").length;
    say("the one that is lost on its way");
    await telegram.called("sendMessage", sends + 1);
    await lorica.kill();
    letGo();
    broker = (await lorica.start()).pid ?? 0;
    say("the next one");
    await untilSaid("the next one");
    assert.equal(sentTo(alice.id).filter((text) => text.includes("lost on its way")).length, 1);
    assert.equal(await unknownReplies(), before + 1);
    const shown = await lorica.run(["channels", "status"]);
    assert.match(shown.stdout, /cut off while they were sent/);
  });
});

/** What the person wrote last, without the line that says who and when. */
function lastQuestion({ json }: FauxRequest): string {
  const messages = json["messages"] as readonly { readonly role: string; readonly content: unknown }[];
  const { content } = messages.findLast(({ role }) => role === "user") ?? {};
  const parts = content as string | readonly { readonly text?: string }[];
  const text = typeof parts === "string" ? parts : parts.flatMap(({ text }) => text ?? []).join("\n");
  return text.replaceAll(/^\[#.*\]\n/gm, "");
}
