// Text as it is read for values that somebody hides in it: letters and digits only, all lower-case. What could stand
// between them or in their place, such as spaces, quotes, invisible characters and letters that only look alike, says
// nothing any more. Every kept character knows where it stood.

export type Folded = { readonly codes: Uint16Array; readonly at: Int32Array; readonly length: number };

/** Letters of other scripts that a reader takes for Latin ones, each before its Latin one. */
const lookalikes =
  "аaвbеeгrһhіiјjкkмmнhоoрpсcѕsтtуyхxԁdԍgԛqԝwАaВbЕeНhІiЈjКkМmОoРpСcЅsТtУyХxαaβbεeιiκkνvοoρpτtυuχxωwΑaΒbΕeΖzΗhΙiΚkΜmΝnΟoΡpΤtΥyΧx";

/** Letters in circles, raised, lowered and such, which have a plain one for their meaning. */
const dressedUp: readonly (readonly [number, number])[] = [
  [0x2070, 0x209f],
  [0x2100, 0x214f],
  [0x2460, 0x24ff],
];

/** By UTF-16 unit: what is kept of it, 0 for nothing. */
const foldTable = createTable();

/** Bold, slanted and other letters of mathematics: two units each, of which the first is always the same. */
const mathematical = 0xd835;
const mathTable = Uint8Array.from({ length: 1_024 }, (_, at) => meaningOf(0x1d400 + at));

/**
 * `folded` leaves out what escapes such as `\n`, `\x41` and `&#x41;` have beside what they stand for; `literal` takes each
 * letter for one, because what looks like an escape can also be a mark between two letters.
 */
export type FoldMode = "folded" | "literal" | "exact";

/** Its room is used again for the next text, so what is returned holds until then. */
export type Folder = (text: string) => Folded;

export function createFolder(mode: FoldMode): Folder {
  let codes = new Uint16Array(0);
  let at = new Int32Array(0);
  return (text) => {
    if (codes.length < text.length) {
      codes = new Uint16Array(text.length);
      at = new Int32Array(text.length);
    }
    const length = mode === "exact" ? copy(text, codes, at) : fold(text, { codes, at, mode });
    return { codes, at, length };
  };
}

export function foldText(text: string, mode: FoldMode = "folded"): Uint16Array {
  const { codes, length } = createFolder(mode)(text);
  return codes.slice(0, length);
}

/** Whether the two ways to read it differ. */
export function hasEscapes(text: string): boolean {
  return /\\[nrtbfxu]|&#x|0x/i.test(text);
}

const [ampersand, zero, backslash] = [38, 48, 92];

type FoldRoom = { readonly codes: Uint16Array; readonly at: Int32Array; readonly mode: FoldMode };

function fold(text: string, { codes, at, mode }: FoldRoom): number {
  let length = 0;
  const isRead = mode === "folded";
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (isRead && (code === backslash || code === ampersand || code === zero)) {
      const skipped = escapeLength(text, index);
      index += skipped;
      if (skipped > 0) continue;
    }
    const kept = code === mathematical ? (mathTable[text.charCodeAt(index + 1) & 1_023] ?? 0) : (foldTable[code] ?? 0);
    if (kept === 0) continue;
    codes[length] = kept;
    at[length] = index;
    length += 1;
  }
  return length;
}

/** So many characters after this one only say how to read what follows them. */
function escapeLength(text: string, at: number): number {
  const first = text.charCodeAt(at);
  const next = text.charCodeAt(at + 1) | 32;
  const isHex = next === 120;
  // `0x41`, where a number can begin.
  if (first === zero) return isHex && (foldTable[text.charCodeAt(at - 1)] ?? 0) === 0 ? 1 : 0;
  if (first === ampersand) return text.startsWith("#x", at + 1) || text.startsWith("#X", at + 1) ? 2 : 0;
  // `\u0041`, and `\u{41}` as some write it.
  if (next === 117) return text.startsWith("00", at + 2) ? 3 : text.charCodeAt(at + 2) === 123 ? 1 : 0;
  // n r t b f
  return isHex || next === 110 || next === 114 || next === 116 || next === 98 || next === 102 ? 1 : 0;
}

function copy(text: string, codes: Uint16Array, at: Int32Array): number {
  for (let index = 0; index < text.length; index++) {
    codes[index] = text.charCodeAt(index);
    at[index] = index;
  }
  return text.length;
}

function createTable(): Uint8Array {
  const table = new Uint8Array(65_536);
  const put = (from: number, to: string): void => {
    table[from] = to.toLowerCase().charCodeAt(0);
  };
  for (const letter of "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") {
    const code = letter.charCodeAt(0);
    put(code, letter);
    // The same in full width.
    put(code + 0xfee0, letter);
  }
  for (const [from, to] of dressedUp) for (let code = from; code <= to; code++) table[code] = meaningOf(code);
  for (let at = 0; at < lookalikes.length; at += 2) put(lookalikes.charCodeAt(at), lookalikes.charAt(at + 1));
  return table;
}

/** 0 where it stands for no single letter or digit. */
function meaningOf(codePoint: number): number {
  const meaning = String.fromCodePoint(codePoint).normalize("NFKC");
  return /^[A-Za-z0-9]$/.test(meaning) ? meaning.toLowerCase().charCodeAt(0) : 0;
}
