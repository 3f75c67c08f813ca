// The first set-up, on a real terminal, as somebody goes through it who makes mistakes and leaves in the middle.
import assert from "node:assert/strict";
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { after, before, suite, test } from "node:test";
import { createInstallation } from "../../faux/installation.ts";
import type { Installation } from "../../faux/installation.ts";
import { startFauxProvider } from "../../faux/provider.ts";
import type { FauxProvider } from "../../faux/provider.ts";
import { createFauxSystemd } from "../../faux/outside/systemd.ts";
import type { FauxSystemd } from "../../faux/outside/systemd.ts";
import { openFauxTelegram } from "../../faux/telegram/server.ts";
import type { FauxTelegram } from "../../faux/telegram/server.ts";
import { openTerminal } from "../../faux/terminal/terminal.ts";
import type { Terminal } from "../../faux/terminal/terminal.ts";

const program = join(resolve(import.meta.dirname, "../../.."), "lorica.mjs");
const enter = "\r";
const up = "\u001B[A";
const down = "\u001B[B";
const ctrlC = "\u0003";
const key = "sk-live-0123456789abcdef";
const passphrase = "five words nobody would guess";
const wrongKey = "sk-test-0123456789abcdef";

suite("the first set-up on a terminal", { concurrency: false }, () => {
  let lorica: Installation;
  let provider: FauxProvider;
  let telegram: FauxTelegram;
  let systemd: FauxSystemd;
  let raw = "";
  const terminals: Terminal[] = [];

  before(async () => {
    provider = await startFauxProvider({ key, models: ["small-1", "large-1"], script: [{ text: "ready" }] });
    telegram = await openFauxTelegram();
    lorica = await createInstallation();
    systemd = createFauxSystemd(lorica.home);
    systemd.set("unreachable");
    lorica.env["PATH"] = `${systemd.bin}:/usr/bin:/bin`;
    lorica.writeConfig({ gateway: { port: lorica.port }, channels: { telegram: { apiRoot: telegram.url } } });
  });
  after(async () => {
    for (const terminal of terminals) terminal.type(ctrlC);
    await lorica?.run(["gateway", "stop"]);
    await lorica?.remove();
    await provider?.close();
    await telegram?.[Symbol.asyncDispose]();
  });

  function open(...words: readonly string[]): Terminal {
    const terminal = openTerminal([process.execPath, program, "onboard", ...words], { env: lorica.env, rows: 60 });
    terminals.push(terminal);
    return terminal;
  }

  /**
   * The sign before a question is filled while it waits. What is typed sooner, while the terminal still edits lines by
   * itself, is not read as the same keys.
   */
  const answer = async (terminal: Terminal, question: RegExp, keys: string): Promise<void> => {
    await terminal.until(new RegExp(`◆ +${question.source}`));
    terminal.type(keys);
  };

  const config = async (path: string): Promise<unknown> =>
    JSON.parse((await lorica.run(["config", "get", path, "--json"])).stdout);

  test("CLI-004 a wrong key is refused by the provider and asked for again, a model is chosen from its list, and leaving keeps both", async () => {
    const terminal = open();
    // The last but one: another server. The list goes round.
    await answer(terminal, /Which model shall answer\?/, `${up}${up}${enter}`);
    await answer(terminal, /Its base URL/, `${provider.url}/v1${enter}`);
    await answer(terminal, /Which format does it speak\?/, enter);
    await answer(terminal, /The key for/, `${wrongKey}${enter}`);
    await terminal.until(/does not accept the key \(HTTP 401\)/);
    await answer(terminal, /What now\?/, enter);
    await answer(terminal, /The key for/, `${key}${enter}`);
    await answer(terminal, /Which of its models\?[^]*small-1[^]*large-1/, `${down}${enter}`);
    await terminal.until(/large-1 answers/);
    await answer(terminal, /Who shall reach it\?/, ctrlC);
    assert.equal(await terminal.ended, 130);
    assert.match(terminal.screen.text(), /what you answered is kept/);
    raw += terminal.raw();
    assert.match(String(await config("agents.defaults.model.primary")), /large-1/);
    const progress = readFileSync(join(lorica.stateDir, "onboarding.json"), "utf8");
    assert.deepEqual((JSON.parse(progress) as { done: unknown }).done, ["provider", "model"]);
    assert.ok(!progress.includes(key));
  });

  test("CLI-004 CH-013 OPS-016 it goes on where it was left: place, start, a bot of its own whose token is tried, its owner, what to read and a link", async () => {
    const terminal = open();
    await terminal.until(/from where you left/);
    await answer(terminal, /Who shall reach it\?/, enter);
    await terminal.until(/it runs in the background/);
    await answer(terminal, /Talk to it on Telegram\?/, `${down}${enter}`);
    await terminal.until(/A separate bot[^]*Never use the account that you write with/);
    await answer(terminal, /The bot's token/, `123456:a-token-of-nobody-0123456789${enter}`);
    await terminal.until(/Nothing was stored/);
    await answer(terminal, /The bot's token/, `${telegram.token}${enter}`);
    await terminal.until(/lorica_bot is switched on/);
    await answer(terminal, /Your own numeric Telegram id/, `4242${enter}`);
    await answer(terminal, /How shall the key of its vault be kept\?[^]*In a file of its own/, `${down}${enter}`);
    await answer(terminal, /The new passphrase/, `short${enter}`);
    await answer(terminal, /The same once more/, `short${enter}`);
    await terminal.until(/shorter than 12 characters/);
    await answer(terminal, /The new passphrase/, `${passphrase}${enter}`);
    await answer(terminal, /The same once more/, `not ${passphrase}${enter}`);
    await terminal.until(/the two differ/);
    await answer(terminal, /The new passphrase/, `${passphrase}${enter}`);
    await answer(terminal, /The same once more/, `${passphrase}${enter}`);
    const text = await terminal.until(/Talk to it here/);
    assert.match(text, /locked until: lorica vault unseal/);
    assert.match(text, /Read this first[^]*What it reads may lie to it[^]*SECURITY\.md/);
    assert.match(text, new RegExp(`http://127\\.0\\.0\\.1:${lorica.port}/.*#`));
    assert.equal(await terminal.ended, 0);
    raw += terminal.raw();
    assert.deepEqual(await config("commands.ownerAllowFrom"), ["telegram:4242"]);
    assert.equal(existsSync(join(lorica.stateDir, "onboarding.json")), false);
  });

  test("the bot answers its owner at once, with the model that was chosen", async () => {
    telegram.say({
      from: { id: 4242, is_bot: false, first_name: "Ann" },
      chat: { id: 4242, type: "private" },
      text: "hello",
    });
    const sent = await telegram.sentCount(1);
    assert.equal(sent.at(-1)?.text, "ready");
    assert.equal(provider.requests.at(-1)?.json["model"], "large-1");
  });

  test("VLT-008 the passphrase that was chosen is what opens the vault, and no key file is left", async () => {
    assert.equal(existsSync(join(lorica.home, ".config/lorica/vault.key")), false);
    assert.match((await lorica.run(["vault", "status"])).stdout, /^vault +open[^]*^opened by +passphrase$/m);
    assert.equal((await lorica.run(["vault", "seal"])).code, 0);
    assert.equal((await lorica.run(["vault", "unseal"], { input: `${passphrase}\n` })).code, 0);
  });

  test("VLT-008 where systemd gives the service the vault's key, it can be what opens the vault", async () => {
    const keyFile = join(lorica.home, ".config/lorica/vault.key");
    assert.equal((await lorica.run(["vault", "init", "--identity", "key-file"])).code, 0);
    await lorica.run(["gateway", "stop"]);
    const credentials = join(lorica.home, "credentials-of-systemd");
    mkdirSync(credentials, { mode: 0o700 });
    copyFileSync(keyFile, join(credentials, "lorica-vault-key"));
    lorica.env["CREDENTIALS_DIRECTORY"] = credentials;
    const done = ["provider", "model", "place", "telegram"];
    writeFileSync(join(lorica.stateDir, "onboarding.json"), JSON.stringify({ done }), { mode: 0o600 });
    const terminal = open();
    await answer(terminal, /How shall the key of its vault be kept\?[^]*By systemd/, `${up}${enter}`);
    await terminal.until(/systemd's credential opens the vault/);
    assert.equal(await terminal.ended, 0, terminal.screen.text());
    raw += terminal.raw();
    assert.equal(existsSync(keyFile), false);
    assert.match((await lorica.run(["vault", "status"])).stdout, /^vault +open[^]*^opened by +systemd-credential$/m);
  });

  test("no secret was ever on the screen or in the config", () => {
    const file = readFileSync(join(lorica.stateDir, "openclaw.json"), "utf8");
    for (const secret of [key, wrongKey, telegram.token, passphrase]) {
      assert.ok(!raw.includes(secret));
      assert.ok(!file.includes(secret));
    }
  });

  test("without a terminal it says how it is done without questions", async () => {
    const { code, stderr } = await lorica.run(["setup"]);
    assert.equal(code, 2);
    assert.match(stderr, /the questions need a terminal.*onboard --non-interactive --help/);
  });
});
