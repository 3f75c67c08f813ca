// Step 7: may this reply leave? Policy is asked at each attempt, right before it, so that every send has a grant of its
// own and a reply that waited for hours is judged by the rules of the hour in which it leaves.
import type { Action, ReplyPlace } from "../base/action.ts";
import type { AuditLog } from "../audit/audit.ts";
import type { ReplyAddress } from "../base/envelope.ts";
import type { Decision, Policy } from "../policy/policy.ts";
import type { OutboxRow } from "../store/store.ts";
import { goneSince } from "./admit/still.ts";
import type { PipelineOptions } from "./settings.ts";

export type Reply = Pick<OutboxRow, "id" | "to" | "label" | "agentId" | "sessionKey" | "principal">;

/** Where the message that this answers came from, as the store has it; or where the owner may send by themselves. */
export type Reason = { readonly answers?: ReplyPlace | undefined; readonly ordered?: ReplyPlace | undefined };

export function release(
  row: Reply,
  { answers, ordered }: Reason,
  { policy, audit }: { readonly policy: Policy; readonly audit: AuditLog },
): Decision<"message.send"> {
  const { channel, account, recipient } = row.to;
  const action: Action<"message.send"> = {
    verb: "message.send",
    agentId: row.agentId,
    sessionKey: row.sessionKey,
    principal: row.principal,
    label: row.label,
    resource: { channel, account, recipient, outboxId: row.id, answers, ordered },
  };
  const decision = policy.decide(action);
  audit.record({
    kind: "decision",
    verb: "message.send",
    verdict: decision.kind,
    rule: decision.rule,
    agentId: row.agentId,
    sessionKey: row.sessionKey,
    principal: row.principal.id,
    resource: `${channel}/${account}/${recipient}`,
    ...(decision.kind === "deny" ? { reason: decision.reason } : {}),
  });
  return decision;
}

/** A reply may wait for hours; whoever was sent away meanwhile gets none. */
export async function recipientGone(
  row: OutboxRow,
  parts: Pick<PipelineOptions, "store" | "channels" | "senders" | "settings" | "commandOf">,
): Promise<string | undefined> {
  const turn = row.turnId === undefined ? undefined : await parts.store.turns.find(row.turnId);
  const asked = turn?.inboxIds[0] === undefined ? undefined : await parts.store.inbox.find(turn.inboxIds[0]);
  return asked && goneSince(asked, parts);
}

export function placeOf({ channel, account, recipient }: ReplyAddress): ReplyPlace {
  return { channel, account, recipient };
}
