// Markdown to the HTML that Telegram reads. What comes out always parses: only tags that Telegram has, each one closed,
// everything else escaped. What cannot be shown that way, or grows too long, is sent as it was written.
import { lexer } from "marked";
import type { Token, Tokens } from "marked";
import { limits } from "../../../src/base/limits.ts";
import { escapeHtml, openTag } from "./tags.ts";
import type { Piece } from "./tags.ts";
import { renderTable } from "./table.ts";

/** Undefined where the text is to be sent as it is. */
export function toHtml(markdown: string, charsMax: number = limits.telegramTextMaxChars): string | undefined {
  try {
    const piece = blocks(lexer(markdown), plainly);
    const shown = trimPiece(piece);
    return shown.chars === 0 || shown.chars > charsMax ? undefined : shown.html;
  } catch (error) {
    // Nesting without end exhausts the parser; such a text is shown as it was written.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Which tags are open around a piece: Telegram's do not nest in themselves, and code holds nothing. */
type Around = { readonly open: ReadonlySet<string>; readonly depth: number };

const plainly: Around = { open: new Set(), depth: 0 };
const depthMax = 16;

function blocks(tokens: readonly Token[], around: Around): Piece {
  if (around.depth > depthMax) throw new RangeError("nested too deeply");
  const inner = { ...around, depth: around.depth + 1 };
  return join(
    tokens.filter(({ type }) => type !== "space" && type !== "def").map((token) => block(token, inner)),
    around.open.has("li") ? "\n" : "\n\n",
  );
}

function block(token: Token, around: Around): Piece {
  if (token.type === "heading") return tagged("b", inline(tokensOf(token), within(around, "b")), around);
  if (token.type === "code") return codeBlock(token as Tokens.Code);
  if (token.type === "blockquote")
    return tagged("blockquote", blocks(tokensOf(token), within(around, "blockquote")), around);
  if (token.type === "list") return list(token as Tokens.List, around);
  if (token.type === "table") return preformatted(renderTable(token as Tokens.Table));
  if (token.type === "hr") return literal("———");
  if (token.type === "paragraph" || token.type === "text") return inlineOf(token, around);
  return literal(token.raw.trimEnd());
}

function codeBlock({ text, lang }: Tokens.Code): Piece {
  const code = literal(text);
  const language = /^[\w+#.-]{1,32}/.exec(lang ?? "")?.[0];
  if (code.chars === 0) return code;
  if (language === undefined) return { ...code, html: `<pre>${code.html}</pre>` };
  return { ...code, html: `<pre><code class="language-${language}">${code.html}</code></pre>` };
}

function list({ items, ordered, start }: Tokens.List, around: Around): Piece {
  const first = start === "" ? 1 : start;
  const shown = items.map((item, index) => {
    const box = item.task ? (item.checked === true ? "☑ " : "☐ ") : "";
    const mark = ordered ? `${first + index}. ` : "• ";
    const content = blocks(
      item.tokens.filter(({ type }) => type !== "checkbox"),
      within(around, "li"),
    );
    return join([literal(mark + box), indent(content)], "");
  });
  return join(shown, "\n");
}

/** Telegram has no lists, so what belongs to an item is moved in under it. Preformatted lines stay as they are. */
function indent(piece: Piece): Piece {
  if (piece.html.includes("<pre>")) return piece;
  const breaks = piece.html.split("\n").length - 1;
  return { html: piece.html.replaceAll("\n", "\n   "), chars: piece.chars + 3 * breaks };
}

function inlineOf(token: Token, around: Around): Piece {
  const tokens = "tokens" in token ? token.tokens : undefined;
  return tokens === undefined ? inlineToken(token, around) : inline(tokens, around);
}

function inline(tokens: readonly Token[], around: Around): Piece {
  if (around.depth > depthMax) throw new RangeError("nested too deeply");
  const inner = { ...around, depth: around.depth + 1 };
  return join(
    tokens.map((token) => inlineToken(token, inner)),
    "",
  );
}

const styles: Readonly<Record<string, string>> = { strong: "b", em: "i", del: "s" };

function inlineToken(token: Token, around: Around): Piece {
  const style = styles[token.type];
  if (style !== undefined) return tagged(style, inline(tokensOf(token), within(around, style)), around);
  if (token.type === "codespan") return tagged("code", literal((token as Tokens.Codespan).text), around);
  if (token.type === "link") return link(token as Tokens.Link, around);
  if (token.type === "image") return link({ ...(token as Tokens.Image), tokens: [] }, around);
  if (token.type === "br") return literal("\n");
  if (token.type === "text" && "tokens" in token && token.tokens !== undefined) return inline(token.tokens, around);
  if (token.type === "escape" || token.type === "text") return literal((token as Tokens.Text).text);
  return literal(token.raw);
}

/** Only where a browser would go; `tg:` links name people and would call them. */
function link({ href, text, tokens }: Pick<Tokens.Link, "href" | "text" | "tokens">, around: Around): Piece {
  const label = tokens.length === 0 ? literal(text) : inline(tokens, within(around, "a"));
  const shown = label.chars === 0 ? literal(href) : label;
  if (around.open.has("a")) return shown;
  if (/^(?:https?|mailto):[^\s"<>]+$/i.test(href)) return openTag("a", shown, ` href="${escapeHtml(href)}"`);
  return href === "" || href === text ? shown : join([shown, literal(` (${href})`)], "");
}

function tagged(name: string, piece: Piece, around: Around): Piece {
  return around.open.has(name) ? piece : openTag(name, piece);
}

function preformatted(text: string): Piece {
  return openTag("pre", literal(text));
}

function within(around: Around, name: string): Around {
  return { ...around, open: new Set([...around.open, name]) };
}

function literal(text: string): Piece {
  return { html: escapeHtml(text), chars: text.length };
}

function join(pieces: readonly Piece[], between: string): Piece {
  const shown = pieces.filter(({ html }) => html !== "");
  const gaps = Math.max(0, shown.length - 1) * between.length;
  return {
    html: shown.map(({ html }) => html).join(between),
    chars: shown.reduce((sum, { chars }) => sum + chars, gaps),
  };
}

/** Telegram cuts blanks at both ends, and a message of nothing else is refused. */
function trimPiece({ html, chars }: Piece): Piece {
  const bare = html.replaceAll(/<[^>]*>/g, "").trim();
  return bare === "" ? { html: "", chars: 0 } : { html, chars };
}

function tokensOf(token: Token): readonly Token[] {
  return ("tokens" in token ? token.tokens : undefined) ?? [];
}
