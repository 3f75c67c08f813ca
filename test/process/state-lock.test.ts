import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { lockMeetingDir, lockStateDir } from "../../src/config/config.ts";

const frontDoor = resolve(import.meta.dirname, "../../src/config/config.ts");

test("a lock goes with the process that held it, also one that is killed", async (context) => {
  const home = mkdtempSync(join(tmpdir(), "lorica-lock-"));
  context.after(() => rmSync(home, { recursive: true, force: true }));
  const options = {
    stateDir: join(home, "s"),
    configPath: join(home, "c"),
    workspaces: [join(home, "w")],
    port: 1,
    meetingDir: lockMeetingDir(home),
  };
  const script = `
    const { lockStateDir } = await import(${JSON.stringify(frontDoor)});
    await lockStateDir(${JSON.stringify(options)});
    process.stdout.write("held");
    setInterval(() => {}, 60_000);`;
  const holder = spawn(process.execPath, ["--input-type=module", "-e", script], {
    env: {},
    stdio: ["ignore", "pipe", "inherit"],
  });
  context.after(() => holder.kill("SIGKILL"));
  const [said] = (await once(holder.stdout, "data")) as [Buffer];
  assert.equal(said.toString(), "held");
  await assert.rejects(lockStateDir(options), { code: "locked", message: new RegExp(`process ${holder.pid}, port 1`) });
  holder.kill("SIGKILL");
  await once(holder, "exit");
  (await lockStateDir(options)).release();
});
