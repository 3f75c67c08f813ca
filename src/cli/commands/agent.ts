// `agent`: one turn, its answer streamed to a person or given whole to a program.
import { LoricaError } from "../../base/errors.ts";
import { thinkingLevels } from "../../base/envelope.ts";
import type { CliContext, Invocation } from "../context.ts";
import { readInput } from "../input.ts";
import type { Options } from "../options.ts";
import { withGateway } from "../reach.ts";
import { runTurn } from "../turn.ts";
import type { TurnOrder } from "../turn.ts";

export async function agent(invocation: Invocation): Promise<void> {
  const { context, io, options, args, signal } = invocation;
  const given = options.text("message") ?? args.join(" ");
  const message = given === "-" ? await readInput(context, "-") : given;
  if (message.trim() === "")
    throw new LoricaError(
      "invalid_request",
      `there is no message. Say something: ${context.program} agent --message "hello"`,
    );
  const script = await readScript(context, options);
  const order: TurnOrder = {
    ...turnOptions(options),
    message,
    // The rehearsal model may read its grammar from what stands on this command line. What came in through a pipe may
    // be anybody's words.
    rehearsal: given === "-" && script === undefined ? undefined : { grammar: true, ...script },
  };
  const verbose = options.flag("verbose");
  await withGateway(invocation, (gateway) => runTurn(gateway, order, { io, verbose, signal }), turnNeeds);
}

/** To write, and to be told of tools at work. */
export const turnNeeds = { scopes: ["operator.write"], caps: ["tool-events"] } as const;

/** What `agent` and `chat` have in common. */
export function turnOptions(options: Options): Omit<TurnOrder, "message" | "rehearsal"> {
  refuseLater(options);
  return {
    agentId: options.text("agent"),
    sessionKey: options.text("sessionId"),
    model: options.text("model"),
    thinking: options.choice("thinking", thinkingLevels),
    timeoutMs: options.duration("timeout"),
  };
}

/** The script's text goes with the request: only the owner's own command line may name the file. */
export async function readScript(
  context: CliContext,
  options: Options,
): Promise<{ readonly script: string } | undefined> {
  const path = options.text("rehearsalScript");
  return path === undefined ? undefined : { script: await readInput(context, path) };
}

function refuseLater(options: Options): void {
  const recipient = options.text("to");
  if (recipient !== undefined && recipient !== "self")
    throw new LoricaError("invalid_request", "the assistant answers here: --to takes self and nothing else");
  if (options.text("channel") !== undefined || options.flag("deliver"))
    throw new LoricaError(
      "invalid_request",
      'the answer is printed here. To send it to a chat: message send --channel telegram --to self "…"',
    );
}
