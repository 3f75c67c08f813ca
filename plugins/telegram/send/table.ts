// A Markdown table as lines of even columns, for platforms that have only preformatted text.
import type { Tokens } from "marked";

const cellMaxChars = 40;

export function renderTable(table: Tokens.Table): string {
  const rows = [table.header, ...table.rows].map((row) => row.map(({ text }) => text.replaceAll(/\s+/g, " ").trim()));
  const widths = table.header.map((_, column) =>
    Math.min(cellMaxChars, Math.max(...rows.map((row) => lengthOf(row[column] ?? "")))),
  );
  const lines = rows.map((row) =>
    row
      .map((cell, column) => pad(cell, widths[column] ?? 0))
      .join(" | ")
      .trimEnd(),
  );
  const rule = widths.map((width) => "-".repeat(width)).join("-+-");
  return [lines[0] ?? "", rule, ...lines.slice(1)].join("\n");
}

function pad(cell: string, width: number): string {
  return cell + " ".repeat(Math.max(0, width - lengthOf(cell)));
}

/** As a reader counts. */
function lengthOf(text: string): number {
  return Array.from(text).length;
}
