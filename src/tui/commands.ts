// What begins with a slash and is for the screen itself. Everything else that does goes to the gateway, which knows
// commands of its own.

export type SlashCommand = {
  readonly name: string;
  readonly takes?: string;
  readonly summary: string;
};

/** The gateway's own are among them, so that they can be completed and are in the help. */
export const slashCommands: readonly SlashCommand[] = [
  { name: "help", summary: "this" },
  { name: "new", summary: "start the session afresh" },
  { name: "sessions", summary: "choose another session" },
  { name: "session", takes: "<key>", summary: "go to a session, or begin one" },
  { name: "model", takes: "[model]", summary: "the model of this session; without one, choose" },
  { name: "think", takes: "[level]", summary: "how much it thinks; without a level, choose" },
  { name: "thinking", summary: "show or hide thoughts (also Ctrl-T)" },
  { name: "tools", summary: "show or hide what tools print (also Ctrl-O)" },
  { name: "compact", takes: "[focus]", summary: "summarise what is older now" },
  { name: "status", summary: "model, tokens and what is off" },
  { name: "abort", summary: "cancel what runs (also Ctrl-C)" },
  { name: "clear", summary: "clear the screen; nothing is forgotten" },
  { name: "quit", summary: "leave (also Ctrl-D)" },
];

export type Local =
  /** These work without a connection too. */
  | { readonly kind: "help" | "thinking" | "tools" | "abort" | "clear" | "quit" }
  | { readonly kind: "new" | "sessions" }
  | { readonly kind: "session"; readonly key: string }
  /** Without a value: to be chosen from a list. */
  | { readonly kind: "choose"; readonly what: "model" | "think" };

const same: Readonly<Record<string, string>> = {
  reset: "new",
  exit: "quit",
  stop: "abort",
  commands: "help",
  models: "model",
};

/** Undefined for what the gateway is told. */
export function parseLocal(text: string): Local | undefined {
  const match = /^\/([a-z]+)(?:\s+([^]*))?$/i.exec(text.trim());
  if (match === null) return undefined;
  const typed = match[1]?.toLowerCase() ?? "";
  const name = same[typed] ?? typed;
  const rest = (match[2] ?? "").trim();
  switch (name) {
    case "help":
    case "new":
    case "sessions":
    case "thinking":
    case "tools":
    case "abort":
    case "clear":
    case "quit":
      return rest === "" ? { kind: name } : undefined;
    case "session":
      return rest === "" ? { kind: "sessions" } : { kind: "session", key: rest };
    case "model":
    case "think":
      return rest === "" ? { kind: "choose", what: name } : undefined;
    default:
      return undefined;
  }
}

export function helpText(): string {
  const rows = slashCommands.map(({ name, takes, summary }) => {
    const left = `/${name}${takes === undefined ? "" : ` ${takes}`}`;
    return `${left.padEnd(18)} ${summary}`;
  });
  return [...rows, "", "Enter sends, Shift-Enter or Ctrl-J begins a line, Up and Down recall what you sent."].join(
    "\n",
  );
}
