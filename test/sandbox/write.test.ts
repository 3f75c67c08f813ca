import assert from "node:assert/strict";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, test } from "node:test";
import { applyEdit } from "../../src/sandbox/cell/files/edit.ts";
import { readForm, restoreForm } from "../../src/sandbox/cell/files/text.ts";
import { applyChanges, planEdit, planPatch } from "../../src/sandbox/cell/files/write.ts";

const root = mkdtempSync(join(tmpdir(), "lorica-write-"));
after(() => rmSync(root, { recursive: true, force: true }));
let at = "";
let runs = 0;
beforeEach(() => {
  at = join(root, String((runs += 1)));
  mkdirSync(at);
});

const put = (name: string, text: string): void => writeFileSync(join(at, name), text);
const read = (name: string): string => readFileSync(join(at, name), "utf8");
const write = (name: string, text: string): void =>
  applyChanges([{ path: join(at, name), content: Buffer.from(text), from: "any" }]);
const apply = (...lines: readonly string[]): void =>
  applyChanges(
    planPatch(["*** Begin Patch", ...lines, "*** End Patch"].join("\n"), (path) => join(at, path), 1_000_000),
  );

test("write makes folders, replaces whole files, keeps their mode and leaves nothing beside them", () => {
  write("a/b/c.txt", "one");
  chmodSync(join(at, "a/b/c.txt"), 0o777);
  write("a/b/c.txt", "two");
  assert.equal(read("a/b/c.txt"), "two");
  assert.equal(statSync(join(at, "a/b/c.txt")).mode & 0o777, 0o777);
  assert.deepEqual(readdirSync(join(at, "a/b")), ["c.txt"]);
});

test("TOOL-031 a link in a file's place is not written through", () => {
  put("target", "kept");
  symlinkSync("target", join(at, "link"));
  assert.throws(() => write("link", "x"), { code: "invalid_request", message: /symbolic link/ });
  assert.equal(read("target"), "kept");
  assert.deepEqual(readdirSync(at), ["link", "target"]);
});

test("a folder is not replaced by a file, nor a file's parts entered as folders", () => {
  mkdirSync(join(at, "folder"));
  put("file", "");
  assert.throws(() => write("folder", "x"), { code: "invalid_request", message: /is a folder/ });
  assert.throws(() => write("file/x", "x"), { name: "FileFailure" });
});

const edits: readonly (readonly [string, string, Parameters<typeof applyEdit>[1], string])[] = [
  ["one place", "a b c", { before: "b", after: "B", occurrences: "one" }, "a B c"],
  ["all places", "b b", { before: "b", after: "x", occurrences: "all" }, "x x"],
  ["dollar signs as they are", "a", { before: "a", after: "$&$1", occurrences: "one" }, "$&$1"],
  ["to nothing", "abc", { before: "b", after: "", occurrences: "one" }, "ac"],
];
for (const [name, text, edit, result] of edits) {
  test(`edit replaces ${name}`, () => assert.equal(applyEdit(text, edit).text, result));
}

const refusals: readonly (readonly [string, Parameters<typeof applyEdit>[1], RegExp])[] = [
  ["what is not there", { before: "x", after: "y", occurrences: "one" }, /does not occur/],
  ["what is there twice", { before: "b", after: "y", occurrences: "one" }, /occurs 2 times/],
  ["nothing", { before: "", after: "y", occurrences: "all" }, /is empty/],
  ["text by itself", { before: "b", after: "b", occurrences: "all" }, /the same text/],
];
for (const [name, edit, message] of refusals) {
  test(`edit refuses to replace ${name}`, () => assert.throws(() => applyEdit("b b", edit), { message }));
}

test("edit keeps Windows newlines and a byte order mark", () => {
  put("w.txt", "\uFEFFone\r\ntwo\r\n");
  const plan = planEdit(join(at, "w.txt"), { before: "one\ntwo", after: "1\n2", occurrences: "one" }, 1_000);
  applyChanges([plan.change]);
  assert.equal(read("w.txt"), "\uFEFF1\r\n2\r\n");
});

test("mixed newlines are left alone", () => {
  const { form, plain } = readForm("a\r\nb\n");
  assert.equal(restoreForm(plain, form), "a\r\nb\n");
});

test("binary files, other encodings and large files are not edited", () => {
  writeFileSync(join(at, "bin"), Buffer.from([1, 0, 2]));
  writeFileSync(join(at, "latin"), Buffer.from([0x66, 0xfc, 0x72]));
  put("large", "x".repeat(11));
  const edit = { before: "x", after: "y", occurrences: "all" } as const;
  assert.throws(() => planEdit(join(at, "bin"), edit, 10), { message: /binary/ });
  assert.throws(() => planEdit(join(at, "latin"), edit, 10), { message: /not UTF-8/ });
  assert.throws(() => planEdit(join(at, "large"), edit, 10), { code: "too_large" });
});

test("a file that changed since it was read is not overwritten", () => {
  put("a", "one");
  const { change } = planEdit(join(at, "a"), { before: "one", after: "two", occurrences: "one" }, 1_000);
  put("a", "three");
  assert.throws(() => applyChanges([change]), { code: "conflict", message: /changed by somebody else/ });
  assert.equal(read("a"), "three");
});

test("a patch adds, updates, moves and deletes in one go", () => {
  put("u", "1\n2\n");
  put("m", "m\n");
  put("d", "d\n");
  apply(
    "*** Add File: n/new",
    "+hi",
    "*** Update File: u",
    "@@",
    "-2",
    "+two",
    "*** Update File: m",
    "*** Move to: n/m",
    "*** Delete File: d",
  );
  assert.deepEqual(
    [readdirSync(at), readdirSync(join(at, "n"))],
    [
      ["n", "u"],
      ["m", "new"],
    ],
  );
  assert.deepEqual([read("u"), read("n/m"), read("n/new")], ["1\ntwo\n", "m\n", "hi\n"]);
});

test("a patch of which one part does not fit changes nothing", () => {
  put("u", "1\n");
  put("d", "d\n");
  const before = readdirSync(at);
  assert.throws(
    () => apply("*** Delete File: d", "*** Add File: new", "+x", "*** Update File: u", "@@", "-absent", "+y"),
    { code: "conflict" },
  );
  assert.throws(() => apply("*** Delete File: d", "*** Add File: u", "+x"), {
    code: "conflict",
    message: /exists already/,
  });
  assert.deepEqual([readdirSync(at), read("u"), read("d")], [before, "1\n", "d\n"]);
});

test("what was done already is taken back when a later step of the same patch fails", () => {
  put("first", "1");
  put("second", "2");
  const { change } = planEdit(join(at, "first"), { before: "1", after: "one", occurrences: "one" }, 100);
  const removed = planPatch("*** Begin Patch\n*** Delete File: second\n*** End Patch", (path) => join(at, path), 100);
  const meddling = {
    path: join(at, "third"),
    from: undefined,
    // Asked for when all that came before was looked at, and nothing was done yet: the second file changes just then.
    get content() {
      put("second", "theirs");
      return Buffer.from("x");
    },
  };
  assert.throws(() => applyChanges([change, ...removed, meddling]), { code: "conflict" });
  assert.deepEqual([read("first"), read("second")], ["1", "theirs"]);
  assert.deepEqual(readdirSync(at), ["first", "second"]);
});

test("one file named twice in a patch is refused", () => {
  put("a", "1\n");
  assert.throws(() => apply("*** Update File: a", "@@", "-1", "+2", "*** Delete File: a"), {
    message: /names .*a twice/,
  });
});
