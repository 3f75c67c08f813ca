// Nobody's credential is in the tree. Run by continuous integration with every other test, and before a commit by
// .githooks/pre-commit.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { findFormats } from "../../src/dlp/find/formats.ts";

const root = resolve(import.meta.dirname, "../..");
/** `compiled` is what an installed copy holds beside its sources. */
const notOurs = ["**/node_modules", ".git", "bench/results", "compiled"];

/** Samples that tests are made of. Whoever adds one has looked at it: it opens nothing. */
const samples = new Set([
  "sk-live-0123456789abcdef",
  "sk-test-0123456789abcdef",
  "sk-planted-key-0123456789",
  "sk-proj-abcDEF1234567890",
  "AKIAIOSFODNN7EXAMPLE",
  "pass",
  "hunter22",
  "[redacted]",
]);

function findCredentials(folder: string): readonly string[] {
  return globSync(["**/*", "**/.*", ".*/**"], { cwd: folder, exclude: notOurs })
    .filter((name) => statSync(join(folder, name)).isFile())
    .toSorted()
    .flatMap((name) => {
      const text = readFileSync(join(folder, name), "latin1");
      return findFormats(text, "every")
        .filter(({ name: kind, start, end }) => !isSample({ name, kind, found: text.slice(start, end) }))
        .map(({ name: kind }) => `${name}: ${kind}`);
    });
}

/** Bearers in tests are made up by the test; a real one has its maker's format too. A key that is all header holds nothing. */
function isSample({ name, kind, found }: { readonly name: string; readonly kind: string; readonly found: string }) {
  if (!name.startsWith("test/")) return false;
  if (kind === "private-key") return !/[\w+/]{64}/.test(found);
  return kind === "bearer" || samples.has(found);
}

test("LOG-013 no file of the repository holds a credential", () => {
  assert.deepEqual(findCredentials(root), []);
});

test("LOG-013 the search finds one of each kind that it should, wherever it is", (context) => {
  const folder = mkdtempSync(join(tmpdir(), "lorica-secrets-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const body = "a1B2c3D4".repeat(10);
  writeFileSync(join(folder, ".env"), `KEY=ghp_${body.slice(0, 40)}\n`);
  writeFileSync(join(folder, "key.pem"), `-----BEGIN PRIVATE ${"KEY"}-----\n${body}\n`);
  writeFileSync(join(folder, "notes.md"), `https://user:${body.slice(0, 12)}@host/ and sk-ant-${body.slice(0, 30)}`);
  assert.deepEqual(findCredentials(folder), [
    ".env: github",
    "key.pem: private-key",
    "notes.md: anthropic",
    "notes.md: openai",
    "notes.md: url-password",
  ]);
});

test("LOG-013 the hook for commits runs this search", () => {
  const hook = join(root, ".githooks/pre-commit");
  assert.equal(statSync(hook).mode & 0o111, 0o111);
  execFileSync("/bin/sh", ["-n", hook]);
  assert.match(readFileSync(hook, "utf8"), /tools\/test\.ts" test\/repository\/$/m);
});
