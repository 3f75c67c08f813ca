// Shell patterns for paths: `*` and `?` stay within a name, `**` crosses folders, `[a-z]` and `{a,b}` as in a shell.
import { FileFailure } from "./failure.ts";

const patternMaxChars = 1_000;
const bracesDepthMax = 5;

/** Tests a path relative to where the search starts, written with `/` and without a leading one. */
export function compileGlob(pattern: string): RegExp {
  if (pattern.length > patternMaxChars)
    throw new FileFailure("invalid_request", `a glob pattern has at most ${patternMaxChars} characters`);
  return new RegExp(`^${translate(pattern.replace(/^\.\//, ""))}$`, "su");
}

function translate(pattern: string): string {
  let source = "";
  let depth = 0;
  for (let at = 0; at < pattern.length;) {
    const [piece, length, change] = pieceAt(pattern, at, depth);
    source += piece;
    depth += change;
    if (depth > bracesDepthMax)
      throw new FileFailure("invalid_request", "braces are nested too deeply in the glob pattern");
    at += length;
  }
  if (depth > 0) throw new FileFailure("invalid_request", "a brace in the glob pattern is not closed");
  return source;
}

/** The regular expression for what stands at `at`, how long that is, and whether a brace opens (1) or closes (-1). */
function pieceAt(pattern: string, at: number, depth: number): readonly [string, number, number] {
  const rest = pattern.slice(at);
  const atNameStart = at === 0 || pattern[at - 1] === "/";
  if (rest.startsWith("**/") && atNameStart) return ["(?:[^/]+/)*", 3, 0];
  if (rest === "**" && atNameStart) return [".*", 2, 0];
  if (rest.startsWith("*")) return ["[^/]*", /^\*+/.exec(rest)?.[0].length ?? 1, 0];
  if (rest.startsWith("?")) return ["[^/]", 1, 0];
  const set = /^\[([!^]?)([^\]/]+)\]/.exec(rest);
  if (set !== null) return [`(?!/)[${set[1] === "" ? "" : "^"}${escapeSet(set[2] ?? "")}]`, set[0].length, 0];
  if (rest.startsWith("{")) return ["(?:", 1, 1];
  if (depth > 0 && rest.startsWith("}")) return [")", 1, -1];
  if (depth > 0 && rest.startsWith(",")) return ["|", 1, 0];
  const escaped = /^\\(.)/su.exec(rest);
  if (escaped !== null) return [escape(escaped[1] ?? ""), escaped[0].length, 0];
  const character = String.fromCodePoint(pattern.codePointAt(at) ?? 0);
  return [escape(character), character.length, 0];
}

function escape(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
}

/** Everything but the range's own dash is literal. */
function escapeSet(characters: string): string {
  return characters.replace(/[\\^[\]&]/g, String.raw`\$&`).replace(/^-|-$/g, String.raw`\-`);
}
