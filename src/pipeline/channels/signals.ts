// What people see while an answer is being made: typing, a reaction at their message, and for the owner the text so far.
// All of it is asked of policy like a reply, and losing it is no loss: nothing here is tried twice or waited for.
import type { Action, MessageSignal } from "../../base/action.ts";
import { newId } from "../../base/ids.ts";
import { limits } from "../../base/limits.ts";
import { bounded } from "../../base/wait.ts";
import type { OutgoingSignal } from "../../channel/channel.ts";
import type { Turn } from "../../store/store.ts";
import type { OpenChannel } from "../deliver.ts";
import { placeOf } from "../release.ts";
import type { PipelineOptions } from "../settings.ts";

export type Signals = {
  /** Ends with the turn; `text` is told all that the answer says so far. */
  begin(turn: Turn): { text(text: string): void; end(): void };
};

type Parts = Pick<PipelineOptions, "policy" | "settings" | "report"> & {
  readonly open: ReadonlyMap<string, OpenChannel>;
};

const nobody = { text: () => undefined, end: () => undefined };

export function createSignals(parts: Parts, stopping: AbortSignal): Signals {
  return {
    begin(turn) {
      const { replyTo } = turn;
      const able = parts.open.get(replyTo.channel)?.definition.capabilities.signals ?? [];
      if (able.length === 0) return nobody;
      const ending = new AbortController();
      const signal = AbortSignal.any([stopping, ending.signal]);
      const show = (what: OutgoingSignal): void => void send(turn, what, { parts, signal });
      const { ackReaction: emoji } = parts.settings();
      if (emoji !== undefined && replyTo.inReplyTo !== undefined && able.includes("reaction"))
        show({ kind: "reaction", messageId: replyTo.inReplyTo, emoji });
      const typing = able.includes("typing") ? repeat(() => show({ kind: "typing" })) : undefined;
      // Others are shown an answer once it was released as a whole; the owner may watch it being written.
      const drafts =
        turn.principal.kind === "owner" && able.includes("draft") ? createDrafts(turn.id, show) : undefined;
      return {
        text: (text) => drafts?.text(text),
        end() {
          clearInterval(typing);
          drafts?.end();
          ending.abort();
        },
      };
    },
  };
}

function repeat(work: () => void): NodeJS.Timeout {
  work();
  return setInterval(work, limits.channelTypingIntervalMs);
}

/** At most one in a while: the newest text, when its time has come. */
function createDrafts(draftId: string, show: (what: OutgoingSignal) => void) {
  let waiting: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  return {
    text(text: string): void {
      waiting = text;
      timer ??= setTimeout(() => {
        timer = undefined;
        if (waiting !== undefined && waiting.trim() !== "") show({ kind: "draft", draftId, text: waiting });
      }, limits.channelDraftIntervalMs);
    },
    end: () => clearTimeout(timer),
  };
}

async function send(
  { agentId, sessionKey, principal, label, replyTo: to }: Turn,
  what: OutgoingSignal,
  { parts, signal }: { readonly parts: Parts; readonly signal: AbortSignal },
): Promise<void> {
  const place = placeOf(to);
  const resource: MessageSignal = { ...place, signal: what.kind, answers: place };
  const action: Action<"message.signal"> = { verb: "message.signal", agentId, sessionKey, principal, label, resource };
  const decision = parts.policy.decide(action);
  const channel = parts.open.get(to.channel)?.channel;
  if (decision.kind === "deny" || channel?.signal === undefined) return;
  try {
    await channel.signal(decision.grant, { to, what }, bounded(signal, limits.channelSignalTimeoutMs));
  } catch (error) {
    if (!signal.aborted) parts.report(newId(), error);
  }
}
