// What is sought of each value: the spellings under which it may turn up in text, and how much of each is enough.
import { coresOf, isNoKey } from "./random.ts";
import { foldText } from "./fold.ts";

/** `plain` is what people write by accident; everything else takes somebody who wants it to pass. */
export type SpellingKind = "plain" | "encoded";

export type Sought = {
  readonly text: string;
  readonly kind: SpellingKind;
  /** Letters and digits in a row that are enough; undefined where only the whole counts. */
  readonly enough: number | undefined;
  /** `exact`: as it is written, for values of too few letters and digits to be read otherwise. */
  readonly reading: "folded" | "exact";
};

const valueMinChars = 8;
/** Whole values of fewer letters and digits could be read out of words that stand beside each other. */
const foldedMinChars = 16;
const enough = { plain: 12, turned: 12, base64: 16, base32: 16, hex: 20, numbers: 30 };

/** A shorter value would match by accident all over. */
export function canBeSought(value: string): boolean {
  return value.length >= valueMinChars;
}

export function soughtOf(value: string, valueMaxChars: number): readonly Sought[] {
  if (!canBeSought(value) || isNoKey(value)) return [];
  const cores = coresOf(value);
  const reading = cores.length > 0 || foldText(value).length >= foldedMinChars ? "folded" : "exact";
  const whole = value.slice(0, valueMaxChars);
  const plain = [whole, JSON.stringify(whole).slice(1, -1), percentEncoded(whole), utf8AsLatin1(whole)];
  const found: Sought[] = plain.map((text) => ({ text, kind: "plain", enough: undefined, reading }));
  if (cores.length === 0)
    for (const { text } of encodings(whole)) found.push({ text, kind: "encoded", enough: undefined, reading });
  for (const core of cores) {
    const text = core.slice(0, valueMaxChars);
    for (const spelled of [text, percentEncoded(text)])
      found.push({ text: spelled, kind: "plain", enough: enough.plain, reading: "folded" });
    for (const encoded of encodings(text)) found.push({ ...encoded, kind: "encoded", reading: "folded" });
  }
  const seen = new Set<string>();
  return found.filter((one) => {
    const key = `${one.reading} ${one.enough} ${one.text}`;
    const isNew = one.text.length >= valueMinChars && !seen.has(key);
    seen.add(key);
    return isNew;
  });
}

type Encoded = Pick<Sought, "text" | "enough">;

function encodings(text: string): readonly Encoded[] {
  const bytes = Buffer.from(text);
  const reversed = [...text].toReversed().join("");
  const hex = bytes.toString("hex");
  return [
    { text: reversed, enough: enough.turned },
    { text: rot13(text), enough: enough.turned },
    { text: hex, enough: enough.hex },
    { text: Buffer.from(reversed).toString("hex"), enough: enough.hex },
    { text: [...bytes].join(""), enough: enough.numbers },
    { text: [...bytes].map((byte) => byte.toString(8).padStart(3, "0")).join(""), enough: enough.numbers },
    ...[bytes, Buffer.from(reversed)]
      .flatMap(base64Cores)
      .flatMap((core) => [core, core.replaceAll("+", "-").replaceAll("/", "_")])
      .map((core) => ({ text: core, enough: enough.base64 })),
    ...base32Cores(bytes).map((core) => ({ text: core, enough: enough.base32 })),
  ];
}

/**
 * Base64 of a longer text holds the value at one of three alignments; the characters at either end depend on the
 * neighbours, so what is sought is the part in between.
 */
function base64Cores(bytes: Buffer): readonly string[] {
  return [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    const whole = Math.floor((before + bytes.length) / 3) * 4;
    return text.slice(before === 0 ? 0 : 4, whole);
  });
}

const base32Letters = "abcdefghijklmnopqrstuvwxyz234567";

/** The same for base32, which names of hosts can carry: five alignments, eight characters for five bytes. */
function base32Cores(bytes: Buffer): readonly string[] {
  return [0, 1, 2, 3, 4].map((before) => {
    const text = base32(Buffer.concat([Buffer.alloc(before), bytes]));
    const whole = Math.floor((before + bytes.length) / 5) * 8;
    return text.slice(before === 0 ? 0 : 8, whole);
  });
}

function base32(bytes: Buffer): string {
  let text = "";
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += base32Letters[(held >> bits) & 31];
    }
    held &= (1 << bits) - 1;
  }
  return text;
}

function rot13(text: string): string {
  return text.replace(/[A-Za-z]/g, (letter) => {
    const base = letter <= "Z" ? 65 : 97;
    return String.fromCharCode(((letter.charCodeAt(0) - base + 13) % 26) + base);
  });
}

/** A lone surrogate has no percent-encoding; such a value is sought in its other spellings. */
function percentEncoded(value: string): string {
  return value.isWellFormed() ? encodeURIComponent(value) : value;
}

/** How a text reads whose bytes are looked at one by one. */
function utf8AsLatin1(value: string): string {
  return Buffer.from(value).toString("latin1");
}
