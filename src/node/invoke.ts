// One order to a node: who asks is known, so what remains is whether this node may be asked this. The same order twice is
// one order.
import type { AuditLog } from "../audit/audit.ts";
import type { Clock } from "../base/clock.ts";
import { codeOf, LoricaError } from "../base/errors.ts";
import { sha256 } from "../base/ids.ts";
import { limits } from "../base/limits.ts";
import { unlessAborted } from "../base/wait.ts";
import { owner } from "../base/principal.ts";
import type { Policy } from "../policy/policy.ts";
import type { CommandRules } from "./commands.ts";
import { gone } from "./invokes.ts";
import type { NodeAnswer, Order } from "./invokes.ts";
import type { LiveNode } from "./link.ts";
import { judge } from "./rows.ts";
import type { Known } from "./rows.ts";

export type InvokeOrder = {
  readonly nodeId: string;
  readonly command: string;
  readonly params: unknown;
  readonly timeoutMs: number | undefined;
  readonly idempotencyKey: string;
  /** Who asks, for the record: a device, or `owner` behind the owner's own socket. */
  readonly askedBy: string;
  readonly onProgress?: ((chunk: string, seq: number) => void) | undefined;
};

type InvokeDeps = {
  readonly policy: Pick<Policy, "decide" | "redeem">;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly rules: () => CommandRules;
  readonly find: (nodeId: string) => Promise<Known>;
  readonly run: (node: LiveNode, order: Order, signal: AbortSignal) => Promise<NodeAnswer>;
};

type Remembered = { readonly digest: string; readonly answer: Promise<NodeAnswer>; readonly until: number };

export function createInvoke(deps: InvokeDeps): (order: InvokeOrder, signal: AbortSignal) => Promise<NodeAnswer> {
  const recent = new Map<string, Remembered>();

  /** The oldest go first: they were put in first. */
  function forget(): void {
    for (const [key, { until }] of recent) {
      if (recent.size <= limits.requestDedupeMax && until > deps.clock.now()) return;
      recent.delete(key);
    }
  }

  return async (order, signal) => {
    const paramsJson = encodeParams(order);
    const key = `${order.askedBy} ${order.idempotencyKey}`;
    const digest = sha256(JSON.stringify([order.nodeId, order.command, paramsJson ?? null]));
    const before = recent.get(key);
    if (before !== undefined && before.until > deps.clock.now()) {
      if (before.digest === digest) return unlessAborted(before.answer, signal);
      throw new LoricaError("conflict", "this idempotencyKey was used for another invoke", {
        details: { reason: "idempotency-conflict" },
      });
    }
    const answer = perform(deps, order, { paramsJson, signal });
    // Whoever asked first is told of a failure; it must not count as one that nobody handled.
    answer.catch(() => undefined);
    recent.set(key, { digest, answer, until: deps.clock.now() + limits.requestDedupeWindowMs });
    forget();
    return answer;
  };
}

function encodeParams({ params, command }: InvokeOrder): string | undefined {
  if (params === undefined) return undefined;
  const text = JSON.stringify(params);
  if (Buffer.byteLength(text) <= limits.nodeParamsMaxBytes) return text;
  throw new LoricaError("too_large", `the params of ${command} are longer than ${limits.nodeParamsMaxBytes} bytes`);
}

async function perform(
  deps: InvokeDeps,
  order: InvokeOrder,
  { paramsJson, signal }: { readonly paramsJson: string | undefined; readonly signal: AbortSignal },
): Promise<NodeAnswer> {
  const node = await findReady(deps, order);
  const action = {
    verb: "node.invoke",
    agentId: "",
    sessionKey: "",
    principal: owner,
    label: { integrity: "owner", readers: [owner.id] },
    resource: { nodeId: order.nodeId, command: order.command, paramsJson: paramsJson ?? "" },
  } as const;
  const decision = deps.policy.decide(action);
  const about = auditOf(order, paramsJson);
  if (decision.kind === "deny") {
    deps.audit.record({ kind: "decision", verdict: "deny", rule: decision.rule, reason: decision.reason, ...about });
    throw new LoricaError("forbidden", decision.reason);
  }
  deps.audit.record({ kind: "decision", verdict: "allow", rule: decision.rule, ...about });
  const { resource } = deps.policy.redeem(decision.grant).action;
  const startedAt = deps.clock.now();
  const ended = (outcome: string): void =>
    deps.audit.record({ kind: "effect", ...about, result: { outcome, durationMs: deps.clock.now() - startedAt } });
  try {
    const { idempotencyKey, onProgress } = order;
    const { command } = resource;
    const timeoutMs = Math.min(order.timeoutMs || limits.nodeInvokeTimeoutMs, limits.nodeInvokeTimeoutMaxMs);
    const answer = await deps.run(node, { command, paramsJson, timeoutMs, idempotencyKey, onProgress }, signal);
    ended("ok");
    return answer;
  } catch (error) {
    ended(codeOf(error));
    throw error;
  }
}

/** The node, connected and offering the command; what is not so is recorded and said. */
async function findReady(deps: InvokeDeps, order: InvokeOrder): Promise<LiveNode> {
  const known = await deps.find(order.nodeId);
  const { live } = known;
  if (live === undefined) throw gone(order.nodeId);
  const judged = judge(known, deps.rules()).find(({ command }) => command === order.command);
  const reason = judged === undefined ? "the node does not declare it" : judged.withheld;
  if (reason === undefined) return live;
  const about = auditOf(order, undefined);
  deps.audit.record({ kind: "decision", verdict: "deny", rule: "node.surface", reason, ...about });
  throw new LoricaError("invalid_request", `${order.command} may not be invoked on this node: ${reason}`, {
    details: { reason: "command not allowlisted", command: order.command, nodeId: order.nodeId },
  });
}

function auditOf({ command, nodeId, askedBy }: InvokeOrder, paramsJson: string | undefined) {
  const params = paramsJson === undefined ? "" : ` ${paramsJson.slice(0, limits.nodeAuditParamsMaxChars)}`;
  return {
    verb: "node.invoke",
    principal: owner.id,
    actor: askedBy,
    resource: `${command} on ${nodeId}${params}`,
  } as const;
}
