// Markdown in pieces: each renders by itself, none is too long, and nothing of the text is lost.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { splitMarkdown } from "../../src/channel/channel.ts";

test("CH-011 a code block that is cut is closed, and opened again in its language", () => {
  const code = ["```ts", "const a = 1;", "const b = 2;", "const c = 3;", "```"].join("\n");
  assert.deepEqual(splitMarkdown(code, 40), ["```ts\nconst a = 1;\nconst b = 2;\n```", "```ts\nconst c = 3;\n```"]);
  assert.deepEqual(
    splitMarkdown(`~~~~\n${"x\n".repeat(8)}~~~~\nend`, 24)
      .at(-1)
      ?.endsWith("~~~~\nend"),
    true,
  );
});

test("a cut goes around links, inline code, emphasis and addresses", () => {
  assert.deepEqual(splitMarkdown("see this now [the long page](https://example.org/a b)", 40), [
    "see this now",
    "[the long page](https://example.org/a b)",
  ]);
  assert.deepEqual(splitMarkdown("some words `a b c d e f g h i j`", 24), ["some words", "`a b c d e f g h i j`"]);
  assert.deepEqual(splitMarkdown("some words **in bold letters**", 24), ["some words", "**in bold letters**"]);
});

test("what has no seam is cut anywhere but inside a character", () => {
  assert.deepEqual(splitMarkdown("abcdefghij", 4), ["abcd", "efgh", "ij"]);
  assert.deepEqual(splitMarkdown("aaa😀bb", 4), ["aaa", "😀bb"]);
  assert.deepEqual(splitMarkdown("  \n ", 4), []);
});

test("no piece is too long or empty, every block of code is closed, and no word is lost", () => {
  const lines = fc.array(
    fc.oneof(
      fc.constantFrom(
        "```",
        "```js",
        "~~~",
        "",
        "# Title",
        "- item",
        "> quote",
        "[a](https://b.example/c)",
        "**bold** `code`",
      ),
      fc.string({ maxLength: 60 }),
      fc.lorem({ maxCount: 12 }),
    ),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(lines, fc.integer({ min: 40, max: 400 }), (parts, maxChars) => {
      const text = parts.join("\n");
      const pieces = splitMarkdown(text, maxChars);
      for (const piece of pieces) {
        assert.ok(piece.length <= maxChars, `${piece.length} > ${maxChars}: ${JSON.stringify(piece)}`);
        assert.notEqual(piece.trim(), "");
      }
      const letters = (value: string): string => value.replaceAll(/[^\p{L}\p{N}]/gu, "");
      // The language of a block that is opened again is there twice.
      const languages = /^ {0,3}(`{3,}|~{3,}).*$/gm;
      assert.equal(letters(pieces.join("\n").replaceAll(languages, "")), letters(text.replaceAll(languages, "")));
    }),
    { numRuns: 500 },
  );
});

test("a long answer with code, lists and links renders in each piece as it did in the whole", () => {
  const block = ["```python", ...Array.from({ length: 60 }, (_, at) => `print(${at})`), "```"].join("\n");
  const text = Array.from(
    { length: 6 },
    (_, at) => `## Part ${at}\n\nSee [page ${at}](https://example.org/${at}).\n\n${block}`,
  ).join("\n\n");
  const pieces = splitMarkdown(text, 500);
  const links = pieces.flatMap((piece) => [...piece.matchAll(/\[page \d\]\((https:\/\/example\.org\/\d)\)/g)]);
  assert.deepEqual(
    links.map(([, href]) => href),
    Array.from({ length: 6 }, (_, at) => `https://example.org/${at}`),
  );
  for (const piece of pieces) {
    const outside = piece.replaceAll(/^```python\n[^]*?\n```$/gm, "");
    assert.doesNotMatch(outside, /print\(|```/, "code outside of a block, or a block that is not closed");
  }
});
