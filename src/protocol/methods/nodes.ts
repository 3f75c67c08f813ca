// catalogue
// The methods on nodes, and those that nodes call.
import { z } from "zod";
import { limits } from "../../base/limits.ts";
import { invokeScope } from "../nodes/commands.ts";
import type * as shapes from "../nodes/shapes.ts";
import { admin, idempotencyKey, method, name, none, read, sessionKey, timeoutMs } from "./kit.ts";

const pairing = "operator.pairing";
const node = { scope: admin, roles: ["node"] } as const;
const id = z.string().min(1).max(128);
const requestId = z.strictObject({ requestId: id });
const nodeId = z.strictObject({ nodeId: id });
const optional = z.string().max(512).optional();

const invokeParams = z.strictObject({
  nodeId: id,
  command: name,
  params: z.unknown().optional(),
  timeoutMs: timeoutMs.optional(),
  idempotencyKey,
  // Where upstream's clients say a turn came from. Nothing is decided by it: anybody may write anything there.
  sessionKey: sessionKey.optional(),
  turnSourceChannel: optional,
  turnSourceTo: optional,
  turnSourceAccountId: optional,
  turnSourceThreadId: z.union([optional, z.number()]),
});

const resultParams = z.strictObject({
  id,
  nodeId: id,
  ok: z.boolean(),
  payload: z.unknown().optional(),
  payloadJSON: z.string().optional(),
  error: z.strictObject({ code: z.string().max(128).optional(), message: z.string().optional() }).optional(),
});

/** What a node reports beyond its name is not read; how much it may be is the frame's bound. */
const named = z.looseObject({ name: z.string().min(1).max(64) });

export const nodeMethods = {
  "node.list": method<{ readonly ts: number; readonly nodes: readonly shapes.NodeRow[] }>()({
    summary: "Every node that is known: connected, approved or waiting for approval.",
    scope: read,
    params: none,
  }),
  "node.describe": method<shapes.NodeDescription & { readonly ts: number }>()({
    summary: "One node, with what it told of itself and why commands of it may not be invoked.",
    scope: read,
    params: nodeId,
  }),
  "node.invoke": method<shapes.NodeInvokeAnswer>()({
    summary: "Asks a node to do something, and waits for its answer.",
    scope: ({ command }: z.infer<typeof invokeParams>) => invokeScope(command),
    scopeNote: "write; admin for what reaches a shell, files, a browser or a screen",
    params: invokeParams,
  }),
  "node.rename": method<{ readonly nodeId: string; readonly displayName: string }>()({
    summary: "Gives a node a name.",
    scope: pairing,
    params: z.strictObject({ nodeId: id, displayName: z.string().trim().min(1).max(128) }),
  }),
  "node.pair.list": method<{
    readonly pending: readonly shapes.NodePairRequest[];
    readonly paired: readonly shapes.NodePairEntry[];
  }>()({
    summary: "Nodes that wait for approval of what they offer, and those that have it.",
    scope: pairing,
    params: none,
  }),
  "node.pair.approve": method<{ readonly requestId: string; readonly node: shapes.NodePairEntry }>()({
    summary: "Lets a node offer exactly what it asked for.",
    scope: pairing,
    scopeNote: "pairing, and write or admin by what the node offers",
    params: requestId,
  }),
  "node.pair.reject": method<{ readonly requestId: string; readonly nodeId: string }>()({
    summary: "Turns a node's request down. What was approved before stays.",
    scope: pairing,
    params: requestId,
  }),
  "node.pair.remove": method<{ readonly nodeId: string }>()({
    summary: "Takes back what a node may offer, and ends its connection. Its device stays paired.",
    scope: pairing,
    params: nodeId,
  }),
  "node.invoke.result": method<{ readonly ok: true; readonly ignored?: true }>()({
    summary: "What came of an invoke. Counts only from the connection that was asked.",
    ...node,
    params: resultParams,
  }),
  "node.invoke.progress": method<{ readonly ok: true; readonly ignored?: true }>()({
    summary: "A piece of output of an invoke that is still running.",
    ...node,
    params: z.strictObject({
      invokeId: id,
      nodeId: id,
      seq: z.int().min(0),
      chunk: z.string().max(limits.nodeProgressMaxChars),
    }),
  }),
  "node.event": method<{
    readonly ok: true;
    readonly event: string;
    readonly handled: boolean;
    readonly reason?: string;
  }>()({
    summary: "What a node tells of itself: figures of its host, that it lives. Nothing it says starts a turn.",
    ...node,
    params: z.strictObject({ event: name, payload: z.unknown().optional(), payloadJSON: z.string().optional() }),
  }),
  "node.skills.update": method<{ readonly nodeId: string; readonly skills: readonly string[] }>()({
    summary: "Skills that a node has. Their names are shown; none is used.",
    ...node,
    params: z.strictObject({ skills: z.array(named).max(64) }),
  }),
  "node.pluginTools.update": method<{ readonly nodeId: string; readonly tools: readonly string[] }>()({
    summary: "Tools that a node has. Their names are shown; no agent gets them.",
    ...node,
    params: z.strictObject({ tools: z.array(named).max(limits.nodeReportedNamesMax) }),
  }),
  "node.runnerInventory.update": method<{ readonly ok: true }>()({
    summary: "What a node could run workers with. Accepted, and nothing is done with it.",
    ...node,
    advertised: false,
    params: z.looseObject({}),
  }),
} as const;
