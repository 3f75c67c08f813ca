// Reads a scenario: one step a line, and what must come of it in the lines below. README.md in this folder has the
// whole language.

export type Door = "cli" | "http";

export type Act =
  | { readonly kind: "shell"; readonly line: string }
  | {
      readonly kind: "say";
      readonly door: Door;
      readonly session: string;
      readonly text: string;
      readonly image: boolean;
    }
  | { readonly kind: "model"; readonly name: string; readonly does: "holds" | "goes on" | { readonly plays: string } }
  | { readonly kind: "saw"; readonly model: string }
  | { readonly kind: "join"; readonly name: string }
  | { readonly kind: "gateway"; readonly does: "start" | "stop" | "kill" };

export type Step = {
  readonly line: number;
  readonly act: Act;
  /** Goes on beside the next steps, until it is joined under this name. */
  readonly beside: string | undefined;
  readonly eventually: boolean;
  readonly status: number | undefined;
  readonly matches: readonly RegExp[];
  readonly never: readonly RegExp[];
};

export function parseScenario(text: string): readonly Step[] {
  const steps: Step[] = [];
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    const expected = /^([<!=]) (.*)$/.exec(line);
    const last = steps.at(-1);
    if (expected === null) steps.push(parseStep(line, index + 1));
    else if (last === undefined) throw wrong(index + 1, "nothing has happened yet");
    else steps[steps.length - 1] = expect(last, expected[1] ?? "", expected[2] ?? "");
  }
  return steps;
}

function parseStep(text: string, line: number): Step {
  const [, beside, afterBeside = text] = /^& (\w+) (.*)$/.exec(text) ?? [];
  const [, eventually, rest = afterBeside] = /^(eventually )(.*)$/.exec(afterBeside) ?? [];
  const act = parseAct(rest);
  if (act === undefined) throw wrong(line, `not a step: ${rest}`);
  return { line, act, beside, eventually: eventually !== undefined, status: undefined, matches: [], never: [] };
}

function parseAct(text: string): Act | undefined {
  if (text.startsWith("$ ")) return { kind: "shell", line: text.slice(2) };
  const said = /^> (cli|http)(?:\/([\w-]+))?( with an image)?: (.*)$/.exec(text);
  if (said !== null) {
    const [, door, session = "main", image, words = ""] = said;
    const isImage = image !== undefined;
    return { kind: "say", door: door as Door, session, text: words.replaceAll("\\n", "\n"), image: isImage };
  }
  const model = /^model (\w+) (holds|goes on|plays (\S+))$/.exec(text);
  if (model !== null) {
    const [, name = "", does, plays] = model;
    return { kind: "model", name, does: plays === undefined ? (does as "holds" | "goes on") : { plays } };
  }
  const saw = /^model (\w+) saw$/.exec(text);
  if (saw !== null) return { kind: "saw", model: saw[1] ?? "" };
  const join = /^join (\w+)$/.exec(text);
  if (join !== null) return { kind: "join", name: join[1] ?? "" };
  if (text === "start" || text === "stop" || text === "kill") return { kind: "gateway", does: text };
  return undefined;
}

function expect(step: Step, sign: string, text: string): Step {
  if (sign === "=") return { ...step, status: Number(text) };
  const pattern = /^\/(.*)\/([ims]*)$/.exec(text);
  if (pattern === null) throw wrong(step.line, `not a /pattern/: ${text}`);
  const found = new RegExp(pattern[1] ?? "", pattern[2]);
  return sign === "<" ? { ...step, matches: [...step.matches, found] } : { ...step, never: [...step.never, found] };
}

function wrong(line: number, what: string): Error {
  return new Error(`line ${line}: ${what}`);
}
