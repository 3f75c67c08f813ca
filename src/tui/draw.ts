// How each item looks.
import { Markdown, Text, truncateToWidth, visibleWidth } from "@earendil-works/pi-tui";
import type { Component, MarkdownTheme } from "@earendil-works/pi-tui";
import type { Item } from "./items.ts";

type Brush = (text: string) => string;

export type Paint = Readonly<
  Record<"plain" | "bold" | "dim" | "italic" | "underline" | "strikethrough" | "accent" | "good" | "bad", Brush>
>;

const outputLinesMax = 12;

export function drawItem(item: Item, showOutput: boolean, paint: Paint): Component {
  switch (item.kind) {
    case "user":
      return new Text(paint.bold(`> ${item.text.replaceAll("\n", "\n  ")}`), 1, 1);
    case "assistant":
      return new Markdown(item.text, 1, 0, markdownTheme(paint), undefined, { renderLatex: false });
    case "thinking":
      return new Text(paint.dim(paint.italic(item.text)), 3, 0);
    case "note":
      return new Text((item.tone === "bad" ? paint.bad : paint.dim)(item.text), 1, 0);
    case "tool":
      return new Text(drawTool(item, showOutput, paint), 1, 0);
  }
}

/**
 * The library ends the program, and writes what was said into a file that anybody can read, where a line is wider than the
 * screen. Some script or other always gets there, so what is too wide is cut.
 */
export function fitting(part: Component): Component {
  return {
    render: (width) =>
      part.render(width).map((line) => (visibleWidth(line) > width ? truncateToWidth(line, width, "") : line)),
    invalidate: () => part.invalidate(),
  };
}

const marks = { running: "▸", ok: "✓", error: "✗" } as const;

function drawTool(item: Extract<Item, { readonly kind: "tool" }>, showOutput: boolean, paint: Paint): string {
  const brush = { running: paint.accent, ok: paint.good, error: paint.bad }[item.state];
  const head = `${brush(marks[item.state])} ${paint.bold(item.name)} ${paint.dim(item.args)}`;
  if (item.output === "" || !showOutput) return head;
  const lines = item.output.split("\n");
  const more = lines.length - outputLinesMax;
  const shown = more > 0 ? [...lines.slice(0, outputLinesMax), `… ${more} more lines`] : lines;
  return [head, ...shown.map((line) => paint.dim(`  ${line}`))].join("\n");
}

function markdownTheme(paint: Paint): MarkdownTheme {
  return {
    heading: (text) => paint.bold(paint.accent(text)),
    link: paint.underline,
    linkUrl: paint.dim,
    code: paint.accent,
    codeBlock: paint.plain,
    codeBlockBorder: paint.dim,
    quote: paint.italic,
    quoteBorder: paint.dim,
    hr: paint.dim,
    listBullet: paint.accent,
    bold: paint.bold,
    italic: paint.italic,
    strikethrough: paint.strikethrough,
    underline: paint.underline,
  };
}
