// What the text commands do. They are the owner's, deterministic, and cost no model call.
import { thinkingLevels } from "../../base/envelope.ts";
import type { ThinkingLevel } from "../../base/envelope.ts";
import type { EntryBody } from "../../base/transcript.ts";
import { parseCommand } from "./command.ts";
import type { Command, KillTarget } from "./command.ts";
import { compact } from "../context/compaction.ts";
import { estimatePrompt, loadStanding, planCall } from "../context/context.ts";
import type { TurnScope } from "../scope.ts";
import { renderStatus } from "./status.ts";

type Done = { readonly reply: string; readonly entries?: readonly EntryBody[] };

/** Clients of the HTTP endpoints send whatever their own users type: to them a slash means nothing. */
const withoutCommands = "http";
/** What a guest may do: it touches the conversation that it is typed in, and nothing that costs or lasts beyond it. */
const ofSession: ReadonlySet<Command["name"]> = new Set(["new", "compact", "stop", "help"]);
const modelsShownMax = 30;
const help = `/status · /new or /reset · /compact [what to keep] · /model [provider/model, or default] · /think [${thinkingLevels.join("|")}] · /stop · /kill [what] · /help`;

/** The command that this turn is, where it is one. */
export function commandOf({ turn, run, window }: TurnScope): Command | undefined {
  const { commands = turn.principal.kind === "owner" ? "all" : "none" } = run.request;
  if (commands === "none" || turn.replyTo.channel === withoutCommands) return undefined;
  const messages = window.entries().filter((entry) => entry.turnId === turn.id && entry.body.kind === "user");
  const [message] = messages;
  if (message?.body.kind !== "user" || messages.length > 1 || message.body.media.length > 0) return undefined;
  // What is passed on is somebody else's, and commands nothing.
  if (message.body.forwardedFrom !== undefined) return undefined;
  const command = parseCommand(message.body.text);
  return commands === "all" || command === undefined || ofSession.has(command.name) ? command : { name: "denied" };
}

export async function runCommand(scope: TurnScope, command: Command): Promise<string> {
  // A restart between the note and the end of the turn finds the answer here.
  const answered = scope.window.entries().find((entry) => entry.turnId === scope.turn.id && entry.body.kind === "note");
  if (answered?.body.kind === "note") return answered.body.text;
  const done = await perform(scope, command);
  await scope.append([...(done.entries ?? []), { kind: "note", text: done.reply }]);
  return done.reply;
}

async function perform(scope: TurnScope, command: Command): Promise<Done> {
  switch (command.name) {
    case "new":
      return startAnew(scope);
    case "compact":
      return compactNow(scope, command.focus);
    case "status":
      return { reply: await renderStatus(scope.options, scope.session, scope.profile) };
    case "model":
      return command.ref === undefined ? { reply: listModels(scope) } : setModel(scope, command.ref);
    case "think":
      return setThinking(scope, command.level);
    case "stop":
      return { reply: "Nothing is running in this session." };
    case "kill":
      return kill(scope, command.target);
    case "help":
      return { reply: help };
    case "denied":
      return { reply: "Only the owner can do that." };
    case "wrong":
      return { reply: `Usage: ${command.usage}` };
  }
}

/** Asked of the broker, which stops what runs. Only the owner's socket resumes: whoever took a chat over could do so too. */
async function kill({ options, turn, signal }: TurnScope, target: KillTarget): Promise<Done> {
  if (options.kill === undefined) return { reply: "There is no kill switch here." };
  const orders =
    target.kind === "work"
      ? [{ capability: "tools" }, { capability: "model" }]
      : target.kind === "agent"
        ? [{ agent: target.agentId }]
        : target.kind === "capability"
          ? [{ capability: target.capability }]
          : [{}];
  for (const order of orders) await options.kill(order, turn.principal.id, signal);
  const also = target.kind === "work" ? " Messages still go out; /kill all stops them too." : "";
  const what = target.kind === "agent" ? `the agent ${target.agentId}` : "what you named";
  const said = target.kind === "work" ? "everything that agents do" : target.kind === "all" ? "everything" : what;
  return { reply: `Stopped: ${said}.${also} To go on, on the gateway's machine: lorica resume` };
}

/** A turn that a restart repeats finds the session in its new window and leaves it there. */
async function startAnew(scope: TurnScope): Promise<Done> {
  if (scope.session.windowId === scope.turn.windowId) {
    await scope.options.store.sessions.reset(scope.turn.sessionKey);
    scope.options.observe({ point: "session.reset", sessionKey: scope.turn.sessionKey });
  }
  return { reply: "New session. What was said before is kept, but I no longer see it." };
}

async function compactNow(scope: TurnScope, focus: string): Promise<Done> {
  const plan = planCall(scope);
  const standing = await loadStanding(scope);
  const before = estimatePrompt(scope, standing, plan);
  const done = await compact(scope, { standing, plan, pressure: "asked", focus });
  if (!done) return { reply: `Nothing to compact: about ${before} tokens.` };
  return { reply: `Compacted: about ${before} tokens before, ${estimatePrompt(scope, standing, plan)} now.` };
}

function listModels(scope: TurnScope): string {
  const { models } = scope.options;
  const known = models.list();
  const names = known.slice(0, modelsShownMax).map((model) => `${model.provider}/${model.id}`);
  const more = known.length > names.length ? `\n… and ${known.length - names.length} more` : "";
  const now = planCall(scope).candidates[0] ?? "none configured";
  return `Model: ${now}\nThere are: ${names.length === 0 ? "none" : names.join(", ")}${more}`;
}

async function setModel(scope: TurnScope, ref: string): Promise<Done> {
  const { models, store } = scope.options;
  if (ref === "default") {
    await store.sessions.patch(scope.turn.sessionKey, { model: undefined });
    const own = models.candidates(scope.turn.agentId, "main")[0];
    return { reply: `Model: ${own ?? "none configured"} (the agent's own)` };
  }
  const known = models.describe(ref);
  if (known === undefined) return { reply: `There is no model ${ref}.\n${listModels(scope)}` };
  await store.sessions.patch(scope.turn.sessionKey, { model: ref });
  return { reply: `Model: ${known.provider}/${known.id}`, entries: [{ kind: "settings", model: ref }] };
}

async function setThinking(scope: TurnScope, level: ThinkingLevel | undefined): Promise<Done> {
  if (level === undefined) return { reply: `Thinking: ${scope.session.thinking ?? scope.profile.thinking}` };
  await scope.options.store.sessions.patch(scope.turn.sessionKey, { thinking: level });
  return { reply: `Thinking: ${level}`, entries: [{ kind: "settings", thinking: level }] };
}
