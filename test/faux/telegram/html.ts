// Telegram's reading of HTML, as strict as Telegram: what it refuses there is refused here, in its words.
type Read = { readonly text: string; readonly entities: readonly { readonly type: string }[] };

export class EntityError extends Error {}

const tags: Readonly<Record<string, string>> = {
  b: "bold",
  strong: "bold",
  i: "italic",
  em: "italic",
  u: "underline",
  ins: "underline",
  s: "strikethrough",
  strike: "strikethrough",
  del: "strikethrough",
  a: "text_link",
  code: "code",
  pre: "pre",
  blockquote: "blockquote",
  "tg-spoiler": "spoiler",
};
const named: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"' };

export function readHtml(html: string): Read {
  const open: string[] = [];
  const entities: { type: string }[] = [];
  let text = "";
  let at = 0;
  while (at < html.length) {
    const char = html[at] ?? "";
    if (char === "&") {
      const entity = /^&(?:#(\d+)|#x([\da-f]+)|(lt|gt|amp|quot));/i.exec(html.slice(at, at + 12));
      const [whole, decimal, hex, name] = entity ?? [];
      text += entity === null ? "&" : (named[name ?? ""] ?? String.fromCodePoint(Number(decimal ?? `0x${hex}`)));
      at += whole?.length ?? 1;
    } else if (char === "<") {
      const end = html.indexOf(">", at);
      if (end < 0) throw new EntityError(`Unclosed start tag at byte offset ${at}`);
      readTag(html.slice(at + 1, end), { at, open, entities });
      at = end + 1;
    } else {
      text += char;
      at += 1;
    }
  }
  const unclosed = open.at(-1);
  if (unclosed !== undefined) throw new EntityError(`Can't find end tag corresponding to start tag "${unclosed}"`);
  return { text, entities };
}

function readTag(
  inside: string,
  { at, open, entities }: { readonly at: number; readonly open: string[]; readonly entities: { type: string }[] },
): void {
  if (inside.startsWith("/")) {
    const name = inside.slice(1).trim();
    const expected = open.pop();
    if (expected === undefined) throw new EntityError(`Unexpected end tag at byte offset ${at}`);
    if (expected !== name)
      throw new EntityError(`Unmatched end tag at byte offset ${at}, expected "</${expected}>", found "</${name}>"`);
    return;
  }
  const match = /^([a-z-]+)((?:\s+[a-z-]+="[^"<>]*")*)$/i.exec(inside);
  const name = match?.[1]?.toLowerCase() ?? "";
  const type = tags[name];
  if (type === undefined) throw new EntityError(`Unsupported start tag "${name}" at byte offset ${at}`);
  open.push(name);
  entities.push({ type });
}
