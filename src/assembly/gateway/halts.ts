// What the gateway itself stops when the owner pulls the kill switch: orders to nodes, which pass no broker, what people
// ask to have sent, and the channels, so that what waits to be sent keeps waiting. Everything else is stopped by the broker.
import type { TurnRunnerOptions } from "../../agent/agent.ts";
import type { AuditLog, AuditRecord } from "../../audit/audit.ts";
import { LoricaError } from "../../base/errors.ts";
import { isRecord } from "../../base/json.ts";
import { owner } from "../../base/principal.ts";
import type { Link } from "../../broker/client.ts";
import type { Nodes } from "../../node/node.ts";
import type { Pipeline, PipelineChannels } from "../../pipeline/pipeline.ts";

/** Why each is stopped; null where it is not. */
export type HaltedDoors = { readonly nodes: string | null; readonly channels: string | null };

export type Halted = {
  /** The same nodes, of which none is asked while they are stopped. */
  nodes(nodes: Nodes): Nodes;
  /** The same pipeline, which takes no order while channels are stopped: whoever gives one hears so, and none leaves later. */
  pipeline(pipeline: Pipeline): Pipeline;
  /** What the broker says now. */
  take(next: unknown, channels: PipelineChannels): Promise<void>;
};

/** What an owner types in a chat: the broker stops it, and answers once it has. */
export function createKillClient(link: Link): NonNullable<TurnRunnerOptions["kill"]> {
  return async (order, by, signal) => {
    await link.call({ method: "kill.order", params: { order, by } }, signal);
  };
}

export function createHalted(first: HaltedDoors, audit: AuditLog): Halted {
  let now = first;
  let nodesEnd = new AbortController();
  const held = new Set<string>();
  let last: Promise<void> = Promise.resolve();

  function refuse(reason: string, about: Pick<AuditRecord, "verb" | "actor" | "resource">): LoricaError {
    audit.record({ kind: "decision", verdict: "deny", rule: "kill", reason, principal: owner.id, ...about });
    return new LoricaError("locked", `${reason}. On the gateway's machine, to go on: lorica resume`);
  }

  async function hold(channels: PipelineChannels): Promise<void> {
    if (now.channels !== null)
      for (const { channel, held: isHeld } of channels.states()) {
        if (isHeld) continue;
        held.add(channel);
        await channels.hold(channel, "stop");
      }
    else
      for (const id of held) {
        held.delete(id);
        await channels.hold(id, "start");
      }
  }

  return {
    nodes: (nodes) => ({
      ...nodes,
      async invoke(order, signal) {
        const resource = `${order.command} on ${order.nodeId}`;
        if (now.nodes !== null) throw refuse(now.nodes, { verb: "node.invoke", actor: order.askedBy, resource });
        return await nodes.invoke(order, AbortSignal.any([signal, nodesEnd.signal]));
      },
    }),
    pipeline: (pipeline) => ({
      ...pipeline,
      async order(order, signal) {
        const resource = `${order.channel}/${order.account}/${order.recipient}`;
        if (now.channels !== null) throw refuse(now.channels, { verb: "message.send", resource });
        return await pipeline.order(order, signal);
      },
    }),
    async take(next, channels) {
      if (isRecord(next)) now = { nodes: reasonOf(next["nodes"]), channels: reasonOf(next["channels"]) };
      if (now.nodes !== null) {
        nodesEnd.abort(new LoricaError("locked", now.nodes));
        nodesEnd = new AbortController();
      }
      last = last.then(() => hold(channels));
      await last;
    },
  };
}

function reasonOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
