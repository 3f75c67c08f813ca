// Keeps text in its place: content from outside is wrapped in markers it cannot forge (AG-010), and what merely looks
// like a marker, a speaker or a chat-template token is made harmless (AG-011). All of this is for the model's benefit;
// no wall rests on it.
import { newToken } from "../../base/ids.ts";

const markerName = "EXTERNAL_UNTRUSTED_CONTENT";
const removed = "[a look-alike of a content marker was removed]";
const sourceMaxChars = 200;

/** Letters of other alphabets that pass for Latin ones, after their compatibility forms are resolved. */
const letters = "аaвbсcԁdеeіiјjкkмmнnоoрpѕsтtуyхxոnսuαaεeηnιiκkνvοoρpτtυuχxıiʟlᴛtɴnᴇeᴀaᴄcᴏoʀrᴜuѵv";
/** Characters that pass for one or more `<`, and those that pass for `>`. */
const brackets = [
  { plain: "<", like: "\u2039\u27e8\u3008\u276e\u276c\u1438\u02c2\u00ab\u300a\u27ea\u226a\u22d8" },
  { plain: ">", like: "\u203a\u27e9\u3009\u276f\u276d\u1433\u02c3\u00bb\u300b\u27eb\u226b\u22d9" },
];

const lookAlikes: ReadonlyMap<string, string> = new Map([
  ...pairs(letters),
  ...brackets.flatMap(({ plain, like }) => [...like].map((character) => [character, plain] as const)),
]);

/** Each part is bounded, so that no text makes the search slow. */
const markerWords = /external[\s_-]{0,8}untrusted[\s_-]{0,8}content/g;
const markerOpening = /<[\s<]{0,16}\/?\s{0,8}(?:end[\s_-]{0,8})?$/;
const markerClosing = /^[^>\n]{0,200}>[>\s]{0,16}|^/;
const markerQuick = /content|[^\p{ASCII}]/iu;
const lineBreak = /(\r\n|[\n\r\v\f\u0085\u2028\u2029])/;
const lineStartChars = 200;
const speakerLine =
  /^(?:>\s*){0,8}(?:[*_#`]{1,3}\s*)?(?:\[\s*#|\[?\s*(?:system|assistant|developer|human|user|tool)\s*(?:message|prompt|note|override)?\s*\]?\s*[*_`]{0,3}\s*:|\[\s*(?:system|assistant|developer)\b|<\/?\s*(?:system|assistant|developer|instructions?)\b)/i;
const templateToken = /<\s*\|\s*([a-z0-9_ ]{1,40})\s*\|\s*>/gi;
const invisible = /[[\p{Cf}\p{Co}]--[\u200c\u200d]]/gv;

/** Content from outside, between markers whose id nobody could know when the content was written. */
export function wrapExternal(content: string, source: string): string {
  return wrapWithId(content, source, newToken(8));
}

/** The same with a given id, for content whose wrapping must come out the same every time. */
export function wrapWithId(content: string, source: string, id: string): string {
  const body = neutralizeMarkers(content.replace(invisible, ""));
  return `<<<${markerName} id="${id}">>>\nSource: ${metadata(source, sourceMaxChars)}\n---\n${body}\n<<<END_${markerName} id="${id}">>>`;
}

/** Takes out whatever reads like one of our markers, however it is spelt. */
export function neutralizeMarkers(text: string): string {
  if (!markerQuick.test(text)) return text;
  const folded = fold(text);
  let result = "";
  let from = 0;
  for (const words of folded.text.matchAll(markerWords)) {
    const opening = markerOpening.exec(folded.text.slice(Math.max(0, words.index - 64), words.index));
    if (opening === null) continue;
    const after = words.index + words[0].length;
    const closing = markerClosing.exec(folded.text.slice(after, after + 256))?.[0].trimEnd() ?? "";
    const start = folded.offsets[words.index - opening[0].length] ?? text.length;
    if (start < from) continue;
    result += text.slice(from, start) + removed;
    from = folded.offsets[after + closing.length] ?? text.length;
  }
  return result + text.slice(from);
}

/** Text that a person wrote: lines that play another speaker are quoted, template tokens are broken up. */
export function neutralizeSpeech(text: string): string {
  const plain = neutralizeMarkers(text).replace(templateToken, "< |$1| >");
  return plain
    .split(lineBreak)
    .map((line) => (speakerLine.test(skeleton(line)) ? `> ${line}` : line))
    .join("");
}

/** A name or title that somebody else chose, fit to stand in one line of ours (RT-016). */
export function metadata(text: string, maxChars: number): string {
  const flat = text
    .normalize("NFKC")
    .replace(invisible, "")
    .replace(/[\p{Cc}\u2028\u2029[\]<>#|]+/gu, " ")
    .replace(/\s+/g, " ")
    .trim();
  return flat.length <= maxChars ? flat : `${flat.slice(0, maxChars - 1)}…`;
}

/** The beginning of a line as a reader sees it. */
function skeleton(line: string): string {
  const start = line.trimStart().slice(0, lineStartChars);
  // Ordinary text is ASCII, and folding it would change nothing.
  return /^\p{ASCII}*$/u.test(start) ? start : fold(start).text.trimStart();
}

/** Lower case, compatibility forms and look-alikes resolved, invisible characters dropped; with the way back. */
function fold(text: string): { readonly text: string; readonly offsets: readonly number[] } {
  const offsets: number[] = [];
  let folded = "";
  let at = 0;
  for (const character of text) {
    const plain = foldCharacter(character);
    for (let unit = 0; unit < plain.length; unit++) offsets.push(at);
    folded += plain;
    at += character.length;
  }
  offsets.push(at);
  return { text: folded, offsets };
}

function foldCharacter(character: string): string {
  if (character < "\u0080") return character.toLowerCase();
  const plain = character.normalize("NFKD").toLowerCase();
  return [...plain].map((part) => (/[\p{Cf}\p{Mn}\p{Co}]/u.test(part) ? "" : (lookAlikes.get(part) ?? part))).join("");
}

function pairs(text: string): readonly (readonly [string, string])[] {
  const characters = [...text];
  return characters.flatMap((character, at) => (at % 2 === 0 ? [[character, characters[at + 1] ?? ""] as const] : []));
}
