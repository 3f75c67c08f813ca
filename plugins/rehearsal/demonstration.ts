// What the rehearsal model does by itself: it lists and counts files with a real tool call, and else says what it is.
import type { LanguageModelV4CallOptions } from "@ai-sdk/provider";
import type { Exchange } from "./exchange.ts";
import type { Step } from "./grammar.ts";

export const label = "rehearsal model – not an AI";

const advice = "To talk to a real model, configure one: `lorica onboard`.";
const namesShownMax = 200;
const summary = "A summary would stand here. The messages themselves are kept in the transcript.";

export function answerByItself(exchange: Exchange, tools: LanguageModelV4CallOptions["tools"]): Step {
  if (exchange.step > 0) return say(report(exchange.results));
  if (/\bsummar/i.test(exchange.asked) && (tools ?? []).length === 0) return say(summary);
  if (!asksForFiles(exchange.asked)) return say(introduce(exchange.asked));
  const names = new Set((tools ?? []).map((tool) => tool.name));
  if (names.has("exec")) return [{ kind: "call", tool: "exec", input: JSON.stringify({ command: countCommand }) }];
  if (names.has("glob")) return [{ kind: "call", tool: "glob", input: JSON.stringify({ pattern: "*" }) }];
  return say("I would list the files now, but no tool for that is allowed here: see `lorica status`.");
}

function asksForFiles(asked: string): boolean {
  const things = /\b(files?|folders?|director(y|ies)|workspace)\b/i.test(asked);
  return things && /\b(list|count|show|how many|what|which|number)\b/i.test(asked);
}

/** Counts first and lists after, so that a list that is cut short still has the right count. */
const countCommand = [
  "f=0; d=0; h=0",
  "for n in * .[!.]* ..?*; do",
  '  [ -e "$n" ] || [ -L "$n" ] || continue',
  '  case "$n" in .*) h=$((h+1));; *) if [ -d "$n" ]; then d=$((d+1)); else f=$((f+1)); fi;; esac',
  "done",
  'echo "counted: $f files, $d folders, $h hidden"',
  "ls -1p",
].join("\n");

function report(results: readonly string[]): string {
  const text = results.join("\n");
  const [, files, folders, hidden] = /^counted: (\d+) files, (\d+) folders, (\d+) hidden$/m.exec(text) ?? [];
  if (files === undefined) return reportGlob(text);
  const lines = text.slice(text.indexOf("counted:")).split("\n").slice(1);
  const names = lines.slice(0, Number(files) + Number(folders)).filter((line) => line !== "");
  const shown = names.slice(0, namesShownMax).map((name) => `- ${name}`);
  const more = names.length > namesShownMax ? [`- … and ${names.length - namesShownMax} more`] : [];
  const others = [
    Number(folders) > 0 ? plural(Number(folders), "folder") : "",
    Number(hidden) > 0 ? plural(Number(hidden), "hidden entry", "hidden entries") : "",
  ].filter((count) => count !== "");
  const besides = others.length === 0 ? "" : `, and ${others.join(" and ")}`;
  const verb = files === "1" ? "is" : "are";
  return [`There ${verb} ${plural(Number(files), "file")} here${besides}.`, ...shown, ...more].join("\n");
}

/** Another tool's answer, or why there was none. */
function reportGlob(text: string): string {
  return `This is what the tool answered:\n${text}`;
}

function introduce(asked: string): string {
  const hello = /^\W*(hi|hello|hey|good (morning|evening|day))\b/i.test(asked) ? "Hello! " : "";
  const what = "I only rehearse: I can list and count the files of the workspace, to show that tools work.";
  return `${hello}${what} ${advice}`;
}

function say(text: string): Step {
  return [{ kind: "say", text: `${text}\n\n(${label})`, delayMs: 0 }];
}

function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
