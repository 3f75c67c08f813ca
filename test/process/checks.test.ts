// The checks that every commit has to pass, as tests: so that one command and one number say whether a tree is sound.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { test } from "node:test";

const root = resolve(import.meta.dirname, "../..");
const bin = join(root, "node_modules", ".bin");

const checks: readonly (readonly [what: string, program: string, ...args: string[]])[] = [
  ["the types hold", "tsc", "-p", "tsconfig.json"],
  ["the page's types hold", "tsc", "-p", "web/tsconfig.json"],
  ["the linter has nothing to say", "oxlint", "--deny-warnings"],
  ["everything is formatted", "oxfmt", "--check", "."],
  ["nothing is unused", "knip", "--no-progress"],
];

for (const [what, program, ...args] of checks) {
  test(what, () => {
    const ran = spawnSync(join(bin, program), args, {
      cwd: root,
      env: { PATH: `${bin}:/usr/bin:/bin`, HOME: process.env["HOME"] ?? "/nonexistent" },
      encoding: "utf8",
    });
    assert.equal(ran.status, 0, `${ran.stdout}${ran.stderr}`);
  });
}
