// The text commands: what they look like. Parsing is pure, so that whoever queues messages can ask as well.
import { thinkingLevels } from "../../base/envelope.ts";
import type { ThinkingLevel } from "../../base/envelope.ts";
import { limits } from "../../base/limits.ts";

export type KillTarget =
  | { readonly kind: "work" }
  | { readonly kind: "all" }
  | { readonly kind: "agent"; readonly agentId: string }
  | { readonly kind: "capability"; readonly capability: string };

export type Command =
  | { readonly name: "new" }
  | { readonly name: "compact"; readonly focus: string }
  | { readonly name: "status" }
  | { readonly name: "model"; readonly ref: string | undefined }
  | { readonly name: "think"; readonly level: ThinkingLevel | undefined }
  | { readonly name: "stop" }
  /** `target`: what to stop; everything an agent does where nothing is named. */
  | { readonly name: "kill"; readonly target: KillTarget }
  | { readonly name: "help" }
  /** One that the sender may not use. */
  | { readonly name: "denied" }
  /** A command by its form, with words that it does not take. */
  | { readonly name: "wrong"; readonly usage: string };

/** For lists and menus. What each does is in commands.ts. */
export const textCommands: readonly {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly description: string;
  readonly takes: string | undefined;
}[] = [
  { name: "help", aliases: ["commands"], description: "What can be typed here.", takes: undefined },
  { name: "status", aliases: [], description: "The session, its model and what it has used.", takes: undefined },
  { name: "new", aliases: ["reset"], description: "Start afresh. What was said stays in the store.", takes: undefined },
  { name: "compact", aliases: [], description: "Summarise the older messages.", takes: "what to keep" },
  { name: "model", aliases: ["models"], description: "Show or choose the model.", takes: "provider/model" },
  { name: "think", aliases: ["thinking"], description: "Show or choose how much is thought.", takes: "level" },
  { name: "stop", aliases: [], description: "Cancel what is running here.", takes: undefined },
  {
    name: "kill",
    aliases: [],
    description: "Stop what agents do, at once, until it is resumed on the machine.",
    takes: "what",
  },
];

const focusMaxChars = 800;

/** The whole message must be the command: `/status`, `/model openai/gpt-x`. Anything else is a message. */
export function parseCommand(text: string): Command | undefined {
  // Every message of a session is asked this, and hardly one is a command.
  if (!/^\s*\//.test(text)) return undefined;
  const match = /^\/([a-z]+)(?::|\s|$)\s*([^]*)$/i.exec(text.trim());
  if (match === null) return undefined;
  return parsers.get(match[1]?.toLowerCase() ?? "")?.((match[2] ?? "").trim());
}

const parsers: ReadonlyMap<string, (rest: string) => Command | undefined> = new Map([
  ["new", bare({ name: "new" })],
  ["reset", bare({ name: "new" })],
  ["compact", parseCompact],
  ["status", bare({ name: "status" })],
  ["stop", bare({ name: "stop" })],
  ["kill", parseKill],
  ["help", bare({ name: "help" })],
  ["commands", bare({ name: "help" })],
  // Telegram's button for a first visit writes it, with a word behind where a link led there.
  ["start", () => ({ name: "help" })],
  ["model", parseModel],
  ["models", bare({ name: "model", ref: undefined })],
  ["think", parseThink],
  ["thinking", parseThink],
]);

function parseCompact(rest: string): Command {
  return { name: "compact", focus: rest.slice(0, focusMaxChars) };
}

/** A word that takes nothing: with more behind it, it is an ordinary message that happens to begin with a slash. */
function bare(command: Command): (rest: string) => Command | undefined {
  return (rest) => (rest === "" ? command : undefined);
}

const killable = new Set(["exec", "files", "model", "channels", "egress", "nodes", "tools"]);

function parseKill(rest: string): Command {
  if (rest === "") return { name: "kill", target: { kind: "work" } };
  if (rest === "all") return { name: "kill", target: { kind: "all" } };
  if (killable.has(rest)) return { name: "kill", target: { kind: "capability", capability: rest } };
  const agent = /^agent\s+([\w-]{1,64})$/.exec(rest)?.[1];
  if (agent !== undefined) return { name: "kill", target: { kind: "agent", agentId: agent } };
  return { name: "wrong", usage: `/kill, /kill all, /kill agent name, or /kill ${[...killable].join("|")}` };
}

function parseModel(rest: string): Command {
  if (rest === "" || rest === "list" || rest === "status") return { name: "model", ref: undefined };
  if (/\s/.test(rest) || rest.length > limits.modelRefMaxChars)
    return { name: "wrong", usage: "/model provider/model" };
  return { name: "model", ref: rest };
}

function parseThink(rest: string): Command {
  if (rest === "") return { name: "think", level: undefined };
  const level = thinkingLevels.find((known) => known === rest.toLowerCase());
  return level === undefined
    ? { name: "wrong", usage: `/think ${thinkingLevels.join("|")}` }
    : { name: "think", level };
}
