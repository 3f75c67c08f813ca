// A chat account from its token to its removal, by command line only, on a whole installation and a strict Bot API.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createInstallation } from "../../faux/installation.ts";
import type { Installation } from "../../faux/installation.ts";
import { openFauxTelegram } from "../../faux/telegram/server.ts";
import type { FauxTelegram } from "../../faux/telegram/server.ts";

const stranger = { id: 4_711, is_bot: false, first_name: "Ada" };
const other = { id: 4_712, is_bot: false, first_name: "Bob" };
const direct = (from: typeof stranger) => ({ from, chat: { id: from.id, type: "private" } });

describe("a chat account by command line", () => {
  let lorica: Installation;
  let telegram: FauxTelegram;
  const run = async (...words: string[]) => lorica.run(words);
  const codeIn = (text: string | undefined): string => /code: ([A-Z2-9]{8})/.exec(text ?? "")?.[1] ?? "";
  const said = async (count: number) => (await telegram.sentCount(count)).at(-1);

  before(async () => {
    lorica = await createInstallation();
    telegram = await openFauxTelegram();
    lorica.writeConfig({ channels: { telegram: { apiRoot: telegram.url } } });
    await lorica.start();
  });
  after(async () => {
    await lorica.remove();
    await telegram[Symbol.asyncDispose]();
  });

  test("CH-012 a channel that is not switched on calls nobody", async () => {
    const status = await run("channels", "status");
    assert.deepEqual([status.code, status.stdout], [0, "no chat channel is switched on\n"]);
    assert.deepEqual(telegram.calls, []);
  });

  test("a token that the platform does not know is not stored, and one that is missing is asked for", async () => {
    const missing = await run("channels", "add");
    assert.equal(missing.code, 2);
    assert.match(missing.stderr, /^lorica: no token: write to @BotFather .* --token-file\n$/);
    const wrong = await lorica.run(["channels", "add", "telegram"], { input: "999:not-the-token-of-anybody-at-all\n" });
    assert.equal(wrong.code, 8, wrong.stderr);
    assert.match(wrong.stderr, /Telegram does not know this token/);
    assert.doesNotMatch(wrong.stderr + wrong.stdout, /not-the-token/);
    assert.doesNotMatch((await run("secret", "list")).stdout, /telegram/);
  });

  test("a token is checked, kept apart, and the channel runs at once", async () => {
    const added = await lorica.run(["channels", "add", "telegram"], { input: `${telegram.token}\n` });
    assert.equal(added.code, 0, added.stderr);
    assert.match(added.stdout, /Telegram is switched on as lorica_bot/);
    await telegram.called("getUpdates");
    const config = readFileSync(join(lorica.stateDir, "openclaw.json"), "utf8");
    assert.ok(!config.includes(telegram.token));
    assert.match(config, /channel:telegram\.default\.bottoken/);
  });

  test("PAIR-001 PAIR-006 PAIR-023 CH-025 a stranger gets a code once and nothing else, until the owner lets them in", async () => {
    telegram.say({ ...direct(stranger), text: "hello" });
    const code = codeIn((await said(1))?.text);
    assert.notEqual(code, "");
    telegram.say({ ...direct(stranger), text: "hello? /status" });
    await telegram.confirmed(telegram.say({ ...direct(stranger), text: "anybody?" }));
    assert.equal(telegram.sent.length, 1);

    const wrong = await run("pairing", "approve", "telegram", "AAAAAAAA");
    assert.equal(wrong.code, 5, wrong.stderr);
    assert.match(wrong.stderr, /^lorica: no request on telegram has this code[^\n]*pairing list telegram\n$/);
    const approved = await run("pairing", "approve", "telegram", code.toLowerCase());
    assert.equal(approved.stdout, "4711 may write on telegram now, as member\n", approved.stderr);
    assert.match(approved.stderr, /--owner makes an owner/);
    const again = await run("pairing", "approve", "telegram", code, "--owner");
    assert.equal(again.code, 5, "a code is good for one use");

    telegram.say({ ...direct(stranger), text: "and now?" });
    assert.match((await said(2))?.text ?? "", /No model is configured/);
    const { stdout } = await run("pairing", "list", "telegram", "--json");
    const [seen] = (JSON.parse(stdout) as { approved: { senderId: string; role: string; lastSeenAt: string }[] })
      .approved;
    assert.deepEqual([seen?.senderId, seen?.role], ["4711", "member"]);
    assert.notEqual(seen?.lastSeenAt, null);
    const status = JSON.parse((await run("channels", "status", "--json")).stdout) as {
      channelAccounts: { telegram: { connected: boolean }[] };
    };
    assert.equal(status.channelAccounts.telegram[0]?.connected, true);
  });

  test("PAIR-020 whoever was let in is sent away again, and whoever asks can be turned down", async () => {
    const revoked = await run("pairing", "revoke", "telegram", "4711");
    assert.equal(revoked.stdout, "4711 may not write on telegram any more\n", revoked.stderr);
    telegram.say({ ...direct(other), text: "me too" });
    assert.notEqual(codeIn((await said(3))?.text), "");
    const rejected = await run("pairing", "reject", "telegram", "4712");
    assert.equal(rejected.stdout, "the request of 4712 is gone\n", rejected.stderr);
    telegram.say({ ...direct(stranger), text: "still here?" });
    assert.notEqual(codeIn((await said(4))?.text), "", "whoever was sent away is a stranger again");
    const audit = readFileSync(join(lorica.stateDir, "logs", "audit.jsonl"), "utf8");
    for (const what of ["asked", "approved as member", "revoked", "rejected"])
      assert.match(audit, new RegExp(`sender ${what}: telegram/default/471[12]`), what);
  });

  test("a channel that is removed calls nobody, and its token is forgotten", async () => {
    const removed = await run("channels", "remove", "telegram", "--yes");
    assert.equal(removed.code, 0, removed.stderr);
    assert.doesNotMatch((await run("secret", "list")).stdout, /telegram/);
    assert.equal((await run("channels", "status")).stdout, "no chat channel is switched on\n");
  });
});
