import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { budgetBytes, buildWeb } from "../../../tools/build-web.ts";

test("the page is built the same each time, within its budget, and asks nobody else for anything", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "lorica-build-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const read = (target: string): Record<string, string> =>
    Object.fromEntries(readdirSync(target).map((name) => [name, readFileSync(join(target, name), "utf8")]));
  const first = await buildWeb(join(folder, "first"));
  const second = await buildWeb(join(folder, "second"));
  assert.deepEqual(second, first);
  const files = read(join(folder, "first"));
  assert.deepEqual(read(join(folder, "second")), files);
  assert.ok(first.gzipBytes <= budgetBytes, `${first.gzipBytes} bytes`);
  const styles = Object.entries(files).filter(([name]) => name.endsWith(".css"));
  for (const [name, text] of styles) assert.doesNotMatch(text, /url\(|@import/, name);
  assert.doesNotMatch(files["index.html"] ?? "", /https?:\/\/|<style|<script(?! type="module" src=)| style=| on\w+=/);
});
