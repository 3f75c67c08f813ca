// Another process of the owner's own user changes the config of a running gateway; the owner edits it by hand; and both
// while nothing runs.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { chmodSync, copyFileSync, globSync, mkdirSync, readFileSync, renameSync, watch, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { after, before, suite, test } from "node:test";
import { createInstallation } from "../../faux/installation.ts";
import type { Installation } from "../../faux/installation.ts";
import { filesWith } from "../../faux/outside/files.ts";

const rounds = 20;
const unitText = "[Service]\nExecStart=/usr/bin/openclaw gateway run\n";

suite("a config that others can write to", { concurrency: false }, () => {
  let lorica: Installation;
  let path: string;
  let approved: string;
  let unit: string;
  before(async () => {
    lorica = await createInstallation();
    path = join(lorica.stateDir, "openclaw.json");
    lorica.writeConfig("{\n  // mine\n  gateway: { bind: 'loopback' },\n  messages: { queue: { cap: 5 } },\n}\n");
    approved = readFileSync(path, "utf8");
    unit = join(lorica.home, ".config/systemd/user/openclaw-gateway.service");
    mkdirSync(dirname(unit), { recursive: true });
    writeFileSync(unit, unitText);
    await lorica.start();
  });
  after(() => lorica?.remove());

  const lines = async (...words: readonly string[]): Promise<string> => {
    const ran = await lorica.run(words);
    assert.equal(ran.code, 0, ran.stderr);
    return ran.stdout;
  };
  const opened = (): string => approved.replace("'loopback'", "'lan'");
  /** As another program of the same user would, knowing nothing of Lorica. */
  const tamper = (text: string): void => {
    execFileSync("sh", ["-c", 'printf %s "$1" > "$2"', "sh", text, path]);
  };
  const untilText = async (wanted: string, file = path): Promise<number> => {
    const startedAt = performance.now();
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = (): void => {
      if (read(file) === wanted) resolve();
    };
    const watching = watch(dirname(file), (_event, name) => name === basename(file) && look());
    const late = setTimeout(() => resolve(), 10_000);
    look();
    await promise;
    clearTimeout(late);
    watching.close();
    assert.equal(read(file), wanted);
    return performance.now() - startedAt;
  };
  const read = (file = path): string => {
    try {
      return readFileSync(file, "utf8");
    } catch {
      return "";
    }
  };
  const untilCap = async (cap: number): Promise<void> => {
    for (let tries = 0; tries < 20; tries++) {
      if ((await lines("config", "get", "messages.queue.cap", "--json")).trim() === String(cap)) break;
    }
    assert.equal((await lines("config", "get", "messages.queue.cap", "--json")).trim(), String(cap));
    assert.doesNotMatch(await lines("config", "pending"), /waiting/);
  };

  test("WD-001 WD-002 a unit that is made to start something else is as it was within a second", async () => {
    const evil = unitText.replace("ExecStart=", "ExecStartPre=/tmp/evil\nExecStart=");
    writeFileSync(unit, evil);
    const took = await untilText(unitText, unit);
    assert.ok(took < 1_000, `it took ${took} ms`);
    const dropIn = join(`${unit}.d`, "more.conf");
    mkdirSync(dirname(dropIn));
    writeFileSync(dropIn, "[Service]\nEnvironment=OPENCLAW_GATEWAY_BIND=lan\n");
    await untilText("", dropIn);
    assert.match(await lines("watchdog", "alerts"), /openclaw-gateway\.service was changed outside of Lorica/);
    await lines("watchdog", "accept", dropIn);
    assert.match(read(dropIn), /GATEWAY_BIND/);
    assert.match(await lines("watchdog", "status"), /what starts the gateway:[^]*more\.conf +as it was +by owner/);
    await lines("watchdog", "restore", dropIn);
    assert.equal(read(dropIn), "");
    await lines("watchdog", "ack");
  });

  test("WD-002 GAP-026 INJ-030 MIS-011 a rewrite that opens the gateway is undone within a second, each time", async () => {
    // Fewer in a row than what is taken for a fight.
    const took: number[] = [];
    for (let round = 0; round < 3; round++) {
      tamper(opened());
      took.push(await untilText(approved));
    }
    for (const ms of took) assert.ok(ms < 1_000, `it took ${ms} ms`);
    const status = await lines("status");
    assert.match(status, /address +http:\/\/127\.0\.0\.1:/);
  });

  test("WD-004 the owner is alerted, and the evidence names the keys", async () => {
    assert.match(await lines("status"), /alert +the config was changed outside of Lorica: .*gateway\.bind/);
    assert.match(await lines("watchdog", "alerts"), /config accept/);
    const evidence = globSync("logs/audit*.jsonl", { cwd: lorica.stateDir })
      .flatMap((file) => readFileSync(join(lorica.stateDir, file), "utf8").split("\n"))
      .find((line) => line.includes("config.put-back"));
    assert.match(evidence ?? "", /gateway\.bind: \\"loopback\\" → \\"lan\\"/);
  });

  test("WD-008 config history --suspicious lists it as not in force", async () => {
    assert.match(
      await lines("config", "history", "--suspicious"),
      /hand +! +gateway\.bind \[bind widened\] \[not in force\]/,
    );
  });

  test("a rewrite that opens the gateway and is not valid is undone within a second as well, and one that is half written stays", async () => {
    await lines("config", "reject");
    await lines("watchdog", "ack");
    tamper('{ gateway: { bind: "lan", auth: { mode: "none" } } }');
    const took = await untilText(approved);
    assert.ok(took < 1_000, `it took ${took} ms`);
    assert.match(await lines("watchdog", "alerts"), /gateway\.bind[^]*needs authentication[^]*put back/);
    await lines("config", "reject");
    await lines("watchdog", "ack");
    const half = approved.slice(0, -6);
    tamper(half);
    for (let tries = 0; tries < 50 && !/is not valid/.test(await lines("watchdog", "alerts")); tries++);
    assert.match(await lines("watchdog", "alerts"), /changed outside of Lorica and is not valid[^]*config rollback/);
    assert.match(await lines("audit", "query", "--kind", "watchdog"), /rule="config\.invalid"/);
    assert.match(await lines("status"), /address +http:\/\/127\.0\.0\.1:/);
    assert.equal(read(), half);
    tamper(approved);
    await lines("watchdog", "ack");
  });

  test("an owner's edit of a harmless key holds at once, however their editor saves", async () => {
    approved = approved.replace("cap: 5", "cap: 6");
    // As nano does: the file is cut off and written again.
    writeFileSync(path, approved);
    await untilCap(6);
    // As vim, sed -i and `jq … > new && mv` do.
    approved = approved.replace("cap: 6", "cap: 7");
    writeFileSync(`${path}.new`, approved, { mode: 0o600 });
    renameSync(`${path}.new`, path);
    await untilCap(7);
    assert.equal(read(), approved);
  });

  test("an edit that widens holds after config accept, with its comments", async () => {
    const edited = approved.replace("messages", "tools: { deny: [] },\n  messages").replace("mine", "mine, still");
    tamper(edited.replace("deny: []", "profile: 'full'"));
    await untilText(approved);
    assert.match(await lines("config", "pending"), /tools\.profile/);
    await lines("config", "accept");
    approved = read();
    assert.match(approved, /mine, still/);
    assert.doesNotMatch(await lines("status"), /alert/);
    assert.equal((await lines("config", "get", "tools.profile")).trim(), "full");
  });

  test("guide: cp openclaw.json.bak openclaw.json && gateway restart", async () => {
    copyFileSync(`${path}.bak`, path);
    await lines("gateway", "restart");
    approved = read();
    assert.doesNotMatch(approved, /profile/);
    assert.match(approved, /cap: 7/);
    // The restarted one is nobody's child.
    await lines("gateway", "stop");
  });

  test("INJ-031 what is written while nothing runs does not hold after the start, and the start says so", async () => {
    tamper(opened());
    await lorica.start();
    assert.equal(read(), approved);
    assert.match(await lines("status"), /alert +the config was changed outside of Lorica: .*gateway\.bind/);
    await lines("config", "reject");
  });

  test("WD-010 small changes add up against the baseline, also over a restart, until the owner sets a new one", async () => {
    await lines("watchdog", "baseline");
    assert.match(await lines("watchdog", "status"), /the config is as it was/);
    for (const cap of [8, 9]) {
      approved = approved.replace(/cap: \d/, `cap: ${cap}`);
      tamper(approved);
      await untilCap(cap);
    }
    writeFileSync(join(lorica.workspace, "SOUL.md"), "colder");
    await lorica.stop();
    await lorica.start();
    const drifted = await lines("watchdog", "status");
    assert.match(drifted, /messages\.queue\.cap +7 → 9/);
    assert.match(drifted, /SOUL\.md +changed/);
    await lines("watchdog", "baseline");
    const after = await lines("watchdog", "status");
    assert.match(after, /the config is as it was/);
    assert.doesNotMatch(after, /SOUL\.md +changed/);
  });

  test("a token typed into an edit is in no file, whether it waits, is refused or is accepted", async () => {
    const canary = `${"7".repeat(10)}:canary-of-an-edit-that-waits`;
    const filesWithIt = (): readonly string[] => filesWith(lorica.stateDir, canary);
    const token = `channels: { telegram: { enabled: false, botToken: '${canary}' } },\n  messages`;
    const edited = approved.replace("messages", `tools: { profile: 'full' },\n  ${token}`);
    tamper(edited);
    await untilText(approved);
    assert.match(await lines("config", "pending"), /tools\.profile/);
    assert.deepEqual(filesWithIt(), []);
    await lines("config", "reject");
    await lorica.stop();
    // With no gateway running, it is put aside by whoever looks first.
    tamper(edited);
    assert.deepEqual(filesWithIt(), [basename(path)]);
    await lorica.start();
    assert.equal(read(), approved);
    assert.deepEqual(filesWithIt(), []);
    assert.match(await lines("config", "accept"), /stored as the secret channel:telegram\.default\.bottoken/);
    approved = read();
    assert.match(approved, /botToken: "vault:channel:telegram\.default\.bottoken"/);
    assert.match(await lines("secret", "list"), /channel:telegram\.default\.bottoken/);
    assert.deepEqual(filesWithIt(), []);
    await lines("config", "unset", "tools.profile");
    approved = read();
    assert.deepEqual(filesWithIt(), []);
  });

  test("whoever never stops writing wins the file and nothing else", async () => {
    const loop = `i=0; while [ $i -lt 600 ]; do i=$((i+1)); printf %s "$1" > "$2"; sleep 0.01; done`;
    const writer = spawn("sh", ["-c", loop, "sh", opened(), path], { stdio: "ignore" });
    const ended = new Promise((done) => writer.once("exit", done));
    let status = "";
    for (let tries = 0; tries < rounds && !/left alone/.test(status); tries++) status = await lines("status", "--all");
    assert.match(status, /watchdog +degraded: another process keeps writing to the config files; they are left alone/);
    writer.kill();
    await ended;
    assert.match(await lines("status"), /address +http:\/\/127\.0\.0\.1:/);
    await lorica.stop();
    tamper(opened());
    chmodSync(path, 0o600);
    await lorica.start();
    assert.equal(read(), approved);
  });
});
