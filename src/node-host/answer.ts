// Answers what one connection asks: each order once, a few at a time, until it is done, called off, or the connection ends.
import { LoricaError } from "../base/errors.ts";
import { isRecord, parseJson } from "../base/json.ts";
import type { Json } from "../base/json.ts";
import { limits } from "../base/limits.ts";
import type { Connection } from "../client/client.ts";
import { Refusal } from "./commands.ts";
import type { NodeCommands } from "./commands.ts";

type Order = {
  readonly id: string;
  readonly nodeId: string;
  readonly command: string;
  readonly paramsJson: string | undefined;
  readonly timeoutMs: number;
};

export type AnswerDeps = {
  readonly commands: NodeCommands;
  readonly nodeId: string;
  readonly report: (message: string) => void;
};

/** Listens until the connection ends; what is running then is ended too. */
export function answerInvokes(connection: Connection, deps: AnswerDeps): void {
  const running = new Map<string, AbortController>();
  const send = (method: string, params: unknown): void => {
    // Whoever hung up needs no answer; anything else that goes wrong is for whoever watches this node.
    connection.request(method, params, connection.closed).catch((error: unknown) => {
      if (!connection.closed.aborted) deps.report(`${method} was not taken: ${String(error)}`);
    });
  };

  async function perform(order: Order): Promise<void> {
    const { id, nodeId } = order;
    const leaving = new AbortController();
    running.set(id, leaving);
    const signal = AbortSignal.any([leaving.signal, connection.closed]);
    const answer = await answerOf(deps.commands, order, {
      signal,
      onOutput: progressOf((seq, chunk) => send("node.invoke.progress", { invokeId: id, nodeId, seq, chunk })),
    });
    running.delete(id);
    // Called off: the gateway has stopped waiting.
    if (!leaving.signal.aborted) send("node.invoke.result", { id, nodeId, ...answer });
  }

  connection.listen(({ event, payload }) => {
    if (event === "node.invoke.cancel" && isRecord(payload)) {
      running.get(String(payload["id"]))?.abort(new LoricaError("cancelled", "the gateway called it off"));
      return;
    }
    if (event !== "node.invoke.request") return;
    const order = parseOrder(payload);
    if (order === undefined || order.nodeId !== deps.nodeId) return deps.report("an order that cannot be read came in");
    const { id, nodeId } = order;
    if (running.has(id)) return;
    if (running.size < limits.nodeHostInvokesMax) return void perform(order);
    const message = `this node is doing ${limits.nodeHostInvokesMax} things already`;
    send("node.invoke.result", { id, nodeId, ok: false, error: { code: "OVERLOADED", message } });
  });
}

type Answer =
  | { readonly ok: true; readonly payloadJSON: string }
  | { readonly ok: false; readonly error: { readonly code: string; readonly message: string } };

async function answerOf(
  commands: NodeCommands,
  { command, paramsJson, timeoutMs }: Order,
  run: { readonly signal: AbortSignal; readonly onOutput: (text: string) => void },
): Promise<Answer> {
  const perform = Object.hasOwn(commands, command) ? commands[command] : undefined;
  if (perform === undefined) return refused("UNKNOWN_COMMAND", `this node does not know ${command}`);
  const params = paramsJson === undefined ? { ok: true as const, value: {} } : parseJson(paramsJson);
  if (!params.ok) return refused("INVALID_REQUEST", "the params are not JSON");
  try {
    const result: Json = await perform({ params: params.value, timeoutMs, onOutput: run.onOutput }, run.signal);
    return { ok: true, payloadJSON: JSON.stringify(result) };
  } catch (error) {
    if (error instanceof Refusal) return refused(error.code, error.message);
    if (error instanceof LoricaError) return refused("UNAVAILABLE", error.message);
    // Its particulars may name files of this machine, which are not the gateway's to know.
    return refused("INTERNAL", "something went wrong on the node; its own log has it");
  }
}

function refused(code: string, message: string): Answer {
  return { ok: false, error: { code, message } };
}

/** Cut to what one report may hold. */
function progressOf(send: (seq: number, chunk: string) => void): (text: string) => void {
  let seq = 0;
  return (text) => {
    for (let at = 0; at < text.length; at += limits.nodeProgressMaxChars) {
      send(seq, text.slice(at, at + limits.nodeProgressMaxChars));
      seq += 1;
    }
  };
}

function parseOrder(payload: unknown): Order | undefined {
  if (!isRecord(payload)) return undefined;
  const { id, nodeId, command, paramsJSON, timeoutMs } = payload;
  if (typeof id !== "string" || typeof nodeId !== "string" || typeof command !== "string") return undefined;
  if (paramsJSON !== undefined && typeof paramsJSON !== "string") return undefined;
  const limitMs = typeof timeoutMs === "number" && timeoutMs > 0 ? timeoutMs : limits.nodeInvokeTimeoutMs;
  return { id, nodeId, command, paramsJson: paramsJSON, timeoutMs: limitMs };
}
