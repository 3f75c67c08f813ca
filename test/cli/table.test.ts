import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { codes } from "../../src/base/errors.ts";
import { commands, globalOptions } from "../../src/cli/table/commands.ts";
import { renderCompletion, shells, wordsByPath } from "../../src/cli/table/completion.ts";
import { later } from "../../src/cli/table/later.ts";
import { renderReference } from "../../src/cli/table/reference.ts";

const root = resolve(import.meta.dirname, "../..");
const grammar = { commands, later, globalOptions };

test("docs/cli.md says what the tables say", () => {
  const printed = readFileSync(join(root, "docs", "cli.md"), "utf8");
  assert.ok(printed === renderReference(), "docs/cli.md is out of date; run: node tools/print-cli.ts");
});

test("docs/cli.md has every exit status", () => {
  const text = renderReference();
  for (const [name, { exit }] of Object.entries(codes)) assert.ok(text.includes(`| ${exit} | \`${name}\` |`), name);
});

test("every command that the documents tell people to type exists", () => {
  // `test` is the launcher's own.
  const known = new Set(["test", ...[...commands, ...later].map(({ path }) => path)]);
  const takesArguments = new Set([
    "test",
    ...commands.filter(({ takes }) => takes !== undefined).map(({ path }) => path),
  ]);
  const pages = readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md"));
  const documents = ["README.md", "SECURITY.md", ...pages.map((name) => join("docs", name))];
  const unknown = documents.flatMap((name) =>
    [...readFileSync(join(root, name), "utf8").matchAll(/`(?:\.\/)?lorica ([a-z][a-z ]*[a-z])/g)].flatMap(
      ([, words = ""]) => {
        const [first = "", second] = words.split(" ");
        const path = second === undefined || takesArguments.has(first) ? first : `${first} ${second}`;
        return known.has(path) ? [] : [`${name}: ${words}`];
      },
    ),
  );
  assert.deepEqual(unknown, []);
});

test("no command stands in both tables, and a subcommand's parent comes before it", () => {
  const built = commands.map((spec) => spec.path);
  const paths = [...built, ...later.map((spec) => spec.path)];
  assert.deepEqual(
    paths.filter((path, index) => paths.indexOf(path) !== index),
    [],
  );
  for (const path of built) {
    const parent = path.split(" ").slice(0, -1).join(" ");
    if (parent !== "") assert.ok(built.indexOf(parent) >= 0 && built.indexOf(parent) < built.indexOf(path), path);
  }
});

test("every command's code can be loaded", async () => {
  for (const { path, load } of commands) if (load !== undefined) assert.equal(typeof (await load()), "function", path);
});

test("CLI-069 completion knows what may follow each command, and none of the hidden flags", () => {
  const words = wordsByPath(grammar);
  assert.deepEqual(words.get("token"), ["create", "rotate", "show", "--json", "--no-color", "--profile", "--help"]);
  assert.deepEqual(words.get("logs"), [
    "--follow",
    "--json",
    "--limit",
    "--no-color",
    "--plain",
    "--profile",
    "--help",
  ]);
  assert.ok(words.get("")?.includes("agent"));
  for (const [path, list] of words) assert.ok(!list.includes("--password"), path);
});

test("CLI-069 every shell gets a script for both names", () => {
  for (const shell of shells) {
    const script = renderCompletion(shell, grammar);
    assert.match(script, /lorica/);
    assert.match(script, /openclaw/);
    assert.match(script, /rollback/);
  }
});
