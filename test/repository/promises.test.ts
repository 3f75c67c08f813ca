// Pages that tell people what they can count on say what they cannot count on, too.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";

const root = resolve(import.meta.dirname, "../..");
const page = (path: string): string => readFileSync(join(root, path), "utf8");

test("VLT-014 the vault's page says what is protected and what is not", () => {
  const text = page("docs/vault.md");
  const [, part = ""] = text.split("## What is protected, and what is not\n");
  const held = /- \*\*Protected:\*\*(.*?)\n- \*\*/s.exec(part)?.[1] ?? "";
  const open = /- \*\*Not protected:\*\*(.*?)\n- \*\*/s.exec(part)?.[1] ?? "";
  for (const word of ["stolen disk", "snapshot", "backup", "memory"]) assert.ok(held.includes(word), word);
  for (const word of ["root", "same user", "SSH session"]) assert.ok(open.includes(word), word);
  assert.match(page("SECURITY.md"), /^## What remains$/m);
});

test("IR-008 SECURITY.md says whom to tell of a hole, how, and what becomes of it", () => {
  const [, reporting = ""] = page("SECURITY.md").split("## Reporting\n");
  assert.match(reporting, /privately/);
  assert.match(reporting, /git log -1 --format=%ae/);
  assert.match(reporting, /at the latest \d+ days after the report/);
  assert.match(reporting, /lorica incident start/);
});
