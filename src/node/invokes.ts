// Invokes on their way: what was asked of which connection, until its answer, its time limit, or the end of either side.
// An answer counts only from the connection that was asked.
import { LoricaError } from "../base/errors.ts";
import { newId } from "../base/ids.ts";
import { parseJson } from "../base/json.ts";
import type { Json } from "../base/json.ts";
import { limits } from "../base/limits.ts";
import { openDeadline, unlessAborted } from "../base/wait.ts";
import type { LiveNode } from "./link.ts";

export type Order = {
  readonly command: string;
  readonly paramsJson: string | undefined;
  readonly timeoutMs: number;
  readonly idempotencyKey: string;
  readonly onProgress: ((chunk: string, seq: number) => void) | undefined;
};

export type NodeAnswer = { readonly payload: Json; readonly payloadJson: string };

export type ResultReport = {
  readonly id: string;
  readonly nodeId: string;
  readonly ok: boolean;
  readonly payload?: unknown;
  readonly payloadJSON?: string | undefined;
  readonly error?: { readonly code?: string | undefined; readonly message?: string | undefined } | undefined;
};

export type Invokes = {
  /** Asks the node and waits. Whoever gives up, the node is told. */
  run(node: LiveNode, order: Order, signal: AbortSignal): Promise<NodeAnswer>;
  /** False where nobody waits for it, or another connection was asked. */
  settle(linkId: string, report: ResultReport): boolean;
  progress(
    linkId: string,
    report: { readonly invokeId: string; readonly nodeId: string; readonly seq: number; readonly chunk: string },
  ): boolean;
  /** The connection is gone: nobody will answer what it was asked. */
  drop(linkId: string): void;
};

type Waiting = {
  readonly node: LiveNode;
  readonly order: Order;
  readonly resolve: (answer: NodeAnswer) => void;
  readonly reject: (error: Error) => void;
  nextSeq: number;
};

export function createInvokes(): Invokes {
  const waiting = new Map<string, Waiting>();

  /** What is asked of one node at a time, and of all of them. */
  function checkRoom(node: LiveNode): void {
    const ofNode = [...waiting.values()].filter((one) => one.node.nodeId === node.nodeId).length;
    if (ofNode < limits.nodeInvokesMax && waiting.size < limits.nodeInvokesTotalMax) return;
    throw new LoricaError("overloaded", `${ofNode} invokes of this node are still running; wait for one`, {
      retryAfterMs: 1_000,
    });
  }

  function ask(id: string, node: LiveNode, order: Order): Promise<NodeAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<NodeAnswer>();
    waiting.set(id, { node, order, resolve, reject, nextSeq: 0 });
    const { command, paramsJson, timeoutMs, idempotencyKey } = order;
    const params = paramsJson === undefined ? {} : { paramsJSON: paramsJson };
    node.link.tell("node.invoke.request", { id, nodeId: node.nodeId, command, ...params, timeoutMs, idempotencyKey });
    return promise;
  }

  /** The one that waits for `id`, where `linkId` is who was asked. */
  function asked(linkId: string, id: string, nodeId: string): Waiting | undefined {
    const found = waiting.get(id);
    return found !== undefined && found.node.link.id === linkId && found.node.nodeId === nodeId ? found : undefined;
  }

  return {
    async run(node, order, signal) {
      checkRoom(node);
      const id = newId();
      const deadline = openDeadline(signal, order.timeoutMs);
      try {
        return await unlessAborted(ask(id, node, order), deadline.signal);
      } catch (error) {
        if (deadline.signal.aborted && waiting.has(id))
          node.link.tell("node.invoke.cancel", { id, nodeId: node.nodeId, command: order.command });
        throw error;
      } finally {
        deadline.close();
        waiting.delete(id);
      }
    },
    settle(linkId, report) {
      const found = asked(linkId, report.id, report.nodeId);
      if (found === undefined) return false;
      waiting.delete(report.id);
      const answer = answerOf(report, found);
      if (answer instanceof Error) found.reject(answer);
      else found.resolve(answer);
      return true;
    },
    progress(linkId, { invokeId, nodeId, seq, chunk }) {
      const found = asked(linkId, invokeId, nodeId);
      // What comes late or twice is not shown again.
      if (found === undefined || seq < found.nextSeq) return false;
      found.nextSeq = seq + 1;
      found.order.onProgress?.(chunk, seq);
      return true;
    },
    drop(linkId) {
      for (const [id, one] of waiting) {
        if (one.node.link.id !== linkId) continue;
        waiting.delete(id);
        one.reject(gone(one.node.nodeId));
      }
    },
  };
}

export function gone(nodeId: string): LoricaError {
  return new LoricaError(
    "unavailable",
    `the node ${nodeId.slice(0, 12)} is not connected; what it was asked may have taken effect`,
    { details: { code: "PAIRING_CHANGED", nodeId } },
  );
}

function answerOf(report: ResultReport, { node, order }: Waiting): NodeAnswer | LoricaError {
  const { command } = order;
  if (!report.ok) {
    const { code = "ERROR", message = "no reason given" } = report.error ?? {};
    return new LoricaError("upstream", `${command} failed on the node: ${message.slice(0, limits.nodeErrorMaxChars)}`, {
      details: { nodeId: node.nodeId, command, nodeError: { code: code.slice(0, 128) } },
    });
  }
  const payloadJson = report.payloadJSON ?? JSON.stringify(report.payload ?? null);
  if (Buffer.byteLength(payloadJson) > limits.nodeResultMaxBytes)
    return new LoricaError("too_large", `${command} answered with more than ${limits.nodeResultMaxBytes} bytes`, {
      details: { nodeId: node.nodeId, command },
    });
  const payload = parseJson(payloadJson);
  if (payload.ok) return { payload: payload.value, payloadJson };
  return new LoricaError("upstream", `${command} answered with something that is not JSON`, {
    details: { nodeId: node.nodeId, command },
  });
}
