// A gateway that is started on a terminal asks for the passphrase of its vault; one without a terminal starts locked.
import assert from "node:assert/strict";
import { join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { createInstallation } from "../../faux/installation.ts";
import type { Installation } from "../../faux/installation.ts";
import { openTerminal } from "../../faux/terminal/terminal.ts";
import type { Terminal } from "../../faux/terminal/terminal.ts";

const program = join(resolve(import.meta.dirname, "../../.."), "lorica.mjs");
const passphrase = "four words are enough";
const enter = "\r";
const ctrlC = "\u0003";
const question = /◆ +The vault's passphrase/;
const askedAgain = /◆ +the passphrase is another one\. The vault's passphrase/;

describe("a gateway on a terminal whose vault waits for a passphrase", { concurrency: false }, () => {
  let lorica: Installation;
  const terminals: Terminal[] = [];
  before(async () => {
    lorica = await createInstallation();
    delete lorica.env["OPENCLAW_GATEWAY_TOKEN"];
    lorica.writeConfig({ gateway: { port: lorica.port } });
    const made = await lorica.run(["vault", "init", "--identity", "passphrase"], { input: `${passphrase}\n` });
    assert.equal(made.code, 0, made.stderr);
  });
  after(async () => {
    for (const terminal of terminals) terminal.kill();
    await lorica.remove();
  });

  function open(...words: readonly string[]): Terminal {
    const terminal = openTerminal([process.execPath, program, ...words], { env: lorica.env, rows: 60 });
    terminals.push(terminal);
    return terminal;
  }
  const status = async (): Promise<string> => (await lorica.run(["vault", "status"])).stdout;
  const end = async (terminal: Terminal): Promise<void> => {
    terminal.type(ctrlC);
    assert.equal(await terminal.ended, 0, terminal.screen.text());
    assert.ok(!terminal.raw().includes(passphrase));
  };

  for (const words of [
    ["gateway", "run"],
    ["up", "--foreground"],
  ])
    test(`VLT-008 ${words.join(" ")}: a wrong one is asked for again, the right one opens it, and neither is shown`, async () => {
      const terminal = open(...words);
      await terminal.until(question);
      terminal.type(`three words are wrong${enter}`);
      await terminal.until(askedAgain);
      terminal.type(`${passphrase}${enter}`);
      await terminal.until(/broker: ready/);
      assert.match(await status(), /^vault +open[^]*^opened by +passphrase$/m);
      assert.ok(!terminal.raw().includes("three words"));
      await end(terminal);
    });

  test("VLT-008 after three wrong ones it runs locked, and says what opens it", async () => {
    const terminal = open("gateway", "run");
    await terminal.until(question);
    for (const nth of [1, 2, 3]) {
      terminal.type(`wrong number ${nth}${enter}`);
      // Each question stays on the screen, answered; the next one is below it.
      if (nth < 3)
        await terminal.until(
          (text) => text.split("passphrase is another one. The").length === nth + 1 && /◆/.test(text),
        );
    }
    await terminal.until(/the vault is locked: the passphrase is another one. Open it with: lorica vault\s+unseal/);
    await terminal.until(/broker: ready/);
    assert.match(await status(), /^vault +locked: the passphrase is another one$/m);
    const opened = await lorica.run(["vault", "unseal"], { input: `${passphrase}\n` });
    assert.equal(opened.code, 0, opened.stderr);
    assert.match(await status(), /^vault +open/m);
    await end(terminal);
  });

  test("leaving the question starts nothing", async () => {
    const terminal = open("gateway", "run");
    await terminal.until(question);
    terminal.type(ctrlC);
    assert.equal(await terminal.ended, 130);
    assert.match(terminal.screen.text(), /the gateway was not started/);
  });

  test("VLT-008 without a terminal nobody is asked, and it starts locked", async () => {
    await lorica.start();
    assert.match(await status(), /^vault +locked: it waits for its passphrase$/m);
    await lorica.stop();
  });
});
