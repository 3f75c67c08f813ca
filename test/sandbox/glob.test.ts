import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compileGlob } from "../../src/sandbox/cell/files/glob.ts";

const vectors: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ["*.ts", ["a.ts", ".ts"], ["b/a.ts", "a.tsx", "ats"]],
  ["**/*.ts", ["a.ts", "b/a.ts", "b/c/a.ts"], ["a.js"]],
  ["src/**", ["src/a", "src/b/c"], ["src", "other/src/a"]],
  ["src/**/x", ["src/x", "src/a/b/x"], ["x", "src/xx"]],
  ["a?c", ["abc", "a.c"], ["ac", "a/c", "abbc"]],
  ["[a-c]x", ["ax", "cx"], ["dx", "-x"]],
  ["[!a]x", ["bx"], ["ax", "/x"]],
  ["[a-]x", ["-x", "ax"], ["bx"]],
  ["*.{ts,js}", ["a.ts", "a.js"], ["a.jsx", "a.{ts,js}"]],
  ["{a,b/{c,d}}.x", ["a.x", "b/c.x", "b/d.x"], ["b.x"]],
  ["./a", ["a"], ["./a"]],
  ["a+b(c)", ["a+b(c)"], ["aab(c)"]],
  [String.raw`\*`, ["*"], ["a"]],
  ["日*", ["日本"], ["本日"]],
  ["[^]", ["^"], ["x"]],
];
for (const [pattern, yes, no] of vectors) {
  test(`the pattern ${pattern}`, () => {
    const matcher = compileGlob(pattern);
    assert.deepEqual(
      { yes: yes.filter((path) => matcher.test(path)), no: no.filter((path) => matcher.test(path)) },
      { yes, no: [] },
    );
  });
}

test("braces that are not closed, or nest for ever, are refused", () => {
  for (const pattern of ["{a,b", "{{{{{{a}}}}}}", "x".repeat(1_001)]) {
    assert.throws(() => compileGlob(pattern), { name: "FileFailure", code: "invalid_request" });
  }
});

test("a plain name matches itself and nothing else", () => {
  const name = fc.stringMatching(/^[\w.+()^$|-]{1,12}$/);
  fc.assert(fc.property(name, name, (one, other) => assert.equal(compileGlob(one).test(other), one === other)));
});

test("any text is a pattern or is refused", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 30 }), (text) => {
      try {
        compileGlob(text).test("a/b.c");
      } catch (error) {
        assert.ok(error instanceof Error && error.name === "FileFailure", String(error));
      }
    }),
    { numRuns: 1_000 },
  );
});
