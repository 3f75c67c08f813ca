// What other processes of the same user can find out about the broker, which was started with credentials in its
// environment: nothing.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { globSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createInstallation } from "../../faux/installation.ts";
import type { Installation } from "../../faux/installation.ts";

const canary = "started-with-this-0123456789";

/** What the environment of a process is to a process of the same user. */
function environOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1");
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? "";
  }
}

function tree(pid: number): readonly number[] {
  const below = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").split(" ").filter(Boolean).map(Number),
  );
  return [pid, ...below.flatMap(tree)];
}

/** Files that this user may read, and that hold a text. */
function filesWith(text: string, folders: readonly string[]): readonly string[] {
  return folders.flatMap((folder) => {
    const names = globSync("**/*", { cwd: folder, withFileTypes: true });
    return names
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => textOf(path).includes(text))
      .map((path) => realpathSync(path));
  });
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    // Somebody else's, or gone since it was listed.
    return "";
  }
}

describe("the broker's memory", { skip: process.getuid?.() === 0 && "root may look into everything" }, () => {
  let lorica: Installation;
  let broker = 0;
  before(async () => {
    lorica = await createInstallation();
    lorica.env["OPENAI_API_KEY"] = canary;
    lorica.env["NODE_OPTIONS"] = "--no-warnings";
    broker = (await lorica.start()).pid ?? 0;
    // A cell is there, too.
    await lorica.run(["agent", "--message", 'hello\n> exec {"command": "sleep 30", "background": true}']);
  });
  after(async () => lorica.remove());

  test("VLT-009 VLT-010 GAP-022 THR-016 no environment of any process holds what the gateway was started with", async () => {
    const control = spawn("/bin/sleep", ["60"], { env: { OPENAI_API_KEY: canary } });
    await new Promise((done) => control.once("spawn", done));
    assert.match(environOf(control.pid ?? 0), new RegExp(canary), "whoever looks can find it where it is");
    control.kill("SIGKILL");
    const all = tree(broker);
    assert.ok(all.length > 2, "the gateway is among them");
    for (const pid of all) assert.doesNotMatch(environOf(pid), new RegExp(`${canary}|${lorica.token}`), String(pid));
    assert.equal(environOf(broker), "EACCES");
  });

  test("VLT-003 VLT-005 what the vault holds is open in its memory alone: no tmpfs, no other file, no unit has it", async () => {
    const value = "held-by-the-vault-alone-0123456789";
    const set = await lorica.run(["vault", "set", "provider:elsewhere"], { input: value });
    assert.equal(set.code, 0, set.stderr);
    const shown = await lorica.run(["vault", "get", "provider:elsewhere", "--reveal"]);
    assert.match(shown.stdout, new RegExp(value), "the running gateway has it");
    const control = join("/dev/shm", `lorica-control-${process.pid}`);
    writeFileSync(control, value);
    try {
      // On some systems one of them is the other.
      assert.deepEqual([...new Set(filesWith(value, ["/dev/shm", "/run", lorica.home]))], [control]);
    } finally {
      rmSync(control);
    }
    const unit = await lorica.run(["gateway", "install", "--system"]);
    assert.match(unit.stdout, /^ExecStart=/m, unit.stderr);
    assert.doesNotMatch(unit.stdout, /EnvironmentFile|ExecStartPre|openclaw-secrets/);
  });

  test("VLT-010 its memory and registers are nobody's, there is no core dump, and no signal opens a debugger", async () => {
    assert.throws(() => readFileSync(`/proc/${broker}/mem`), { code: "EACCES" });
    assert.throws(() => readdirSync(`/proc/${broker}/fd`), { code: "EACCES" });
    const control = spawn("/bin/sleep", ["60"]);
    await new Promise((done) => control.once("spawn", done));
    assert.ok(readdirSync(`/proc/${control.pid ?? 0}/fd`).length > 0, "of any other process it can be read");
    control.kill("SIGKILL");
    for (const pid of tree(broker))
      assert.match(readFileSync(`/proc/${pid}/limits`, "utf8"), /^Max core file size +0 +0 /m, String(pid));
    const arguments_ = readFileSync(`/proc/${broker}/cmdline`, "utf8").split("\0");
    assert.ok(arguments_.includes("--disable-sigusr1"));
    const traced = await new Promise<string>((done) =>
      execFile("/usr/bin/strace", ["-p", String(broker)], { timeout: 5_000 }, (_, __, stderr) => done(stderr)),
    );
    assert.match(traced, /Operation not permitted|ENOENT/);
    const { stdout } = await lorica.run(["status", "--all"]);
    assert.match(stdout, /^ +vault +on: /m);
  });
});
