// The session methods that work on all that was said: summarising it, taking it out, bringing it in.
import { newId } from "../../../base/ids.ts";
import { limits } from "../../../base/limits.ts";
import type { ParamsOf } from "../../../protocol/methods.ts";
import type { HandlersOf } from "../../../protocol/methods/kit.ts";
import type { sessionMethods } from "../../../protocol/methods/sessions.ts";
import type { CallContext } from "../../dispatch.ts";
import type { Parts } from "../parts.ts";
import { sessionTarget } from "../target.ts";
import { existing } from "./change.ts";

type Deps = Pick<Parts, "edge" | "runs" | "broadcast">;
type Names = "sessions.compact" | "sessions.export" | "sessions.import";

export function createWholeMethods(deps: Deps): Pick<HandlersOf<typeof sessionMethods, CallContext>, Names> {
  const { edge, broadcast } = deps;
  return {
    "sessions.compact": (params, context) => compact(deps, params, context),

    async "sessions.export"(params, { call }) {
      const { sessionKey } = sessionTarget(edge.settings(), params);
      await existing(edge, sessionKey, undefined);
      const part = await takePart(edge.transfer.exportLines(sessionKey, call.signal), params.offset ?? 0);
      return { key: sessionKey, ...part };
    },

    async "sessions.import"(params, { call }) {
      const target = sessionTarget(edge.settings(), params);
      const sessionKey = params.key === undefined ? undefined : target.sessionKey;
      const { agentId } = target;
      const imported = await edge.transfer.importText(params.text, { agentId, sessionKey }, call.signal);
      broadcast.sessionChanged({ sessionKey: imported.sessionKey, agentId }, "import");
      return { key: imported.sessionKey, sessionId: imported.windowId, entries: imported.entries };
    },
  };
}

/** Compaction is a turn like any other, so that it waits its place in the session and is journalled. */
async function compact({ edge, runs }: Deps, params: ParamsOf<"sessions.compact">, { call }: CallContext) {
  const target = sessionTarget(edge.settings(), params);
  await existing(edge, target.sessionKey, undefined);
  const runId = newId();
  let compacted = false;
  const stop = edge.pipeline.watch((event, about) => {
    compacted ||= about.runId === runId && event.type === "compacted";
  });
  try {
    await runs.start({
      door: "cli",
      runId,
      idempotencyKey: runId,
      body: params,
      chatId: target.sessionKey,
      text: "/compact",
      media: async () => [],
      request: { ...target, queue: "followup" },
    });
    const { outcome } = await edge.pipeline.wait(runId, call.signal);
    const reason =
      outcome.status === "done" ? outcome.text : outcome.status === "failed" ? outcome.message : "cancelled";
    return { ok: outcome.status === "done", key: target.sessionKey, compacted, ...(compacted ? {} : { reason }) };
  } finally {
    stop();
  }
}

/** As many lines from `offset` on as fit one frame, and where to go on. */
async function takePart(
  source: AsyncIterable<string>,
  offset: number,
): Promise<{ readonly lines: readonly string[]; readonly nextOffset: number | null }> {
  const lines: string[] = [];
  let index = 0;
  let bytes = 0;
  for await (const line of source) {
    index += 1;
    if (index <= offset) continue;
    if (lines.length > 0 && bytes + line.length > limits.exportPartBytes) return { lines, nextOffset: index - 1 };
    lines.push(line);
    bytes += line.length;
  }
  return { lines, nextOffset: null };
}
