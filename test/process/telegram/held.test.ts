// A whole installation and a message that DLP held: it waits for its owner, over a kill too, and leaves once.
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { createInstallation } from "../../faux/installation.ts";
import type { Installation } from "../../faux/installation.ts";
import { until } from "../../faux/outside/until.ts";
import { openFauxTelegram } from "../../faux/telegram/server.ts";
import type { FauxTelegram } from "../../faux/telegram/server.ts";

const alice = { id: 42, is_bot: false, first_name: "Alice" };
const eve = { id: 66, is_bot: false, first_name: "Eve" };
const people = (name: string): string =>
  `${name}: ${["a", "b", "c", "d", "e"].map((letter) => `${letter}@${name}.example.org`).join(", ")}`;

suite("a message that is held", { concurrency: false }, () => {
  let telegram: FauxTelegram;
  let lorica: Installation;

  before(async () => {
    telegram = await openFauxTelegram();
    lorica = await createInstallation();
    lorica.env["TELEGRAM_BOT_TOKEN"] = telegram.token;
    lorica.writeConfig({
      channels: { telegram: { enabled: true, apiRoot: telegram.url, dmPolicy: "pairing" } },
      dlp: { pii: { emails: true } },
    });
    await lorica.start();
    await letIn(alice, ["--owner"]);
    await letIn(eve, []);
  });
  after(async () => {
    await lorica?.remove();
    await telegram?.[Symbol.asyncDispose]();
  });

  async function letIn(who: typeof alice, words: readonly string[]): Promise<void> {
    const count = telegram.sent.length;
    telegram.say({ from: who, chat: { id: who.id, type: "private" }, text: "hello" });
    const told = (await telegram.sentCount(count + 1))[count]?.text ?? "";
    const code = /pairing approve telegram ([A-Z0-9]{8})/.exec(told)?.[1] ?? "";
    const approved = await lorica.run(["pairing", "approve", "telegram", code, ...words]);
    assert.equal(approved.code, 0, approved.stderr);
  }

  const textsTo = (chat: number) => telegram.sent.filter((sent) => sent.chat === chat).map(({ text }) => text);

  type Shown = { readonly held: readonly { readonly id: string; readonly to: string; readonly word: string }[] };
  async function held(): Promise<Shown["held"]> {
    const shown = await lorica.run(["dlp", "list", "--json"]);
    assert.equal(shown.code, 0, shown.stderr);
    assert.ok(!shown.stdout.includes("example.org"));
    return (JSON.parse(shown.stdout) as Shown).held;
  }

  async function sendHeld(text: string): Promise<string> {
    const refused = await lorica.run(["message", "send", "--channel", "telegram", "--to", String(eve.id), text]);
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /a list of people \(emails\) \(incident [0-9a-f]{12}\)/);
    const [message, ...others] = await held();
    assert.deepEqual([message?.to, message?.word, others], [`telegram:default:${eve.id}`, "none", []]);
    return message?.id ?? "";
  }

  test("DLP-007 DLP-011 it waits over a kill, goes out once its owner allows it, and never again", async () => {
    const text = people("first");
    const id = await sendHeld(text);
    await lorica.kill();
    await lorica.start();
    assert.deepEqual(
      (await held()).map((one) => one.id),
      [id],
    );
    assert.ok(!textsTo(eve.id).includes(text));
    const allowed = await lorica.run(["dlp", "allow", id.slice(0, 8)]);
    assert.equal(
      allowed.stdout,
      `the message ${id} to telegram:default:${eve.id} is sent, this once\n`,
      allowed.stderr,
    );
    await until(
      "it is sent, and nothing waits",
      async () => textsTo(eve.id).includes(text) && (await held()).length === 0,
    );
    const again = await lorica.run(["dlp", "allow", id]);
    assert.notEqual(again.code, 0);
    await lorica.kill();
    await lorica.start();
    assert.deepEqual(await held(), []);
    assert.equal(textsTo(eve.id).filter((one) => one === text).length, 1);
    const evidence = await lorica.run(["audit", "query", "--kind", "dlp", "--json"]);
    assert.ok(evidence.stdout.includes(id) && !evidence.stdout.includes("example.org"), evidence.stderr);
  });

  test("DLP-011 it is not sent where its owner refuses it, and a word to them says so", async () => {
    const text = people("second");
    const id = await sendHeld(text);
    const shown = await lorica.run(["dlp", "show", id]);
    assert.match(shown.stdout, /It waits: send it with lorica dlp allow, or drop it with lorica dlp refuse/);
    const refused = await lorica.run(["dlp", "refuse", id]);
    assert.equal(refused.code, 0, refused.stderr);
    const word = `(${id}): you refused it, and it is kept no longer`;
    const alerts = async (): Promise<string> => (await lorica.run(["watchdog", "alerts", "--json"])).stdout;
    await until("there is a word for the owner", async () => (await alerts()).includes(word));
    assert.deepEqual(await held(), []);
    assert.ok(!textsTo(eve.id).includes(text));
  });
});
