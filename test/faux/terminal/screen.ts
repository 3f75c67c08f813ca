// A terminal's screen, as far as the programs under test use one: text, line ends, cursor moves, erasing. Colours and
// everything else are read and forgotten.

const piece = new RegExp(
  [
    String.raw`^(?:\u001B\[([0-?]*)[ -/]*([@-~])`,
    String.raw`|\u001B([\]_P^X])([^\u0007\u001B]*)(?:\u0007|\u001B\\)`,
    String.raw`|\u001B([ -Z\\^-~])`,
    String.raw`|([^]))`,
  ].join(""),
  "u",
);

export class Screen {
  #rows: number;
  #columns: number;
  #row = 0;
  #column = 0;
  #lines: string[][] = [];
  #scrolled: string[] = [];
  #rest = "";
  /** What a program for text has no business with: titles, clipboards, pictures. An empty link ends none, and is not one. */
  readonly strange: string[] = [];

  constructor(rows: number, columns: number) {
    this.#rows = rows;
    this.#columns = columns;
  }

  write(text: string): void {
    this.#rest += text;
    for (;;) {
      const match = piece.exec(this.#rest);
      // Nothing is left, or a sequence whose end has not come yet.
      if (match === null || (match[6] === "\u001B" && this.#rest.length < 4_096)) return;
      this.#rest = this.#rest.slice(match[0].length);
      if (match[2] !== undefined) this.#control(match[1] ?? "", match[2]);
      else if (match[3] !== undefined) this.#string(`${match[3]}${match[4]}`);
      else if (match[6] !== undefined) this.#character(match[6]);
    }
  }

  resize(rows: number, columns: number): void {
    [this.#rows, this.#columns] = [rows, columns];
    while (this.#lines.length > rows) this.#scrollOut();
    this.#row = Math.min(this.#row, rows - 1);
  }

  /** Everything that can be seen, and what was scrolled out above it. */
  text(): string {
    const seen = Array.from({ length: this.#lines.length }, (_, at) => this.#line(at).join(""));
    return [...this.#scrolled, ...seen].map((line) => line.trimEnd()).join("\n");
  }

  #line(at: number): string[] {
    return (this.#lines[at] ??= []);
  }

  #scrollOut(): void {
    this.#scrolled.push((this.#lines.shift() ?? []).join(""));
  }

  #string(text: string): void {
    if (text !== "]8;;") this.strange.push(text);
  }

  #character(character: string): void {
    if (character === "\r") this.#column = 0;
    else if (character === "\n") this.#down();
    else if (character === "\b") this.#column = Math.max(0, this.#column - 1);
    else if (character >= " ") this.#put(character);
  }

  #down(): void {
    if (this.#row < this.#rows - 1) this.#row += 1;
    else this.#scrollOut();
  }

  #put(character: string): void {
    if (this.#column >= this.#columns) {
      this.#column = 0;
      this.#down();
    }
    const line = this.#line(this.#row);
    while (line.length < this.#column) line.push(" ");
    line[this.#column] = character;
    this.#column += 1;
  }

  #control(parameters: string, final: string): void {
    if (/^[?>=<]/.test(parameters)) return;
    const [first = 0, second = 0] = parameters.split(";").map(Number);
    const count = Math.max(1, first);
    if (final === "A") this.#row = Math.max(0, this.#row - count);
    else if (final === "B") this.#row = Math.min(this.#rows - 1, this.#row + count);
    else if (final === "C") this.#column = Math.min(this.#columns - 1, this.#column + count);
    else if (final === "D") this.#column = Math.max(0, this.#column - count);
    else if (final === "G") this.#column = count - 1;
    else if (final === "H") [this.#row, this.#column] = [Math.min(this.#rows, count) - 1, Math.max(1, second) - 1];
    else if (final === "K") this.#eraseLine(first);
    else if (final === "J") this.#eraseScreen(first);
  }

  #eraseLine(mode: number): void {
    const line = this.#line(this.#row);
    if (mode === 2) line.length = 0;
    else if (mode === 0) line.length = Math.min(line.length, this.#column);
  }

  #eraseScreen(mode: number): void {
    if (mode === 2) this.#lines = [];
    if (mode === 3) this.#scrolled = [];
    if (mode !== 0) return;
    this.#eraseLine(0);
    this.#lines.length = Math.min(this.#lines.length, this.#row + 1);
  }
}
