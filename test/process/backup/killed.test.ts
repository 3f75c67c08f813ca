// A process that makes or restores a backup is killed, with SIGKILL, before each of its calls that change the disk.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { finishRestore, listBackups, verifyBackup } from "../../../src/backup/backup.ts";

const never = new AbortController().signal;
const now = Date.UTC(2026, 0, 4, 2, 0, 0);

/** Counts the calls and ends with the one that it was told. Nothing is left for a handler of the process to tidy. */
const program = `
  import fs from "node:fs/promises";
  import { syncBuiltinESMExports } from "node:module";
  let left = Number(process.env.KILL_AT);
  for (const name of ["open", "rename", "mkdir", "rm"]) {
    const call = fs[name];
    fs[name] = (...words) => {
      if (left-- === 0) process.kill(process.pid, "SIGKILL");
      return call(...words);
    };
  }
  syncBuiltinESMExports();
  const { createBackup, finishRestore, restoreBackup } = await import(process.env.MODULE);
  const order = JSON.parse(process.env.ORDER);
  const signal = new AbortController().signal;
  if (order.finish) await finishRestore(order.stateDir);
  else if (order.path) await restoreBackup({ ...order, judge: async () => undefined }, signal);
  else await createBackup({ ...order, database: new Map(), instead: new Map() }, signal);
`;
const moduleUrl = new URL("../../../src/backup/backup.ts", import.meta.url).href;

/** Answers whether it came to its end before it was killed. */
async function run(order: object, killAt: number): Promise<boolean> {
  const env = { KILL_AT: String(killAt), MODULE: moduleUrl, ORDER: JSON.stringify(order) };
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    env,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  assert.ok(code === 0 || signal === "SIGKILL", said);
  return code === 0;
}

function setUp(context: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "lorica-killed-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const home = join(folder, "home");
  const stateDir = join(home, ".openclaw");
  const put = (path: string, text: string): void => {
    mkdirSync(join(stateDir, path, ".."), { recursive: true, mode: 0o700 });
    writeFileSync(join(stateDir, path), text, { mode: 0o600 });
  };
  put("openclaw.json", "{}");
  put("media/a.sealed", "x".repeat(300_000));
  const kept = { stateDir, folder: join(folder, "backups"), kind: "full", recipients: [], version: "1", now };
  return { folder, home, stateDir, put, kept };
}

/** What is there beside what is in no backup. */
function tree(folder: string): Readonly<Record<string, string>> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files
      .map((file) => join(file.parentPath, file.name))
      .toSorted()
      .map((path) => [path.slice(folder.length + 1), readFileSync(path, "utf8").slice(0, 20)]),
  );
}

test("BAK-005 a backup that is killed at any of its steps is whole or is none", async (context) => {
  const { kept } = setUp(context);
  const seen = new Set<number>();
  for (let killAt = 0; !(await run(kept, killAt)); killAt += 1) {
    const made = await listBackups(kept.folder);
    for (const { path } of made) assert.equal((await verifyBackup(path, [], never)).files, 2);
    seen.add(made.length);
    assert.ok(killAt < 100);
  }
  assert.deepEqual([...seen], [0, 1], "killed before it had its name, and after");
});

test("BAK-003 a restore that is killed at any of its steps is undone or is finished, and so is a finishing that is killed", async (context) => {
  const { folder, home, stateDir, put, kept } = setUp(context);
  await run(kept, 1_000);
  const [made] = await listBackups(kept.folder);
  const backedUp = tree(stateDir);
  put("openclaw.json", '{"later":1}');
  put("workspace/later", "later");
  put("logs/audit.jsonl", "evidence");
  const [before, after] = [tree(stateDir), { ...backedUp, "logs/audit.jsonl": "evidence" }];
  const outcomes = { undone: 0, finished: 0, whole: 0 };
  const attempt = async (killAt: number, killFinishAt: number): Promise<boolean> => {
    const at = join(folder, "attempt");
    rmSync(at, { recursive: true, force: true });
    cpSync(home, at, { recursive: true });
    const state = join(at, ".openclaw");
    const isWhole = await run({ path: made?.path, stateDir: state, identities: [], now }, killAt);
    const isBegun = existsSync(`${state}.restore.json`);
    if (isBegun) await run({ finish: true, stateDir: state }, killFinishAt);
    await finishRestore(state);
    assert.deepEqual(
      tree(state),
      isBegun || tree(state)["workspace/later"] === undefined ? after : before,
      `${killAt}, ${killFinishAt}`,
    );
    outcomes[isWhole ? "whole" : isBegun ? "finished" : "undone"] += 1;
    return isWhole;
  };
  for (let killAt = 0; !(await attempt(killAt, killAt % 6)); killAt += 1) assert.ok(killAt < 100);
  assert.ok(outcomes.undone > 3 && outcomes.finished > 3 && outcomes.whole === 1, JSON.stringify(outcomes));
});
