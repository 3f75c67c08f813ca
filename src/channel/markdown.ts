// Cuts Markdown into messages that a platform can carry, each of which renders by itself: a code block that is cut is
// closed and opened again, and no cut goes through a link, an inline code or a word where another place can be found.

type Fence = { readonly mark: string; readonly opening: string };

const fenceLine = /^ {0,3}(`{3,}|~{3,})([^\n`]*)$/;
/** What must not be cut, on one line: inline code, links and images, bare addresses, emphasis. */
const whole =
  /(`+)(?:(?!\1)[^\n])+\1|!?\[[^\]\n]{0,1000}\]\([^)\n]{0,2000}\)|https?:\/\/[^\s)>\]]+|(\*\*|__|~~)(?:(?!\2)[^\n]){1,500}\2/g;

/** Every piece has at most `maxChars` characters and says something. */
export function splitMarkdown(text: string, maxChars: number): readonly string[] {
  const pieces: string[] = [];
  let rest = text;
  let fence: Fence | undefined;
  for (;;) {
    const opening: string = fence === undefined ? "" : `${fence.opening}\n`;
    if (opening.length + rest.length <= maxChars) {
      pieces.push(opening + rest);
      return pieces.map((piece) => piece.trimEnd()).filter((piece) => piece.trim() !== "");
    }
    // Room for the line that closes a block, which is only needed where the cut falls into one.
    const room = Math.max(1, maxChars - opening.length - closingRoom(rest, fence, maxChars));
    const end = cutAt(rest, room, fence);
    const head = rest.slice(0, end);
    const open: Fence | undefined = fenceAfter(head, fence);
    pieces.push(opening + head.trimEnd() + (open === undefined ? "" : `\n${open.mark}`));
    rest = open === undefined ? rest.slice(end).replace(/^\s*\n|^ +/, "") : rest.slice(end).replace(/^\n/, "");
    // A block too small for its own fence lines goes on as plain text: better unstyled than without an end.
    fence = open !== undefined && open.opening.length + open.mark.length + 8 > maxChars ? undefined : open;
  }
}

function closingRoom(rest: string, fence: Fence | undefined, maxChars: number): number {
  const marks = rest
    .slice(0, maxChars)
    .split("\n")
    .flatMap((line) => fenceLine.exec(line)?.[1] ?? []);
  const longest = Math.max(0, fence?.mark.length ?? 0, ...marks.map((mark) => mark.length));
  const room = longest === 0 ? 0 : longest + 1;
  return room * 2 < maxChars ? room : 0;
}

/** The code block that is open at the end of `text`, where `before` was open at its beginning. */
function fenceAfter(text: string, before: Fence | undefined): Fence | undefined {
  let open = before;
  for (const line of text.split("\n")) {
    const match = fenceLine.exec(line);
    if (match === null) continue;
    const [opening, mark = "", info = ""] = match;
    if (open === undefined) open = { mark, opening };
    else if (mark[0] === open.mark[0] && mark.length >= open.mark.length && info.trim() === "") open = undefined;
  }
  return open;
}

/** Before a heading or between paragraphs, else at a line break, else at a space, else anywhere but inside a character. */
function cutAt(text: string, maxChars: number, fence: Fence | undefined): number {
  const head = text.slice(0, maxChars + 1);
  for (const seam of ["\n\n", "\n", " "]) {
    const at = lastSeam(head, seam, { text, fence, maxChars });
    if (at !== undefined) return at;
  }
  // Rather a short message than half a link, where the whole of it fits into the next one.
  const begins = fenceAfter(head, fence) === undefined ? beginOf(text, maxChars) : undefined;
  if (begins !== undefined && begins > 0) return begins;
  const splitsPair = /[\uD800-\uDBFF]/.test(text.charAt(maxChars - 1)) && maxChars > 1;
  return splitsPair ? maxChars - 1 : maxChars;
}

type Place = { readonly text: string; readonly fence: Fence | undefined; readonly maxChars: number };

function lastSeam(head: string, seam: string, { text, fence, maxChars }: Place): number | undefined {
  // A cut far to the left would make many tiny messages of one long word.
  for (let at = head.lastIndexOf(seam); at > maxChars / 2; at = head.lastIndexOf(seam, at - 1)) {
    const open = fenceAfter(head.slice(0, at), fence);
    // Code is cut at its lines only, and first of all not where a block is open.
    if (open !== undefined && seam !== "\n") continue;
    if (open === undefined && beginOf(text, at) !== undefined) continue;
    return at;
  }
  return undefined;
}

/** Where that begins which a cut at `at` would go through, and which only means something as a whole. */
function beginOf(text: string, at: number): number | undefined {
  const from = text.lastIndexOf("\n", at - 1) + 1;
  const to = text.indexOf("\n", at);
  const line = text.slice(from, Math.min(to < 0 ? text.length : to, from + 8_000));
  for (const match of line.matchAll(whole)) {
    const begin = from + match.index;
    if (begin < at && at < begin + match[0].length) return begin;
  }
  return undefined;
}
