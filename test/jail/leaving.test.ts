// Those who ask a cell for something and leave before it has answered: what they asked for ends, their answer is taken
// for late and not for forged, and the cell goes on.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { limits } from "../../src/base/limits.ts";
import {
  action,
  background,
  cells,
  control,
  exec,
  leave,
  never,
  output,
  ownProcessesWith,
  processesWith,
  readFile,
  until,
  workspace,
} from "./room.ts";

const cancelled = { code: "cancelled" };

before(async () => {
  assert.equal((await cells.probe(never)).kind, "verified");
});
beforeEach(async () => {
  await output("echo same > /tmp/cell");
});
after(leave);

/** It ended none of its own: what was written into its memory is still there. */
async function sameCell(): Promise<void> {
  assert.equal(await output("cat /tmp/cell"), "same\n");
}

test("a command that prints when its asker leaves", async () => {
  for (let round = 0; round < 5; round += 1) {
    const controller = new AbortController();
    const running = exec("while :; do echo x; done", { signal: controller.signal });
    await new Promise((resolve) => setTimeout(resolve, 20 * round));
    controller.abort();
    await assert.rejects(running, cancelled);
  }
  await sameCell();
});

test("a process that starts in the background while its asker leaves is ended", async () => {
  for (let round = 0; round < 24; round += 1) {
    const controller = new AbortController();
    const resource = {
      command: "sleep 86222",
      cwd: ".",
      timeoutMs: 60_000,
      terminal: "none",
      mode: "background",
    } as const;
    const starting = cells.run(action("process.run", resource, {}), () => undefined, controller.signal);
    // From before it is sent to after it is answered.
    for (let turn = 0; turn < round / 2; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    const [end] = await Promise.allSettled([starting]);
    if (end.status === "rejected") assert.equal(end.reason.code, "cancelled");
    else if (end.value.kind === "started") await control({ operation: "kill", processId: end.value.processId });
  }
  await until(() => processesWith("sleep 86222").length === 0, "none of them is left");
  await sameCell();
});

test("a poll that nobody waits for any more takes nothing away from the next", async () => {
  const id = await background("sleep 0.3; echo told; sleep 86222");
  const controller = new AbortController();
  const resource = { operation: "poll", processId: id, waitMs: 30_000 } as const;
  const polling = cells.control(action("process.control", resource, {}), controller.signal);
  await new Promise((resolve) => setTimeout(resolve, 50));
  controller.abort();
  await assert.rejects(polling, cancelled);
  const [report] = await control({ operation: "poll", processId: id, waitMs: 10_000 });
  assert.equal(report?.output, "told\n");
  await control({ operation: "kill", processId: id });
  await sameCell();
});

test("a search that nobody waits for any more", async () => {
  mkdirSync(join(workspace, "many"));
  for (let file = 0; file < 2_000; file += 1) writeFileSync(join(workspace, "many", String(file)), "x");
  const controller = new AbortController();
  const resource = { operation: "grep", pattern: "y", path: ".", include: "", ignoreCase: false } as const;
  await readFile(resource);
  const searching = cells.read(action("file.read", resource, {}), controller.signal);
  // One turn of the loop: the question has left, and no answer can have been read yet.
  await new Promise((resolve) => setImmediate(resolve));
  controller.abort();
  await assert.rejects(searching, cancelled);
  assert.deepEqual(await readFile(resource), { kind: "matches", lines: [], truncated: false });
  await sameCell();
});

test("what a process does not read is bounded, and it can still be ended", async () => {
  const id = await background("sleep 86222");
  const data = "x".repeat(limits.execStdinMaxBytes);
  const write = async (): Promise<unknown> => await control({ operation: "write", processId: id, data });
  const most = limits.execStdinUnreadMaxBytes / limits.execStdinMaxBytes;
  const all = await Promise.allSettled(Array.from({ length: most + 8 }, write));
  assert.ok(all.some(({ status }) => status === "fulfilled"));
  const last = all.at(-1);
  assert.ok(last?.status === "rejected");
  assert.match(String(last.reason), /does not read its input/);
  await control({ operation: "kill", processId: id });
  assert.deepEqual(ownProcessesWith("sleep 86222"), []);
  await sameCell();
});
