// The methods on nodes: what operators ask, and what nodes answer and report.
import { LoricaError } from "../../base/errors.ts";
import type { HandlersOf } from "../../protocol/methods/kit.ts";
import type { nodeMethods } from "../../protocol/methods/nodes.ts";
import type { CallContext } from "../dispatch.ts";
import type { Edge } from "../edge.ts";
import { actorOf } from "./config/config.ts";

type Handlers = HandlersOf<typeof nodeMethods, CallContext>;
type Reports =
  | "node.invoke.result"
  | "node.invoke.progress"
  | "node.event"
  | "node.skills.update"
  | "node.pluginTools.update"
  | "node.runnerInventory.update";

export function createNodeMethods({ nodes, clock }: Edge): Handlers {
  return {
    ...createReportMethods(nodes),
    "node.list": async () => ({ ts: clock.now(), nodes: await nodes.list() }),
    "node.describe": async ({ nodeId }) => ({ ts: clock.now(), ...(await nodes.describe(nodeId)) }),
    async "node.invoke"({ nodeId, command, params, timeoutMs, idempotencyKey }, context) {
      const { call } = context;
      const { connection } = call;
      const client = connection.client();
      const wantsProgress = client?.params.caps?.includes("node-progress") === true;
      const onProgress = (chunk: string, seq: number): void =>
        connection.tell("node.invoke.progress", { nodeId, command, idempotencyKey, seq, chunk });
      const order = { nodeId, command, params, timeoutMs, idempotencyKey, askedBy: actorOf(context) };
      const answer = await nodes.invoke({ ...order, ...(wantsProgress ? { onProgress } : {}) }, call.signal);
      return { ok: true, nodeId, command, payload: answer.payload, payloadJSON: answer.payloadJson };
    },
    async "node.rename"({ nodeId, displayName }) {
      await nodes.rename(nodeId, displayName);
      return { nodeId, displayName };
    },
    "node.pair.list": () => nodes.pairs(),
    async "node.pair.approve"({ requestId }, context) {
      const scopes = context.call.connection.client()?.session.scopes ?? [];
      return { requestId, node: await nodes.approve(requestId, { id: actorOf(context), scopes }) };
    },
    "node.pair.reject": ({ requestId }, context) => nodes.reject(requestId, actorOf(context)),
    async "node.pair.remove"({ nodeId }, context) {
      await nodes.remove(nodeId, actorOf(context));
      return { nodeId };
    },
  };
}

/** What nodes send. What an older connection of a node says, or one that was taken back, is not listened to. */
function createReportMethods(nodes: Edge["nodes"]): Pick<Handlers, Reports> {
  const live = ({ call }: CallContext): { readonly linkId: string; readonly nodeId: string } => {
    const { id } = call.connection;
    const nodeId = call.connection.client()?.session.deviceId;
    if (nodeId !== undefined && nodes.isConnected(id)) return { linkId: id, nodeId };
    throw new LoricaError("unavailable", "this connection is not the one of its node any more; connect again", {
      details: { code: "PAIRING_CHANGED" },
    });
  };
  const heard = (was: boolean) => (was ? ({ ok: true } as const) : ({ ok: true, ignored: true } as const));
  return {
    "node.invoke.result": async (report, context) => heard(nodes.answers.settle(live(context).linkId, report)),
    "node.invoke.progress": async (report, context) => heard(nodes.answers.progress(live(context).linkId, report)),
    async "node.event"(report, context) {
      return { ok: true, event: report.event, ...nodes.reports.event(live(context).linkId, report) };
    },
    async "node.skills.update"({ skills }, context) {
      const { linkId, nodeId } = live(context);
      const names = skills.map(({ name }) => name);
      nodes.reports.skills(linkId, names);
      return { nodeId, skills: names };
    },
    async "node.pluginTools.update"({ tools }, context) {
      const { linkId, nodeId } = live(context);
      const names = tools.map(({ name }) => name);
      nodes.reports.tools(linkId, names);
      return { nodeId, tools: names };
    },
    async "node.runnerInventory.update"(_, context) {
      live(context);
      return { ok: true };
    },
  };
}
