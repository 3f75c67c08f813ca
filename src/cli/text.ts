// Text for people: tables, sizes, ages, and what must not reach a terminal.

/** Left-aligned columns, two spaces apart; the last one takes what is left of the width, and may have several lines. */
export function renderTable(
  rows: readonly (readonly string[])[],
  options: { readonly width: number; readonly indent?: string },
): string[] {
  const indent = options.indent ?? "";
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => displayWidth(row[column] ?? ""))),
  );
  const before = widths.slice(0, -1).reduce((sum, width) => sum + width + 2, indent.length);
  return rows.flatMap((row) => {
    const cells = row.map((cell, column) => (column === columns - 1 ? cell : pad(cell, widths[column] ?? 0)));
    const [first = "", ...rest] = `${indent}${cells.join("  ")}`.split("\n");
    const lines = [first, ...rest.map((line) => " ".repeat(before) + line)];
    return lines.map((line) => clip(line.trimEnd(), options.width));
  });
}

export function renderBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1_024 && unit < units.length - 1) {
    value /= 1_024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** `12 s`, `5 min`, `3 h`, `2 d`. */
export function renderDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} d`;
}

export function renderCost(costMicros: number | null): string {
  return costMicros === null ? "unknown" : `$${(costMicros / 1_000_000).toFixed(4)}`;
}

export function clip(text: string, width: number): string {
  if (width < 2 || displayWidth(text) <= width) return text;
  return `${text.slice(0, width - 1)}…`;
}

function pad(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - displayWidth(text)));
}

/** Colour codes take no room. Wide characters are counted as one: a crooked table is the worst that follows. */
function displayWidth(text: string): number {
  // oxlint-disable-next-line no-control-regex -- Colour codes begin with one.
  return text.replace(/\u001B\[[0-9;]*m/g, "").length;
}

/** Words in lines of at most `width`, each begun with `indent`. */
export function wrap(words: readonly string[], width: number, indent = ""): string {
  const lines = [indent];
  for (const word of words) {
    const line = lines.at(-1) ?? "";
    const fits = line === indent || line.length + word.length + 1 <= width;
    if (fits) lines[lines.length - 1] = line === indent ? `${indent}${word}` : `${line} ${word}`;
    else lines.push(`${indent}${word}`);
  }
  return lines.join("\n");
}

/** As it stands in an address. */
export function renderPlace({ host, port }: { readonly host: string; readonly port: number }): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
