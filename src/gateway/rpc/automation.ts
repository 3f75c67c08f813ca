// The methods on what happens by itself.
import { newId } from "../../base/ids.ts";
import type { automationMethods } from "../../protocol/methods/automation.ts";
import type { HandlersOf } from "../../protocol/methods/kit.ts";
import type { MethodHandlers } from "../../protocol/methods.ts";
import type { CallContext } from "../dispatch.ts";

const jobsDefault = 50;

export function createAutomationMethods(
  chat: Pick<MethodHandlers<CallContext>, "chat.send">,
): HandlersOf<typeof automationMethods, CallContext> {
  return {
    async wake({ text, sessionKey = "main", agentId }, context) {
      await chat["chat.send"]({ sessionKey, agentId, message: text, idempotencyKey: newId() }, context);
      return { ok: true };
    },
    "cron.status": async () => ({ enabled: false, jobs: 0, nextWakeAtMs: null }),
    "cron.list": async ({ offset = 0, limit = jobsDefault }) => ({
      jobs: [],
      snapshotRevision: "none",
      total: 0,
      offset,
      limit,
      hasMore: false,
      nextOffset: null,
    }),
    "voicewake.get": async () => ({ triggers: [] }),
  };
}
