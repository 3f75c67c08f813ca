// Markdown as elements. Its lexer says what is what, and each kind of thing it knows becomes an element made here; what it
// does not know, HTML above all, stays text. No markup is ever made from text, so there is nothing to clean.
import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import { Lexer } from "marked";
import type { MarkedToken, Token, Tokens } from "marked";
import { words } from "../../english.ts";
import { CodeBlock } from "./code-block.tsx";
import { decodeEntities } from "./entities.ts";

/** What nobody reads in one piece anyway, and what would keep the browser from answering. */
const markdownMaxChars = 200_000;
const depthMax = 32;

export function Markdown({ text }: { readonly text: string }) {
  // The same elements again are passed over, so that one streaming answer does not cost all those above it.
  return useMemo(() => <div class="markdown">{renderText(text)}</div>, [text]);
}

function renderText(text: string): ComponentChildren {
  if (text.length > markdownMaxChars) return <pre class="plain">{text}</pre>;
  return render(withoutGaps(new Lexer({ gfm: true, breaks: true }).lex(text)), 0);
}

/** Headings one below another, whatever levels their writer has left out, so that the page keeps an order to go by. */
function withoutGaps(tokens: readonly Token[]): readonly Token[] {
  let last = 0;
  return tokens.map((token) => {
    if (token.type !== "heading") return token;
    last = Math.min((token as Tokens.Heading).depth, last + 1);
    return { ...token, depth: last };
  });
}

function render(tokens: readonly Token[] | undefined, depth: number): ComponentChildren {
  if (depth > depthMax) return tokens?.map(({ raw }) => raw).join("");
  return tokens?.map((token, index) => <Piece key={index} token={token as MarkedToken} depth={depth} />);
}

function Piece({ token, depth }: { readonly token: MarkedToken; readonly depth: number }) {
  const inner = (): ComponentChildren => render("tokens" in token ? token.tokens : undefined, depth + 1);
  switch (token.type) {
    case "paragraph":
      return <p>{inner()}</p>;
    case "heading":
      return depth === 0 ? <Heading level={token.depth}>{inner()}</Heading> : <p class="heading">{inner()}</p>;
    case "strong":
      return <strong>{inner()}</strong>;
    case "em":
      return <em>{inner()}</em>;
    case "del":
      return <del>{inner()}</del>;
    case "codespan":
      return <code>{token.text}</code>;
    case "code":
      return <CodeBlock text={token.text} language={token.lang} />;
    case "blockquote":
      return <blockquote>{inner()}</blockquote>;
    case "br":
      return <br />;
    case "hr":
      return <hr />;
    case "link":
      return <Link href={token.href}>{inner()}</Link>;
    case "image":
      // Fetching it would tell its server that, when and where this is read.
      return <Link href={token.href}>{words.imageLink(token.text || token.href)}</Link>;
    case "list":
      return <List list={token} depth={depth} />;
    case "table":
      return <Table table={token} depth={depth} />;
    case "checkbox":
      return <span class="tick">{token.checked ? "☑ " : "☐ "}</span>;
    case "escape":
      return <>{token.text}</>;
    case "text":
      return <>{token.tokens === undefined ? decodeEntities(token.text) : inner()}</>;
    case "space":
    case "def":
      return null;
    default:
      return <>{(token as Token).raw}</>;
  }
}

/** Below the page's own heading. */
function Heading({ level, children }: { readonly level: number; readonly children: ComponentChildren }) {
  if (level <= 1) return <h2>{children}</h2>;
  return level === 2 ? <h3>{children}</h3> : <h4>{children}</h4>;
}

/** Only what leads to a page or a letter; anything else, `javascript:` above all, is shown and leads nowhere. */
function Link({ href, children }: { readonly href: string; readonly children: ComponentChildren }) {
  if (!/^(?:https?:\/\/|mailto:)/i.test(href)) return <span title={href}>{children}</span>;
  return (
    <a href={href} target="_blank" rel="noopener noreferrer" title={href}>
      {children}
    </a>
  );
}

function List({ list, depth }: { readonly list: Tokens.List; readonly depth: number }) {
  const items = list.items.map((item, index) => <li key={index}>{render(item.tokens, depth + 1)}</li>);
  return list.ordered ? <ol start={list.start === "" ? 1 : list.start}>{items}</ol> : <ul>{items}</ul>;
}

function Table({ table, depth }: { readonly table: Tokens.Table; readonly depth: number }) {
  const cell = ({ tokens }: Tokens.TableCell): ComponentChildren => render(tokens, depth + 1);
  return (
    <div class="table" role="group" tabIndex={0} aria-label="table">
      <table>
        <thead>
          <tr>
            {table.header.map((one, index) => (
              <th key={index} scope="col" class={one.align ?? undefined}>
                {cell(one)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.rows.map((row, index) => (
            <tr key={index}>
              {row.map((one, column) => (
                <td key={column} class={one.align ?? undefined}>
                  {cell(one)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
