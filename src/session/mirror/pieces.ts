// A mirrored transcript as files: the one that grows, and the older pieces that it was cut into, counted from the oldest.
import { appendFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

export type PieceBounds = {
  readonly bytesMax: number;
  /** From a piece's first line to its last. */
  readonly spanMsMax: number;
};

export type Line = { readonly text: string; readonly at: number };

/** The piece that grows. */
export type Piece = { readonly path: string; readonly number: number; readonly bytes: number; readonly since: number };

/** The id of the window and the number of the piece; undefined for any other file. */
export function parsePieceName(name: string): { readonly id: string; readonly number: number | undefined } | undefined {
  const [, id, number] = /^([0-9a-f-]{36})(?:\.(\d{1,6}))?\.jsonl$/.exec(name) ?? [];
  return id === undefined ? undefined : { id, number: number === undefined ? undefined : Number(number) };
}

const growing = (folder: string, id: string): string => join(folder, `${id}.jsonl`);
const older = (folder: string, id: string, number: number): string => join(folder, `${id}.${number}.jsonl`);

type Target = { readonly folder: string; readonly id: string; readonly header: string; readonly bounds: PieceBounds };

/** All of it anew: what was there of it before is replaced, the piece that grows last. */
export async function writePieces(lines: readonly Line[], target: Target): Promise<Piece> {
  const { folder, id } = target;
  for (const name of await readdir(folder))
    if (parsePieceName(name)?.id === id && name !== `${id}.jsonl`) await rm(join(folder, name), { force: true });
  const pieces = cut(lines, target);
  let number = 0;
  for (const piece of pieces.slice(0, -1)) await writeWhole(older(folder, id, ++number), piece.text);
  const last = pieces.at(-1) ?? { text: `${target.header}\n`, since: 0 };
  await writeWhole(growing(folder, id), last.text);
  return { path: growing(folder, id), number, bytes: Buffer.byteLength(last.text), since: last.since };
}

export async function appendPieces(piece: Piece, lines: readonly Line[], target: Target): Promise<Piece> {
  const { folder, id } = target;
  const [first, ...more] = cut(lines, target, piece);
  let { number, bytes, since } = piece;
  if (first !== undefined && first.text !== "") {
    await appendFile(piece.path, first.text, { mode: 0o600 });
    bytes += Buffer.byteLength(first.text);
  }
  for (const next of more) {
    await rename(piece.path, older(folder, id, ++number));
    await writeWhole(piece.path, next.text);
    [bytes, since] = [Buffer.byteLength(next.text), next.since];
  }
  return { path: piece.path, number, bytes, since };
}

/** The texts of the pieces that the lines fill; the first goes on with `piece` where there is one. */
function cut(lines: readonly Line[], { header, bounds }: Target, piece?: Piece): { text: string; since: number }[] {
  const begin = ({ at }: Line) => ({
    text: `${header}\n`,
    since: at,
    bytes: Buffer.byteLength(header) + 1,
    isNew: true,
  });
  const pieces: ReturnType<typeof begin>[] =
    piece === undefined ? [] : [{ text: "", since: piece.since, bytes: piece.bytes, isNew: false }];
  for (const line of lines) {
    const bytes = Buffer.byteLength(line.text);
    const last = pieces.at(-1);
    const isFull =
      last === undefined || last.bytes + bytes > bounds.bytesMax || line.at - last.since > bounds.spanMsMax;
    // A line that is longer than a whole piece may be gets one of its own.
    const isOnlyHeader = last?.isNew === true && last.text === `${header}\n`;
    const target = isFull && !isOnlyHeader ? begin(line) : (last ?? begin(line));
    if (target !== last) pieces.push(target);
    target.text += line.text;
    target.bytes += bytes;
  }
  return pieces.map(({ text, since }) => ({ text, since }));
}

export async function writeWhole(path: string, text: string): Promise<void> {
  const unfinished = `${path}.unfinished`;
  await writeFile(unfinished, text, { mode: 0o600 });
  await rename(unfinished, path);
}
