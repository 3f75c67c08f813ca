// Text as it is read for values that somebody hides in it: letters and digits only, all lower-case. What could stand
// between them or in their place, such as spaces, quotes, invisible characters and letters that only look alike, says
// nothing any more. Every kept character knows where it stood.

export type Folded = { readonly codes: Uint16Array; readonly at: Int32Array; readonly length: number };

/** Letters of other scripts that a reader takes for Latin ones, each before its Latin one. */
const lookalikes =
  "аaвbеeгrһhіiјjкkмmнhоoрpсcѕsтtуyхxԁdԍgԛqԝwАaВbЕeНhІiЈjКkМmОoРpСcЅsТtУyХxαaβbεeιiκkνvοoρpτtυuχxωwΑaΒbΕeΖzΗhΙiΚkΜmΝnΟoΡpΤtΥyΧx";

/** By UTF-16 unit: what is kept of it, 0 for nothing. */
const foldTable = createTable();

/** `room` is used again for the next text, so what is returned holds until then. */
export type Folder = (text: string) => Folded;

export function createFolder(mode: "folded" | "exact"): Folder {
  let codes = new Uint16Array(0);
  let at = new Int32Array(0);
  return (text) => {
    if (codes.length < text.length) {
      codes = new Uint16Array(text.length);
      at = new Int32Array(text.length);
    }
    const length = mode === "folded" ? fold(text, codes, at) : copy(text, codes, at);
    return { codes, at, length };
  };
}

export function foldText(text: string): Uint16Array {
  const { codes, length } = createFolder("folded")(text);
  return codes.slice(0, length);
}

const backslash = 92;

function fold(text: string, codes: Uint16Array, at: Int32Array): number {
  let length = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    const kept = foldTable[code] ?? 0;
    if (kept !== 0) {
      codes[length] = kept;
      at[length] = index;
      length += 1;
    } else if (code === backslash) index += escapeLength(text, index + 1);
  }
  return length;
}

/** The letter of an escape such as `\n` or `\x41` is no letter of the text. */
function escapeLength(text: string, at: number): number {
  const next = text.charCodeAt(at);
  // n r t b f x
  return next === 110 || next === 114 || next === 116 || next === 98 || next === 102 || next === 120 ? 1 : 0;
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
  for (let at = 0; at < lookalikes.length; at += 2) put(lookalikes.charCodeAt(at), lookalikes.charAt(at + 1));
  return table;
}
