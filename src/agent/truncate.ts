// Cuts the middle out of a text that is too long: what matters is usually at its beginning or its end.

const headShare = 0.7;

/** At most `maxChars` characters, the note about what is missing included wherever there is room for one. */
export function truncateMiddle(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  const note = `\n[… ${text.length - maxChars} or more of ${text.length} characters left out …]\n`;
  if (note.length >= maxChars) return safeHead(text, maxChars);
  const room = maxChars - note.length;
  const head = Math.ceil(room * headShare);
  return `${safeHead(text, head)}${note}${safeTail(text, room - head)}`;
}

/** The first characters, without half of a surrogate pair at the cut. */
export function safeHead(text: string, chars: number): string {
  const end = isHighSurrogate(text.charCodeAt(chars - 1)) && chars < text.length ? chars - 1 : chars;
  return text.slice(0, Math.max(0, end));
}

export function safeTail(text: string, chars: number): string {
  const start = Math.max(0, text.length - chars);
  return text.slice(start > 0 && isLowSurrogate(text.charCodeAt(start)) ? start + 1 : start);
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
