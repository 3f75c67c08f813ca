// What happens to a running installation when something under it breaks: a process is killed, the disk is full, the
// database is damaged. Nothing that was accepted is lost, and whoever waits is told what is wrong.
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { checkDatabase } from "../../src/store/store.ts";
import { createInstallation } from "../faux/installation.ts";
import type { Installation } from "../faux/installation.ts";
import { whyNoSandbox } from "../faux/outside/host.ts";
import { processesBelow } from "../faux/outside/processes.ts";
import { until } from "../faux/outside/until.ts";

suite("kill -9", { concurrency: false }, () => {
  let lorica: Installation;
  let broker: number;
  before(async () => {
    lorica = await createInstallation();
    broker = (await lorica.start()).pid ?? 0;
  });
  after(() => lorica?.remove());

  const gateway = (): number => processesBelow(broker, "gateway-child").at(-1) ?? 0;
  const say = (session: string, message: string) =>
    lorica.run(["agent", "--session-id", session, "--message", message]);
  const transcript = async (session: string): Promise<string> =>
    (await lorica.run(["sessions", "export", session])).stdout;
  const slowly = (last: string): string => `!stream 200ms one two three four five six ${last}`;

  test("of the gateway in the middle of an answer: the broker starts another, which answers once", async () => {
    const cut = say("gateway", slowly("seven"));
    await until("the turn has begun", async () => (await transcript("gateway")).includes("seven"));
    process.kill(gateway(), "SIGKILL");
    const { code, stderr } = await cut;
    assert.equal(code, 7, stderr);
    assert.match(stderr, /closed the connection/);
    // A command that comes right after waits for the gateway that is being started.
    assert.deepEqual(await say("other", "!say here again"), { code: 0, stdout: "here again\n", stderr: "" });
    await until("the answer is there", async () => answersIn(await transcript("gateway"), "seven").length > 0);
    assert.deepEqual(answersIn(await transcript("gateway"), "seven"), ["one two three four five six seven"]);
  });

  test(
    "of a cell in the middle of a command: the model is told that nobody knows, and the next command runs",
    { skip: whyNoSandbox() ?? false },
    async () => {
      const mark = join(lorica.workspace, "mark");
      const command = JSON.stringify({ command: "echo begun >> mark; sleep 30; echo ended >> mark" });
      const running = say("cell", `!call exec ${command}\n!echo`);
      await until("the command has begun", async () => existsSync(mark));
      const [supervisor] = processesBelow(broker, "/opt/lorica/cell/supervisor");
      assert.ok(supervisor !== undefined);
      process.kill(supervisor, "SIGKILL");
      assert.deepEqual(await running, {
        code: 0,
        stdout:
          "unknown: the sandbox cell ended, while this ran in it. Whether it took effect cannot be said, and it was not run again. Check before you repeat it.\n",
        stderr: "",
      });
      const next = await say("cell", '!call exec {"command":"cat mark; echo alive"}\n!echo');
      assert.match(next.stdout, /begun\nalive/);
      assert.equal(readFileSync(mark, "utf8"), "begun\n", "it was ended, and not begun again");
    },
  );

  test(
    "of the broker: everything below it ends with it, and the next start answers once",
    { skip: whyNoSandbox() ?? false },
    async () => {
      const cut = say("broker", slowly("eight"));
      await until("the turn has begun", async () => (await transcript("broker")).includes("eight"));
      const below = processesBelow(broker, "");
      assert.ok(below.length >= 3);
      await lorica.kill();
      assert.equal((await cut).code, 7);
      await until("nothing of it runs", async () => below.every((pid) => !existsSync(`/proc/${pid}/exe`)));
      broker = (await lorica.start()).pid ?? 0;
      await until("the answer is there", async () => answersIn(await transcript("broker"), "eight").length > 0);
      assert.deepEqual(answersIn(await transcript("broker"), "eight"), ["one two three four five six eight"]);
    },
  );

  test("after all of that the database is whole", async () => {
    await lorica.stop();
    assert.deepEqual(checkDatabase(join(lorica.stateDir, "state/lorica.sqlite")), []);
  });
});

test("a damaged database is not started on, named, and left as it is", async () => {
  const lorica = await createInstallation();
  const path = join(lorica.stateDir, "state/lorica.sqlite");
  try {
    await lorica.start();
    await lorica.stop();
    const whole = readFileSync(path);
    const torn = Buffer.from(whole).fill(0xff, 4_096, 20_000);
    const cases: readonly (readonly [bytes: Buffer, says: RegExp])[] = [
      [
        Buffer.from("Dear diary, ".repeat(400)),
        /lorica\.sqlite is not a database; move the file away or put back a backup/,
      ],
      [whole.subarray(0, 5_000), /lorica\.sqlite is damaged; .*put back a backup/],
      [torn, /lorica\.sqlite is damaged; .*put back a backup/],
    ];
    for (const [bytes, says] of cases) {
      writeFileSync(path, bytes);
      const { code, stderr } = await lorica.run(["gateway", "run", "--port", String(lorica.port)]);
      assert.match(stderr, says);
      assert.equal(code, 1);
      assert.deepEqual(readFileSync(path), bytes);
    }
  } finally {
    await lorica.remove();
  }
});

/** What the model said in the end, from the lines of an export. */
function answersIn(lines: string, last: string): readonly string[] {
  return lines
    .split("\n")
    .filter((line) => line.includes('"assistant"') && line.includes(`six ${last}`))
    .map((line) => /one two[a-z ]*/.exec(line)?.[0] ?? line);
}
