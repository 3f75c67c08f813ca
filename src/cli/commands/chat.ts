// `chat`: a conversation, one line at a time. Ctrl-C cancels the turn that runs; at the prompt it leaves.
import { createInterface } from "node:readline";
import type { Interface } from "node:readline";
import { LoricaError } from "../../base/errors.ts";
import type { Invocation } from "../context.ts";
import { withGateway } from "../reach.ts";
import type { GatewayClient } from "../reach.ts";
import { report } from "../report.ts";
import { runTurn } from "../turn.ts";
import type { TurnOrder } from "../turn.ts";
import { readScript, turnNeeds, turnOptions } from "./agent.ts";

const defaultSession = "main";

const help = [
  "/new    start the session afresh",
  "/help   this",
  "/quit   leave (also Ctrl-D)",
  "Ctrl-C  cancels the turn that runs",
].join("\n");

export async function chat(invocation: Invocation): Promise<void> {
  const { context, options } = invocation;
  const order = turnOptions(options);
  const script = await readScript(context, options);
  const typed = context.stdin.isTTY === true;
  await withGateway(
    invocation,
    async (gateway) => {
      const talk = {
        ...order,
        sessionKey: order.sessionKey ?? defaultSession,
        // Only what a person types here are surely the owner's own words.
        rehearsal: typed || script !== undefined ? ({ grammar: true, ...script } as const) : undefined,
      };
      await converse(gateway, talk, invocation);
    },
    // `/new` starts a session afresh, which is more than writing into it.
    { ...turnNeeds, scopes: ["operator.admin"] },
  );
}

async function converse(
  gateway: GatewayClient,
  order: Omit<TurnOrder, "message"> & { readonly sessionKey: string },
  invocation: Invocation,
): Promise<void> {
  const { context, io } = invocation;
  const typed = context.stdin.isTTY === true;
  const lines = createInterface({
    input: context.stdin,
    terminal: typed,
    prompt: "> ",
    // Without a terminal there is nobody to prompt, and the output may be somebody's data.
    ...(typed ? { output: context.stdout } : {}),
  });
  const leave = (): void => lines.close();
  context.signal.addEventListener("abort", leave, { once: true });
  if (typed) io.note(`session ${order.sessionKey} · /help for help`);
  try {
    if (typed) lines.prompt();
    for await (const line of lines) {
      const text = line.trim();
      if (text === "/quit" || text === "/exit") break;
      if (text === "/help") io.note(help);
      else if (text === "/new") await startAfresh(gateway, order.sessionKey, io.note);
      else if (text !== "") await say(gateway, { ...order, message: text }, { ...invocation, lines });
      if (typed) lines.prompt();
    }
  } finally {
    context.signal.removeEventListener("abort", leave);
    lines.close();
  }
}

async function startAfresh(gateway: GatewayClient, key: string, note: (text: string) => void): Promise<void> {
  await gateway.call("sessions.reset", { key, reason: "new" });
  note("a fresh session");
}

async function say(
  gateway: GatewayClient,
  order: TurnOrder,
  { io, options, context, lines }: Invocation & { readonly lines: Interface },
): Promise<void> {
  const turn = new AbortController();
  const cancel = (): void => turn.abort(new LoricaError("cancelled", "cancelled"));
  lines.on("SIGINT", cancel);
  try {
    const signal = AbortSignal.any([turn.signal, context.signal]);
    await runTurn(gateway, order, { io, verbose: options.flag("verbose"), signal });
  } catch (error) {
    // One failed turn is not the end of a conversation; a lost gateway is.
    if (!(error instanceof LoricaError) || error.code === "unavailable" || context.signal.aborted) throw error;
    report(error, { stderr: context.stderr, json: io.json, verbose: false, program: context.program });
  } finally {
    lines.off("SIGINT", cancel);
  }
}
