// The methods on what waits for the owner. Whatever is asked for here, the answer is never a yes.
import { LoricaError } from "../../base/errors.ts";
import type { approvalMethods } from "../../protocol/methods/approvals.ts";
import type { HandlersOf } from "../../protocol/methods/kit.ts";
import type { CallContext } from "../dispatch.ts";

export function createApprovalMethods(): HandlersOf<typeof approvalMethods, CallContext> {
  return {
    "exec.approval.list": async () => [],
    "exec.approval.get": async ({ id }) => unknownApproval(id),
    async "exec.approval.request"() {
      throw new LoricaError("not_built", "approvals are not built yet, so nothing can be asked for; take it as a no");
    },
    "exec.approval.waitDecision": async ({ id }) => unknownApproval(id),
    "exec.approval.resolve": async ({ id }) => unknownApproval(id),
    "plugin.approval.list": async () => [],
    "openclaw.approval.list": async () => [],
    "question.list": async () => ({ questions: [] }),
    "taskSuggestions.list": async () => ({ suggestions: [] }),
  };
}

function unknownApproval(id: string): never {
  throw new LoricaError("not_found", `unknown or expired approval id: ${id}`, {
    details: { reason: "APPROVAL_NOT_FOUND" },
  });
}
