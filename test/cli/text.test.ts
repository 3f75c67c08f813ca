import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createOptions } from "../../src/cli/options.ts";
import { renderBytes, renderDuration, renderTable, wrap } from "../../src/cli/text.ts";
import { stripControls } from "../../src/base/text/controls.ts";

test("a table lines its columns up and ends where the terminal does", () => {
  const rows = [
    ["a", "bb", "c"],
    ["aaa", "b", "a long last column"],
  ];
  assert.deepEqual(renderTable(rows, { width: 80, indent: " " }), [" a    bb  c", " aaa  b   a long last column"]);
  assert.deepEqual(renderTable(rows, { width: 14 }), ["a    bb  c", "aaa  b   a lo…"]);
  assert.deepEqual(renderTable([["a", "b\nc"]], { width: 14, indent: " " }), [" a  b", "    c"]);
  assert.deepEqual(renderTable([], { width: 14 }), []);
});

test("words are wrapped between each other, and a longer one than the width has its own line", () => {
  assert.equal(wrap(["aa", "bb", "a-long-word", "c"], 8, "  "), "  aa bb\n  a-long-word\n  c");
  assert.equal(wrap([], 8, "  "), "  ");
});

test("sizes and durations are in the largest unit that is not zero", () => {
  assert.deepEqual([0, 1_023, 1_024, 5_242_880].map(renderBytes), ["0 B", "1023 B", "1.0 KiB", "5.0 MiB"]);
  const durations = [0, 89_000, 90_000, 3_600_000 * 2, 86_400_000 * 3].map(renderDuration);
  assert.deepEqual(durations, ["0 s", "89 s", "2 min", "2 h", "3 d"]);
});

test("what a terminal would obey is taken out of what others wrote", () => {
  const hostile = "a\u001B]0;title\u0007b\u001B[2Jc\u001B[31md\u0008\u009B5me\u202Ef\tg\nh\r";
  assert.equal(stripControls(hostile), "abcd5mef\tg\nh");
});

test("no text survives stripping with a control character in it", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
      // oxlint-disable-next-line no-control-regex -- Finding them is the point.
      assert.doesNotMatch(stripControls(text), /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]/);
    }),
  );
});

test("options are read as what they should be", () => {
  const options = createOptions({ follow: true, probe: false, limit: "5", wait: "2m", bare: "3", mode: "b" });
  assert.equal(options.flag("follow"), true);
  assert.equal(options.flag("absent"), false);
  assert.equal(options.off("probe"), true);
  assert.equal(options.off("absent"), false);
  assert.equal(options.whole("limit", { min: 1, max: 5 }), 5);
  assert.equal(options.whole("absent", { min: 1, max: 5 }), undefined);
  assert.throws(() => options.whole("limit", { min: 6, max: 9 }), /--limit takes a whole number from 6 to 9, not "5"/);
  assert.equal(options.duration("wait"), 120_000);
  assert.equal(options.duration("bare"), 3_000);
  assert.equal(options.choice("mode", ["a", "b"]), "b");
  assert.throws(() => options.choice("mode", ["a"]), { code: "invalid_request" });
});
