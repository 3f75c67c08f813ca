// Credentials that exist nowhere else, in the shapes that makers give theirs, and every spelling that one is sought in.
import { randomBytes } from "node:crypto";

const coreLength = 24;
const alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";

export type Canary = { readonly value: string };

/** Random in each run: what is found can only have come from here. */
export function randomCore(length = coreLength): string {
  return [...randomBytes(length)].map((byte) => alphabet[byte % alphabet.length]).join("");
}

const shapes: readonly (() => string)[] = [
  () => `sk-ant-api03-${randomCore(60)}`,
  () => `sk-proj-${randomCore(48)}`,
  () => `ghp_${randomCore(36)}`,
  () => `xoxb-${"2345678901"}-${randomCore()}`,
  () => randomCore(40),
  () => randomBytes(32).toString("hex"),
];

export function createCanary(index: number): string {
  return (shapes[index % shapes.length] as () => string)();
}

export function createBotToken(): string {
  return `${1_000_000_000 + randomBytes(3).readUIntBE(0, 3)}:AA${randomCore(33)}`;
}

type Spell = (core: string) => readonly Buffer[];

const text = (spelled: string): readonly Buffer[] => [Buffer.from(spelled, "latin1")];

/** What is left of a base64 text, wherever in a longer one the core begins: without the letters that it shares with what is around it. */
function base64At(core: string, before: number): string {
  const all = Buffer.from("\0".repeat(before) + core).toString("base64");
  const from = Math.ceil((before * 8) / 6);
  return all.slice(from, Math.floor(((before + core.length) * 8) / 6));
}

function url(base64: string): string {
  return base64.replaceAll("+", "-").replaceAll("/", "_");
}

function rot13(core: string): string {
  return core.replace(/[A-Za-z]/g, (letter) => {
    const base = letter <= "Z" ? 65 : 97;
    return String.fromCharCode(((letter.charCodeAt(0) - base + 13) % 26) + base);
  });
}

const bytesOf = (core: string): readonly string[] =>
  [...Buffer.from(core)].map((byte) => byte.toString(16).padStart(2, "0"));

/** Memory of a program holds texts as bytes or as pairs of bytes; files hold them as bytes. */
export const spellings: Readonly<Record<string, Spell>> = {
  plain: (core) => text(core),
  "two bytes a letter": (core) => [Buffer.from(core, "utf16le")],
  "base64 and base64url, first alignment": (core) => [base64At(core, 0), url(base64At(core, 0))].flatMap(text),
  "base64 and base64url, second alignment": (core) => [base64At(core, 1), url(base64At(core, 1))].flatMap(text),
  "base64 and base64url, third alignment": (core) => [base64At(core, 2), url(base64At(core, 2))].flatMap(text),
  "base64 of it reversed": (core) => text(base64At([...core].toReversed().join(""), 0)),
  hex: (core) => text(bytesOf(core).join("")),
  HEX: (core) => text(bytesOf(core).join("").toUpperCase()),
  "every byte in a URL": (core) =>
    [
      bytesOf(core)
        .map((byte) => `%${byte}`)
        .join(""),
      bytesOf(core)
        .map((byte) => `%${byte.toUpperCase()}`)
        .join(""),
    ].flatMap(text),
  "escaped in JSON": (core) =>
    text(
      bytesOf(core)
        .map((byte) => `\\u00${byte}`)
        .join(""),
    ),
  reversed: (core) => text([...core].toReversed().join("")),
  rot13: (core) => text(rot13(core)),
};

/** The part of a credential that is random, and so is sought: a piece of it would be enough for whoever finds it. */
export function coreOf(value: string): string {
  return value.slice(-coreLength);
}
