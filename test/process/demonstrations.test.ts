// The promises of the first step, each driven from outside on a fresh home as a new user would.
import assert from "node:assert/strict";
import { randomBytes, randomInt } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { whyNoSandbox } from "../faux/outside/host.ts";
import { createInstallation } from "../faux/installation.ts";
import type { Installation } from "../faux/installation.ts";

suite("a fresh home", { concurrency: false, skip: whyNoSandbox() ?? false }, () => {
  let lorica: Installation;
  before(async () => {
    lorica = await createInstallation();
    mkdirSync(join(lorica.home, ".ssh"), { mode: 0o700 });
    writeFileSync(join(lorica.home, ".ssh/id_ed25519"), "PRIVATE-KEY-CANARY", { mode: 0o600 });
    await lorica.start();
  });
  after(() => lorica.remove());

  const exec = async (command: string): Promise<string> => {
    const ran = await lorica.run(["agent", "--message", `!call exec ${JSON.stringify({ command })}\n!echo`]);
    assert.equal(ran.code, 0, ran.stderr);
    return ran.stdout;
  };

  test("CLI-053 AG-002 files with random names are listed and counted through a sandboxed tool call", async () => {
    const count = randomInt(3, 30);
    for (let index = 0; index < count; index++) {
      writeFileSync(join(lorica.workspace, `${randomBytes(6).toString("hex")}.txt`), randomBytes(randomInt(0, 5_000)));
    }
    const there = readdirSync(lorica.workspace);
    const ran = await lorica.run(["agent", "--message", "list the files here and count them"]);
    assert.equal(ran.code, 0, ran.stderr);
    for (const name of there.filter((file) => file.endsWith(".txt"))) assert.ok(ran.stdout.includes(name), ran.stdout);
    assert.match(ran.stdout, new RegExp(`\\b${there.length}\\b`));
  });

  test("what a command must not reach, it does not reach", async () => {
    assert.equal(readFileSync(join(lorica.home, ".ssh/id_ed25519"), "utf8"), "PRIVATE-KEY-CANARY");
    assert.doesNotMatch(
      await exec("cat ~/.ssh/id_ed25519; cat /root/.ssh/* ; find / -name id_ed25519 2>/dev/null"),
      /CANARY/,
    );
    assert.doesNotMatch(await exec("env; cat /proc/*/environ | tr '\\0' '\\n'"), new RegExp(lorica.token));
    const processes = await exec("ls /proc | grep -c '^[0-9]'");
    assert.ok(Number(/\d+/.exec(processes)?.[0]) < 10, processes);
    const fetchHealth = `fetch("http://127.0.0.1:${lorica.port}/health").catch((e) => console.log(e.cause.code))`;
    assert.match(await exec(`node -e '${fetchHealth}'`), /ECONNREFUSED/);
    assert.match(await exec("echo x > /etc/y || echo REFUSED"), /REFUSED/);
    assert.match(
      await exec(`cat ${lorica.stateDir}/openclaw.json ${lorica.stateDir}/credentials/* || echo REFUSED`),
      /REFUSED/,
    );
  });

  test("ordinary work goes on in the workspace", async () => {
    const work = [
      "git init -q repo && cd repo && echo hello > a && git add a && git -c user.name=A -c user.email=a@b.c commit -qm one && git log --oneline",
      "node -e 'console.log(6*7)'",
      "python3 -c 'print(6*7)'",
      "printf 'all:\\n\\t@echo made\\n' > Makefile && make -s",
    ];
    assert.match(await exec(work[0] ?? ""), / one/);
    assert.match(await exec(work[1] ?? ""), /42/);
    assert.match(await exec(work[2] ?? ""), /42/);
    assert.match(await exec(work[3] ?? ""), /made/);
    assert.ok(statSync(join(lorica.workspace, "repo/.git")).isDirectory());
  });
});

test("GW-025 CFG-017 CLI-044 a misspelt key refuses to start, names line and suggestion, and rollback brings the last good config back", async () => {
  const lorica = await createInstallation();
  try {
    lorica.writeConfig("{\n  // kept\n  gateway: { port: 18789 },\n}\n");
    assert.equal((await lorica.run(["config", "set", "logging.level", "debug"])).code, 0);
    lorica.writeConfig("{\n  // kept\n  gateway: { prot: 18789 },\n}\n");
    const refused = await lorica.run(["gateway", "run", "--port", String(lorica.port)]);
    assert.equal(refused.code, 78, refused.stderr);
    assert.match(refused.stderr, /openclaw\.json:3/);
    assert.match(refused.stderr, /gateway\.prot/);
    assert.match(refused.stderr, /gateway\.port|"port"|`port`/);
    const rolledBack = await lorica.run(["config", "rollback"]);
    assert.equal(rolledBack.code, 0, rolledBack.stderr);
    assert.equal((await lorica.run(["config", "validate"])).code, 0);
    await lorica.start();
  } finally {
    await lorica.remove();
  }
});

test("a turn that is killed in the middle is answered once after the next start", async () => {
  const lorica = await createInstallation();
  try {
    await lorica.start();
    const words = [
      "agent",
      "--session-id",
      "killed",
      "--message",
      "!stream 300ms one two three four five six seven eight nine ten",
    ];
    const cut = lorica.run(words);
    await untilBegun(lorica);
    await lorica.kill();
    assert.notEqual((await cut).code, 0);
    await lorica.start();
    const answers = await untilAnswered(lorica);
    assert.equal(answers.length, 1, JSON.stringify(answers));
    assert.match(answers[0] ?? "", /one two three four five six seven eight nine ten/);
  } finally {
    await lorica.remove();
  }
});

/** The message is stored and its answer is on its way, which takes three seconds. */
async function untilBegun(lorica: Installation): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const shown = await lorica.run(["sessions", "export", "agent:main:killed"]);
    if (shown.stdout.includes("!stream")) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  assert.fail("the turn did not begin");
}

async function untilAnswered(lorica: Installation): Promise<readonly string[]> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const shown = await lorica.run(["sessions", "export", "agent:main:killed"]);
    const answers = shown.stdout
      .split("\n")
      .filter((line) => line.includes('"assistant"'))
      .filter((line) => line.includes("ten"));
    if (answers.length > 0) return answers;
    await new Promise((done) => setTimeout(done, 200));
  }
  return [];
}
