import assert from "node:assert/strict";
import { test } from "node:test";
import { visibleWidth } from "@earendil-works/pi-tui";
import { drawItem, fitting } from "../../src/tui/draw.ts";
import type { Paint } from "../../src/tui/draw.ts";
import { assistantItem, noteItem, thinkingItem, toolItem, userItem } from "../../src/tui/items.ts";

const plain = (text: string): string => text;
const paint: Paint = {
  plain,
  bold: plain,
  dim: plain,
  italic: plain,
  underline: plain,
  strikethrough: plain,
  accent: plain,
  good: plain,
  bad: plain,
};

const am = "\u0E33";
const texts = [
  am.repeat(90),
  `${"x".repeat(77)}${am}${am}`,
  "\u{1F1E9}\u{1F1EA}".repeat(60),
  "\uFDFD\t\u3164".repeat(40),
];

test("no line of what anybody wrote is wider than the screen, whatever the script", () => {
  for (const text of texts) {
    const items = [
      userItem("1", text),
      assistantItem("2", text),
      thinkingItem("3", text),
      noteItem("4", text),
      toolItem("5", { name: text, args: { text }, state: "ok", output: text }),
    ];
    for (const width of [4, 9, 80])
      for (const item of items) {
        const lines = fitting(drawItem(item, true, paint)).render(width);
        assert.deepEqual(
          lines.filter((line) => visibleWidth(line) > width),
          [],
          `${item.kind} at ${width}: ${text}`,
        );
      }
  }
});

test("a line of Thai is broken where it ends, and nothing of it is lost", () => {
  const lines = drawItem(noteItem("1", am.repeat(90)), true, paint).render(80);
  assert.equal(lines.join("").replaceAll(" ", "").length, 180);
  assert.deepEqual(
    lines.filter((line) => visibleWidth(line) > 80),
    [],
  );
});

test("a tool that takes one text shows that text, in one line; any other shows its parameters", () => {
  const argsOf = (args: unknown): unknown => {
    const item = toolItem("1", { name: "exec", args, state: "ok", output: "" });
    return item.kind === "tool" && item.args;
  };
  assert.equal(argsOf({ command: 'echo "a"\n  ls' }), 'echo "a" ls');
  assert.equal(argsOf({ path: "a.md", limit: 2 }), '{"path":"a.md","limit":2}');
  assert.equal(argsOf({ limit: 2 }), '{"limit":2}');
  assert.equal(argsOf({}), "{}");
  assert.equal(argsOf(undefined), "");
});
