// Fifty credentials are planted, a long day of work is done with them, and then they are sought in everything that another
// program of the same user can read: no process but the broker and no file holds one, in any of twelve spellings.
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { randomCore, spellings } from "../../faux/canaries/canaries.ts";
import { startControl, writeControlFiles } from "../../faux/canaries/control.ts";
import * as theDay from "../../faux/canaries/day.ts";
import { configWith, createPlanted, giveToVault, writeDotEnv } from "../../faux/canaries/plant.ts";
import { belowThis, scanFiles, scanProcess } from "../../faux/canaries/scan.ts";
import type { ProcessScan } from "../../faux/canaries/scan.ts";
import { createSearch } from "../../faux/canaries/search.ts";
import { openWorld } from "../../faux/canaries/world.ts";
import { createInstallation } from "../../faux/installation.ts";
import { whyNoSandbox } from "../../faux/outside/host.ts";
import { processesBelow } from "../../faux/outside/processes.ts";
import { until } from "../../faux/outside/until.ts";

const skip = process.getuid?.() === 0 ? "root may look into everything" : (whyNoSandbox() ?? false);

suite("a day with fifty credentials", { concurrency: false, skip }, () => {
  const planted = createPlanted();
  const search = createSearch(planted.all);
  /** Said in a conversation: whoever has it in memory was looked into. */
  const sentinel = `said-${randomCore()}`;
  const sentinels = createSearch([sentinel]);
  let day: theDay.Day;
  let broker = 0;
  before(async () => {
    const world = await openWorld(planted);
    const lorica = await createInstallation();
    day = { lorica, world, printed: [] };
    lorica.env["XDG_CACHE_HOME"] = join(lorica.home, ".cache");
    lorica.writeConfig(configWith(planted, world.places));
    writeDotEnv(lorica, planted);
    await start();
    await giveToVault(lorica, planted);
    await theDay.registerHook(day);
  });
  after(async () => {
    await day?.lorica.remove();
    await day?.world.close();
  });

  /** The environment that a gateway is started in is not the one of the owner's commands. */
  const start = async (): Promise<void> => {
    Object.assign(day.lorica.env, planted.inEnvironment);
    broker = (await day.lorica.start()).pid ?? 0;
    for (const name of Object.keys(planted.inEnvironment)) delete day.lorica.env[name];
  };

  /** Every process below this one, which are the installation's: all but the broker could be looked into, and hold nothing. */
  const scanAll = (): readonly ProcessScan[] => {
    const scans = belowThis(search);
    const others = scans.filter(({ pid }) => pid !== broker);
    assert.deepEqual(
      others.filter(({ closed }) => closed !== undefined),
      [],
      "each was looked into",
    );
    assert.deepEqual(
      scans.flatMap(({ found }) => found),
      [],
    );
    return others;
  };
  const sawOne = (scans: readonly ProcessScan[], wanted: RegExp): void => {
    const one = scans.find(({ line, memoryBytes }) => wanted.test(line) && memoryBytes > 0);
    assert.ok(one !== undefined, `${String(wanted)} among ${scans.map(({ line }) => line).join("\n")}`);
  };

  test("the control: what is in an environment, a command line, memory, files, names and archives is found in every spelling", async () => {
    const names = ["memory", "environment", "line", "plain", "packed", "name"] as const;
    const values = Object.fromEntries(names.map((name) => [name, `ctl_${randomCore(32)}`])) as Record<
      (typeof names)[number],
      string
    >;
    const find = createSearch(Object.values(values));
    const control = await startControl(values);
    const scan = scanProcess(control.pid, find);
    control.end();
    const found = (hits: readonly { readonly value: string; readonly spelling: string }[], value: string) =>
      new Set(hits.filter((hit) => hit.value === value).map(({ spelling }) => spelling));
    assert.deepEqual(found(scan?.found ?? [], values.memory), new Set(Object.keys(spellings)));
    const at = (where: string) => scan?.found.filter((hit) => hit.where.startsWith(where)) ?? [];
    assert.deepEqual(found(at("environment"), values.environment), new Set(["plain"]));
    assert.deepEqual(found(at("command line"), values.line), new Set(["plain"]));
    const folder = `${day.lorica.home}-control`;
    writeControlFiles(folder, values);
    const { found: inFiles } = scanFiles(folder, find);
    rmSync(folder, { recursive: true });
    assert.deepEqual(found(inFiles, values.plain), new Set(Object.keys(spellings)));
    assert.deepEqual(found(inFiles, values.packed), new Set(Object.keys(spellings)));
    assert.deepEqual(found(inFiles, values.name), new Set(["plain"]));
  });

  test("real calls are made with them, over every way in, and each server sees the one that is its own", async () => {
    await theDay.workAtTheDesk(day);
    const { provider, telegram, workTelegram } = day.world;
    const { mine, planted: fromConfig, openai } = planted.used;
    const keys = new Set(provider.requests.map(({ headers }) => headers.authorization));
    assert.deepEqual(keys, new Set([mine, fromConfig, openai].map((key) => `Bearer ${key}`)));
    assert.match(await theDay.talkOverHttp(day, "over http"), /heard: over http/);
    assert.match(await theDay.talkOverHttp(day, "echo over http"), /your key is/);
    assert.match(await theDay.talkOverWebSocket(day, "over a socket"), /heard: over a socket/);
    assert.deepEqual(await theDay.talkOverTelegram(day, "over telegram"), ["heard: over telegram"]);
    assert.match((await theDay.talkOverTelegram(day, "echo over telegram")).join(), /your key is/);
    // Whoever comes with another token is answered with 401 and nothing is counted.
    await telegram.called("getUpdates");
    await workTelegram.called("getUpdates");
  });

  test("while a cell, a hook, a command of the owner and a call to a model are at work, no process but the broker holds one", async () => {
    await theDay.say(day, "desk", sentinel);
    await theDay.say(day, "desk", 'call exec {"command":"sleep 600","background":true}');
    const hooked = theDay.say(day, "hooked", 'call exec {"command":"true # await the hook"}');
    await until("the hook looks", async () => processesBelow(broker, "look.sh").length > 0);
    const held = theDay.say(day, "held", "hold on");
    await until("the model is asked", async () => day.world.held());
    try {
      const scans = scanAll();
      for (const wanted of [
        /gateway-child/,
        /look\.sh/,
        /sleep 600/,
        /agent --session-id held/,
        /supervisor/,
        /worker/,
      ])
        sawOne(scans, wanted);
      const gateway = belowThis(sentinels).filter(({ found }) => found.length > 0);
      assert.ok(
        gateway.some(({ line }) => line.includes("gateway-child")),
        "what is in its memory is found there",
      );
      assert.equal(scanProcess(broker, search)?.closed, "EACCES");
    } finally {
      day.world.letGo();
      writeFileSync(join(day.lorica.workspace, "go"), "");
      await Promise.all([hooked, held]);
    }
  });

  test("after the work, the keeping of the house, a restart and a kill no process and no file holds one", async () => {
    await theDay.keepHouse(day);
    scanAll();
    await day.lorica.stop();
    await start();
    await theDay.say(day, "desk", "after the restart");
    const cut = theDay.run(day, ["agent", "--session-id", "cut", "--message", "hold until the kill"]);
    await until("the model is asked", async () => day.world.held());
    await day.lorica.kill();
    day.world.letGo();
    await cut;
    await start();
    await theDay.say(day, "desk", "after the kill");
    scanAll();
    // From here on its key is in the gateway's memory, and still nowhere else: the provider has told it, piece by piece.
    assert.match(await theDay.say(day, "desk", "split"), /your key is/);
    await theDay.readBack(day);
    const files = scanFiles(day.lorica.home, search);
    assert.ok(files.files > 50 && files.bytes > 1_000_000, `${files.files} files, ${files.bytes} bytes`);
    assert.deepEqual(files.found, []);
    assert.deepEqual(
      files.closed.filter((path) => !/unreadable\/loader-[\d-]+$/.test(path)),
      [],
    );
    const printed = day.printed.map(({ stdout, stderr }) => stdout + stderr).join("\n");
    assert.match(printed, /after the kill/);
    assert.deepEqual(search(Buffer.from(printed)), []);
    const said = day.world.telegram.sent.map(({ text }) => text).join("\n");
    assert.deepEqual(search(Buffer.from(said)), []);
  });

  test("the control: where the broker's memory is open, all that it holds is found there, and only there", async () => {
    await day.lorica.stop();
    const cache = join(day.lorica.home, ".cache/lorica/unreadable");
    rmSync(cache, { recursive: true });
    writeFileSync(cache, "");
    await start();
    await theDay.say(day, "desk", "with an open memory");
    const scans = belowThis(search);
    const holders = scans.filter(({ found }) => found.length > 0);
    assert.deepEqual(
      holders.map(({ pid }) => pid),
      [broker],
    );
    const held = new Set(holders.flatMap(({ found }) => found.map(({ value }) => value)));
    assert.deepEqual(held, new Set(planted.all));
    assert.match(await theDay.ok(day, ["status", "--all"]), /vault +degraded: .*can read this process's memory/);
  });
});
