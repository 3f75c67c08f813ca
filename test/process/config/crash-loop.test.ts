// A config that does not live is taken back after three failed starts, once and loudly; a gateway that fails for another
// reason keeps its config. And whoever asks why it started is told.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { Server } from "node:net";
import { join } from "node:path";
import { after, afterEach, before, suite, test } from "node:test";
import { createInstallation, freePort } from "../../faux/installation.ts";
import type { Installation } from "../../faux/installation.ts";

type Part = { readonly name: string; readonly detail: string };
type Seen = { readonly owner: { readonly parts: readonly Part[]; readonly config: { readonly hashRunning: string } } };

suite("a gateway that does not come up", { concurrency: false }, () => {
  let lorica: Installation;
  let taken: Server;
  before(async () => {
    lorica = await createInstallation();
    await run("config", "set", "gateway.port", String(lorica.port));
    taken = createServer();
  });
  after(async () => {
    taken?.close();
    await lorica?.remove();
  });

  afterEach(() => lorica.stop());

  const configPath = (): string => join(lorica.stateDir, "openclaw.json");
  const config = (): string => readFileSync(configPath(), "utf8");
  const run = async (...words: readonly string[]): Promise<string> => {
    const ran = await lorica.run(words);
    assert.equal(ran.code, 0, ran.stderr);
    return ran.stdout;
  };
  const failToStart = async (why: RegExp): Promise<void> => {
    const ran = await lorica.run(["gateway", "run"]);
    assert.notEqual(ran.code, 0);
    assert.match(ran.stderr + ran.stdout, why);
  };
  const sentinel = () =>
    JSON.parse(readFileSync(join(lorica.stateDir, "restart-sentinel.json"), "utf8")) as Record<string, unknown>;
  const startPart = async (): Promise<string> => {
    const { owner } = JSON.parse(await run("status", "--json")) as Seen;
    return owner.parts.find(({ name }) => name === "start")?.detail ?? "";
  };

  test("WD-005 CFG-011 WD-014 whoever asks why it started is told: the first time, after a stop, and with what changed", async () => {
    await lorica.start();
    assert.match(await startPart(), /: the first start$/);
    await lorica.stop();
    await run("config", "set", "ui.seamColor", "teal");
    const journal = readFileSync(join(lorica.stateDir, "logs", "config-audit.jsonl"), "utf8")
      .trim()
      .split("\n");
    const { actor: by, by: program } = JSON.parse(journal.at(-1) ?? "") as Record<string, Record<string, unknown>>;
    assert.deepEqual([by, program?.["argv"]], ["cli", ["config", "set"]]);
    await lorica.start();
    assert.match(await startPart(), /: started after it had been stopped in order$/);
    const { reason, actor, configChanges } = sentinel();
    assert.deepEqual([reason, actor], ["started after it had been stopped in order", "owner"]);
    assert.deepEqual(configChanges, ['ui.seamColor: unset → "teal" (hot)']);
    await lorica.stop();
  });

  test("WD-012 a crash loop without a change of the config leaves the config alone", async () => {
    const kept = config();
    taken.listen(lorica.port, "127.0.0.1");
    await once(taken, "listening");
    for (let time = 0; time < 5; time++) await failToStart(/in use|EADDRINUSE|taken/i);
    assert.equal(config(), kept);
    taken.close();
    await once(taken, "close");
    await lorica.start();
    assert.match(await startPart(), /did not end in order/);
    assert.doesNotMatch(await run("watchdog", "alerts"), /the last config that worked is back/);
    await lorica.stop();
  });

  test("WD-012 after three failed starts with a changed config the last good one is back, once, with an alert and a record", async () => {
    const good = config();
    const port = await freePort();
    taken = createServer();
    taken.listen(port, "127.0.0.1");
    await once(taken, "listening");
    await run("config", "set", "gateway.port", String(port));
    const bad = config();
    for (let time = 0; time < 3; time++) {
      await failToStart(/in use|EADDRINUSE|taken/i);
      assert.equal(config(), bad);
    }
    await lorica.start();
    assert.equal(config(), good);
    assert.equal(readFileSync(`${configPath()}.bak`, "utf8"), bad);
    const said =
      /3 starts in a row failed after the config had changed \(gateway\.port\), so the last config that worked is back/;
    assert.match(await startPart(), said);
    assert.match(await run("watchdog", "alerts"), said);
    assert.match(readFileSync(join(lorica.stateDir, "logs", "audit.jsonl"), "utf8"), /config\.crash-loop/);
    await lorica.stop();
  });

  test("WD-012 the same for a file that is no config at all", async () => {
    const good = config();
    writeFileSync(configPath(), "{ gateway: ");
    for (let time = 0; time < 3; time++) await failToStart(/not valid/);
    assert.equal(config(), "{ gateway: ");
    await lorica.start();
    assert.equal(config(), good);
    assert.match(await startPart(), /3 starts in a row failed .*\(it is not valid\)/);
    assert.equal(readFileSync(`${configPath()}.bak`, "utf8"), "{ gateway: ");
    await lorica.stop();
  });
});
