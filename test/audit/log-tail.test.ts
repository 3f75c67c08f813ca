import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readLogTail } from "../../src/audit/audit.ts";

test("GW-038 the log is followed by a cursor, in whole lines, redacted, within bounds", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "lorica-tail-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "gateway.log");
  const tail = (asked: unknown) => readLogTail(path, asked, (line) => line.replaceAll("sk-1", "***"));
  const none = { file: "gateway.log", cursor: 0, size: 0, lines: [], truncated: false, reset: false };
  assert.deepEqual(await tail({}), none);
  writeFileSync(path, "one\ntwo sk-1\nthr");
  assert.deepEqual(await tail({}), { ...none, cursor: 13, size: 16, lines: ["one", "two ***"] });
  appendFileSync(path, "ee\n");
  assert.deepEqual(await tail({ cursor: 13 }), { ...none, cursor: 19, size: 19, lines: ["three"] });
  assert.deepEqual(await tail({ cursor: 19 }), { ...none, cursor: 19, size: 19 });
  assert.deepEqual(await tail({ limit: 1 }), { ...none, cursor: 19, size: 19, lines: ["three"], truncated: true });
  assert.deepEqual(await tail({ maxBytes: 8 }), { ...none, cursor: 19, size: 19, lines: ["three"], truncated: true });
  writeFileSync(path, "new\n");
  assert.deepEqual(await tail({ cursor: 19 }), { ...none, cursor: 4, size: 4, lines: ["new"], reset: true });
  for (const odd of [{ cursor: -1 }, { cursor: "x" }, { limit: 1e12, maxBytes: 1e12 }, null])
    assert.deepEqual((await tail(odd)).lines, ["new"]);
});
