// What a conversation shows, one item below the other. Everything in here that others wrote has lost what a terminal
// would obey.
import { stripControls } from "../base/text/controls.ts";
import { isRecord } from "../base/json.ts";

export type ToolState = "running" | "ok" | "error";

export type Item =
  | { readonly kind: "user"; readonly id: string; readonly text: string }
  | { readonly kind: "assistant"; readonly id: string; readonly text: string }
  | { readonly kind: "thinking"; readonly id: string; readonly text: string }
  | {
      readonly kind: "tool";
      readonly id: string;
      readonly name: string;
      readonly args: string;
      readonly state: ToolState;
      readonly output: string;
    }
  | { readonly kind: "note"; readonly id: string; readonly tone: "plain" | "bad"; readonly text: string };

const argsMaxChars = 400;
const outputMaxChars = 4_000;
const textMaxChars = 400_000;

export function userItem(id: string, text: string): Item {
  return { kind: "user", id, text: shown(text) };
}

export function assistantItem(id: string, text: string): Item {
  return { kind: "assistant", id, text: shown(text) };
}

export function thinkingItem(id: string, text: string): Item {
  return { kind: "thinking", id, text: shown(text) };
}

export function noteItem(id: string, text: string, tone: "plain" | "bad" = "plain"): Item {
  return { kind: "note", id, tone, text: shown(text) };
}

export function toolItem(
  id: string,
  tool: { readonly name: unknown; readonly args: unknown; readonly state: ToolState; readonly output: unknown },
): Item {
  return {
    kind: "tool",
    id,
    name: shown(String(tool.name)).slice(0, 64).replaceAll("\n", " "),
    args: cut(shown(argsOf(tool.args)).replace(/\s+/g, " "), argsMaxChars),
    state: tool.state,
    output: cut(shown(textOf(tool.output)).trimEnd(), outputMaxChars),
  };
}

/** A command or a path alone is read as it is; JSON around it would only be in the way. */
function argsOf(args: unknown): string {
  const [only, ...others] = isRecord(args) ? Object.values(args) : [];
  if (typeof only === "string" && others.length === 0) return only;
  return args === undefined ? "" : (JSON.stringify(args) ?? "");
}

/** A message's content: text, or blocks of it. */
export function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (content === undefined || content === null) return "";
  if (isRecord(content) && Array.isArray(content["content"])) return textOf(content["content"]);
  if (!Array.isArray(content)) return JSON.stringify(content) ?? "";
  return content.map((block: unknown) => (isRecord(block) ? String(block["text"] ?? "") : "")).join("");
}

function shown(text: string): string {
  return stripControls(cut(text, textMaxChars)).replace(/[\u0E33\u0EB3]/g, apart);
}

/** Thai's and Lao's AM as the two characters that it is drawn as: whole, the screen's library breaks lines too late. */
function apart(am: string): string {
  return am === "\u0E33" ? "\u0E4D\u0E32" : "\u0ECD\u0EB2";
}

function cut(text: string, maxChars: number): string {
  return text.length <= maxChars ? text : `${text.slice(0, maxChars)}… (${text.length - maxChars} more characters)`;
}
