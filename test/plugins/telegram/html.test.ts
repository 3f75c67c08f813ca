// Markdown as Telegram shows it, held against a reader of HTML that is as strict as Telegram's.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { toHtml } from "../../../plugins/telegram/send/html.ts";
import { readHtml } from "../../faux/telegram/html.ts";

const shown: readonly (readonly [string, string])[] = [
  ["plain", "plain"],
  ["a **bold** and *slanted* ~~gone~~ `code`", "a <b>bold</b> and <i>slanted</i> <s>gone</s> <code>code</code>"],
  ["1 < 2 & 3 > 2", "1 &lt; 2 &amp; 3 &gt; 2"],
  ["# Title\n\ntext", "<b>Title</b>\n\ntext"],
  ["# A **bold** title", "<b>A bold title</b>"],
  ["- one\n- two\n  - inner\n- three", "• one\n• two\n   • inner\n• three"],
  ["3. three\n4. four", "3. three\n4. four"],
  ["- [x] done\n- [ ] open", "• ☑ done\n• ☐ open"],
  ["```js\nif (a < b) {}\n```", '<pre><code class="language-js">if (a &lt; b) {}</code></pre>'],
  ["```\nx\n```", "<pre>x</pre>"],
  ['[label](https://example.org/?a=1&b="2)', "label (https://example.org/?a=1&amp;b=&quot;2)"],
  ["[label](https://example.org/?a=1&b=2)", '<a href="https://example.org/?a=1&amp;b=2">label</a>'],
  ["[call](tg://user?id=42)", "call (tg://user?id=42)"],
  ["[run](javascript:alert)", "run (javascript:alert)"],
  ["![alt](https://example.org/p.png)", '<a href="https://example.org/p.png">alt</a>'],
  ["> quoted\n> > deeper", "<blockquote>quoted\n\ndeeper</blockquote>"],
  ["| a | b |\n|---|---|\n| 1 | long cell |", "<pre>a | b\n--+----------\n1 | long cell</pre>"],
  ["<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"],
  ["a <u>raw</u> tag", "a &lt;u&gt;raw&lt;/u&gt; tag"],
  ["one\n\n---\n\ntwo", "one\n\n———\n\ntwo"],
  ["an unclosed **bold", "an unclosed **bold"],
];

for (const [markdown, html] of shown) {
  test(`${JSON.stringify(markdown)} is shown as Telegram can`, () => {
    assert.equal(toHtml(markdown), html);
  });
}

test("what is empty, too long once shown, or nested without end is sent as it was written", () => {
  assert.deepEqual(
    [toHtml(""), toHtml("   "), toHtml("a".repeat(4_097)), toHtml(">".repeat(4_096)), toHtml("x".repeat(20), 10)],
    [undefined, undefined, undefined, undefined, undefined],
  );
});

const fragments = fc.constantFrom(
  ..."** * _ ~~ ` > - 1. # [ ]( ) http://a.b <b> </b> &amp; & < > | |---| \\ word 日本 🎉 ![ <!-- ---".split(" "),
  ..."\t,\n,\n\n,```\n,  , ".split(","),
  '"',
);

test("whatever a model writes, what is shown parses and has the length that was counted", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fragments, fc.string({ unit: "binary", maxLength: 6 })), { maxLength: 60 }),
      (parts) => {
        const html = toHtml(parts.join(""));
        if (html === undefined) return;
        const { text } = readHtml(html);
        assert.ok(text.trim() !== "" && text.length <= 4_096);
      },
    ),
    { numRuns: 2_000 },
  );
});
