// What a call would do, written down as an action, and how the audit log names it.
import type { AuditRecord } from "../../audit/audit.ts";
import type { Action, Verb } from "../../base/action.ts";
import type { Tool } from "../../tool/tool.ts";
import type { CallScope } from "../scope.ts";
import { renderResource } from "./resource.ts";

/** Who asks is the turn's to say, whatever the tool made of it. */
export function proposeAction(
  scope: CallScope,
  { tool, input }: { readonly tool: Tool; readonly input: unknown },
): Action {
  const { agentId, sessionKey, principal } = scope.turn;
  const asker = { agentId, sessionKey, principal, label: scope.label() };
  return { ...tool.propose(input, asker), ...asker };
}

export type ActionRecord = Pick<AuditRecord, "agentId" | "sessionKey" | "principal" | "resource"> & {
  readonly verb: Verb;
};

export function aboutAction(action: Action): ActionRecord {
  const { verb, agentId, sessionKey, principal } = action;
  return { verb, agentId, sessionKey, principal: principal.id, resource: renderResource(action) };
}
