// The full-screen chat on a real terminal, against a whole installation with the rehearsal model.
import assert from "node:assert/strict";
import { join, resolve } from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import { createInstallation } from "../../faux/installation.ts";
import type { Installation } from "../../faux/installation.ts";
import { openTerminal } from "../../faux/terminal/terminal.ts";
import type { Terminal } from "../../faux/terminal/terminal.ts";

const program = join(resolve(import.meta.dirname, "../../.."), "lorica.mjs");
const newLine = "\n";
const enter = "\r";
const ctrlC = "\u0003";

describe("the full-screen chat", () => {
  let installation: Installation;
  let terminal: Terminal;

  before(async () => {
    installation = await createInstallation();
    await installation.start();
  });
  // A test that failed has not left.
  afterEach(() => terminal.kill());
  after(() => installation.remove());

  async function open(...words: readonly string[]): Promise<Terminal> {
    terminal = openTerminal([process.execPath, program, "tui", ...words], { env: installation.env });
    await terminal.until(/\/help/);
    return terminal;
  }
  const idle = (text: string): boolean => !text.includes("working");

  async function leave(): Promise<void> {
    terminal.type(`/quit${enter}`);
    assert.equal(await terminal.ended, 0);
  }

  test("UI-011 a message is answered as it comes, with Markdown and what tools do, and is there again later", async () => {
    await open();
    const call = '!call exec {"command":"echo made by a tool"}';
    terminal.type(`!say **first** words${newLine}${call}${newLine}!say and the end${enter}`);
    const text = await terminal.until(
      (seen) => /and the end/.test(seen.replace(/> [^]*?! ?say and the end/, "")) && idle(seen),
    );
    assert.match(text, /first words/);
    assert.match(text, /✓ exec echo made by a tool\n {3}.*made by a tool/);
    assert.ok(terminal.raw().includes("\u001B[1mfirst"), "Markdown's bold is the terminal's");
    await leave();

    await open("--session", "main");
    const again = await terminal.until(/and the end[^]*and the end/);
    assert.match(again, /✓ exec/);
    await leave();
  });

  test("UI-011 Ctrl-C cancels what runs; twice where nothing does, it leaves", async () => {
    await open("--session", "slow");
    terminal.type(`!stream 200ms ${"word ".repeat(200)}${enter}`);
    await terminal.until(/working[^]*|word word word/);
    await terminal.until((text) => text.includes("working"));
    terminal.type(ctrlC);
    await terminal.until((text) => /cancelled/.test(text) && idle(text));
    terminal.type(ctrlC);
    await terminal.until(/Ctrl-C once more/);
    terminal.type(ctrlC);
    assert.equal(await terminal.ended, 0);
  });

  test("UI-011 it follows the size of its window, recalls what was sent, completes commands and lists sessions", async () => {
    await open("--session", "sizes");
    terminal.type(`!say ${"x".repeat(60)} ${"y".repeat(30)}${enter}`);
    await terminal.until((text) => /x{60} y{30}\n/.test(text) && idle(text));
    terminal.resize(30, 70);
    await terminal.until(/^ x{60}$\n y{30}$/m);
    terminal.type("\u001B[A");
    await terminal.until(/─\n!say x+/);
    terminal.type(ctrlC);
    terminal.type("/sess");
    await terminal.until(/\/sessions/);
    terminal.type(`ions${enter}`);
    await terminal.until(/→ sizes .*messages/);
    terminal.type("\u001B");
    await terminal.until((text) => !text.includes("→ sizes"));
    terminal.type(`/session other${enter}`);
    await terminal.until(/session agent:main:other/);
    await leave();
  });

  test("nothing that a model says is obeyed by the terminal, and leaving gives it back as it was", async () => {
    await open("--session", "hostile");
    const hostile =
      '!call exec {"command":"printf \'\\\\033]0;taken\\\\007\\\\033[31mred\\\\033]52;c;ZXZpbA==\\\\007\'"}';
    terminal.type(`${hostile}${newLine}!echo${enter}`);
    await terminal.until((text) => /✓ exec/.test(text) && /red/.test(text) && idle(text));
    await leave();
    assert.deepEqual(terminal.screen.strange, ["_restored=1"]);
    const obeyed = ["taken\u0007", "\u001B[31mred"].filter((sequence) => terminal.raw().includes(sequence));
    assert.deepEqual(obeyed, []);
  });

  test("words of any script are shown, and none of them ends it", async () => {
    await open("--session", "scripts");
    terminal.type(`!say ${"\u0E33".repeat(250)} and the end${enter}`);
    await terminal.until((text) => /and the end[^]*and the end/.test(text) && idle(text));
    await leave();
  });

  test("where it breaks, the terminal is given back before the reason is said", async () => {
    const breaks = 'setInterval(() => { if (process.stdin.isRaw) throw new Error("made by the test"); }, 50)';
    const env = { ...installation.env, NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(breaks)}` };
    const broken = openTerminal([process.execPath, program, "tui"], { env });
    assert.equal(await broken.ended, 1);
    assert.deepEqual(broken.screen.strange, ["_restored=1"]);
    const [before = "", after = ""] = broken.raw().split("\u001B[?2004l");
    assert.deepEqual([before.includes("made by the test"), after.includes("made by the test")], [false, true]);
  });

  test("a gateway that restarts is waited for, and the talk goes on", async () => {
    await open("--session", "restart");
    await installation.stop();
    await terminal.until(/no connection; trying again/);
    await installation.start();
    await terminal.until(/restart · [^\n]* · \/help/);
    terminal.type(`!say still here${enter}`);
    await terminal.until((text) => /^ still here/m.test(text) && idle(text));
    await leave();
  });

  test("without a terminal it says what to use instead, and without a gateway how to start one", async () => {
    const { code, stderr } = await installation.run(["tui"]);
    assert.deepEqual(
      [code, stderr],
      [2, "lorica: the full-screen chat needs a terminal, and there is none here. Line by line: lorica chat\n"],
    );
    await installation.stop();
    const lonely = openTerminal([process.execPath, program, "tui"], { env: installation.env });
    await lonely.until(/no gateway is running\. Start one with: lorica up/);
    assert.equal(await lonely.ended, 7);
  });
});
