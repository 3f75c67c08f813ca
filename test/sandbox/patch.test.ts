import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { applyHunks, parsePatch } from "../../src/sandbox/cell/files/patch.ts";
import type { Hunk } from "../../src/sandbox/cell/files/patch.ts";

const patch = (...lines: readonly string[]): string => ["*** Begin Patch", ...lines, "*** End Patch"].join("\n");
const failure = (message: RegExp, code = "invalid_request") => ({ name: "FileFailure", code, message });

test("a patch with every kind of file", () => {
  const text = patch(
    "*** Add File: new/a.txt",
    "+one",
    "+",
    "*** Delete File: old.txt",
    "*** Update File: b.txt",
    "*** Move to: c.txt",
    "@@ function f() {",
    " context",
    "-before",
    "+after",
    "*** End of File",
  );
  assert.deepEqual(parsePatch(text), [
    { kind: "add", path: "new/a.txt", text: "one\n\n" },
    { kind: "delete", path: "old.txt" },
    {
      kind: "update",
      path: "b.txt",
      moveTo: "c.txt",
      hunks: [
        {
          anchors: ["function f() {"],
          before: ["context", "before"],
          after: ["context", "after"],
          atEnd: "end of file",
        },
      ],
    },
  ]);
});

test("blank lines around files and Windows newlines are no matter", () => {
  assert.deepEqual(parsePatch(patch("", "*** Delete File: a", "").replaceAll("\n", "\r\n")), [
    { kind: "delete", path: "a" },
  ]);
});

const malformed: readonly (readonly [string, string, RegExp])[] = [
  ["nothing", "", /line 1: the first line must be/],
  ["no end", "*** Begin Patch\n*** Delete File: a", /line 2: the last line must be/],
  ["no file", patch(), /names no file/],
  ["an unknown header", patch("*** Rename File: a"), /line 2: expected/],
  ["no path", patch("*** Delete File: "), /line 2: a path is missing/],
  ["an added line without its mark", patch("*** Add File: a", "x"), /line 3: each line of an added file/],
  ["an update of nothing", patch("*** Update File: a"), /nothing changes in a/],
  ["a hunk line without its mark", patch("*** Update File: a", "@@", "x"), /line 4: a line of a hunk/],
];
for (const [name, text, message] of malformed) {
  test(`refused: ${name}`, () => assert.throws(() => parsePatch(text), failure(message)));
}

const hunk = (before: readonly string[], after: readonly string[], rest: Partial<Hunk> = {}): Hunk => ({
  anchors: [],
  before,
  after,
  atEnd: "anywhere",
  ...rest,
});

const fitting: readonly (readonly [string, string, readonly Hunk[], string])[] = [
  ["replaces in the middle", "a\nb\nc\n", [hunk(["b"], ["B"])], "a\nB\nc\n"],
  ["keeps a missing last newline", "a\nb", [hunk(["b"], ["B"])], "a\nB"],
  ["goes in order", "x\nx\n", [hunk(["x"], ["1"]), hunk(["x"], ["2"])], "1\n2\n"],
  ["starts after the anchor", "x\nf\nx\n", [hunk(["x"], ["y"], { anchors: ["f"] })], "x\nf\ny\n"],
  ["adds after the anchor", "a\nb\n", [hunk([], ["n"], { anchors: ["a"] })], "a\nn\nb\n"],
  ["adds at the end without one", "a\n", [hunk([], ["n"])], "a\nn\n"],
  ["adds to an empty file", "", [hunk([], ["n"])], "n\n"],
  ["can empty a file", "a\n", [hunk(["a"], [])], ""],
  ["forgives trailing blanks, and keeps the file's own", "a  \nb\n", [hunk(["a", "b"], ["a", "B"])], "a  \nB\n"],
  ["forgives indentation", "\tif (x)\n", [hunk(["if (x)"], ["\tif (y)"])], "\tif (y)\n"],
  ["prefers the exact place", "a \na\n", [hunk(["a"], ["b"])], "a \nb\n"],
  [
    "takes the last place at the end of the file",
    "a\nb\na\n",
    [hunk(["a"], ["z"], { atEnd: "end of file" })],
    "a\nb\nz\n",
  ],
];
for (const [name, before, hunks, after] of fitting) {
  test(`a hunk ${name}`, () => assert.equal(applyHunks(before, hunks, "f"), after));
}

test("a hunk that does not fit says which lines", () => {
  assert.throws(
    () => applyHunks("a\n", [hunk(["b"], ["c"])], "f.txt"),
    failure(/f\.txt: these lines are not there: b/, "conflict"),
  );
});

test("whatever lines change, the patch that says so produces them", () => {
  const lines = fc.array(fc.constantFrom("a", "b", "c", "d", "", " x"), { maxLength: 12 });
  fc.assert(
    fc.property(lines, lines, (before, after) => {
      const text = before.map((line) => `${line}\n`).join("");
      const whole = patch(
        "*** Update File: f",
        "@@",
        ...before.map((line) => `-${line}`),
        ...after.map((line) => `+${line}`),
      );
      if (before.length + after.length === 0) return;
      const [parsed] = parsePatch(whole);
      assert.ok(parsed?.kind === "update");
      assert.equal(applyHunks(text, parsed.hunks, "f"), after.map((line) => `${line}\n`).join(""));
    }),
  );
});

test("no text makes the parser do anything but answer or refuse", () => {
  const line = fc.constantFrom(
    "*** Begin Patch",
    "*** End Patch",
    "*** Update File: a",
    "*** Add File: b",
    "@@",
    "@@ x",
    "+y",
    "-z",
    " q",
    "",
    "*** Move to: c",
    "*** End of File",
    "junk",
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
      try {
        parsePatch(patch(...lines));
      } catch (error) {
        assert.ok(error instanceof Error && error.name === "FileFailure", String(error));
      }
    }),
    { numRuns: 500 },
  );
});
