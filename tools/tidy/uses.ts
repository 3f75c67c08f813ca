// Whether a source file uses what a privilege is about: a module, a global, or a way to import what no text names. It
// reads text and no types, so it is strict where it cannot tell: nothing of ours may bear the name of such a global.

/** How a program comes by modules without writing their names where they can be read. */
const computed: Readonly<Record<string, RegExp>> = {
  "import()": /\bimport\s*\(\s*(?!\s|["'])/,
  createRequire: /\bcreateRequire\b/,
  getBuiltinModule: /\bgetBuiltinModule\b/,
};

const globals = new Set(["fetch", "WebSocket", "EventSource", "XMLHttpRequest"]);

export function uses(text: string, marker: string): boolean {
  // A type costs nothing and opens nothing.
  const whole = withoutComments(text);
  const code = whole.replace(/^import type [^"';]*from "[^"]*";/gm, "");
  if (marker === "process.env")
    return /\bprocess\s*\.\s*env\b|\bprocess\[/.test(code) || /\benv\b.*from "node:process"/.test(code);
  if (globals.has(marker)) return usesGlobal(whole, marker);
  const way = computed[marker];
  return way === undefined ? importsModule(code, marker) : way.test(code);
}

/** Those that begin a line: what stands behind one on its last line is code, and stays. */
function withoutComments(text: string): string {
  return text.replace(/^[ \t]*\/\*[\s\S]*?\*\//gm, "").replace(/^[ \t]*\/\/.*$/gm, "");
}

function usesGlobal(code: string, name: string): boolean {
  // Whoever holds the global object itself can reach everything on it; only a type says `typeof globalThis.…`.
  const whole = /(?<!typeof )\bglobalThis\b(?!\s*\??\.\s*\w)/;
  const member = new RegExp(
    `(?<!typeof )\\b(?:globalThis|global|window|self)\\s*(?:\\?\\.|\\.|\\[\\s*["'])\\s*${name}\\b`,
  );
  return whole.test(code) || member.test(code) || (!isImported(code, name) && namesGlobal(code, name));
}

function namesGlobal(code: string, name: string): boolean {
  const before = "(?:^|[=([{,:?|&!>;]|\\b(?:return|await|void|yield|case|throw|default|else))\\s*";
  const after = "\\s*(?:[(,;)\\]}[|&]|\\?(?!:)|\\.\\w|\\s:|as\\b|satisfies\\b)";
  const made = `\\b(?:new|extends)\\s+${name}\\b`;
  const bare = new RegExp(`${made}|${before}(?<![\\w$.#])${name}\\b(?=${after})`, "m");
  return bare.test(withoutMethods(code, name));
}

/** Then the name is the module's: as a value it counts as the module's use, and a type is none. */
function isImported(code: string, name: string): boolean {
  return new RegExp(`^import (?:type )?\\{[^}]*\\b${name}\\b(?! as\\b)[^}]*\\} from "ws";`, "m").test(code);
}

/** `fetch(request, signal) {` in an object and `fetch(request: Request): Response` in a type declare; they call nothing. */
function withoutMethods(code: string, name: string): string {
  return code.replace(new RegExp(`^[ \\t]*(?:async )?${name}\\([^()]*\\)(?=: | \\{)`, "gm"), "");
}

function importsModule(code: string, marker: string): boolean {
  // `"node:http"` is always the module; `"http"` is one only where something is imported. What is below it counts too.
  const name = `${marker.replace("node:", "")}(?:/[^"']*)?`;
  return new RegExp(`["']node:${name}["']|\\b(?:from|import|require)\\s*\\(?\\s*["']${name}["']`).test(code);
}
