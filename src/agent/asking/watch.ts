// A model's stream on its way to whoever watches the turn.
import { limits } from "../../base/limits.ts";
import { abortError, unlessAborted } from "../../base/wait.ts";
import { createGuardedText } from "../../dlp/dlp.ts";
import type { GuardedText } from "../../dlp/dlp.ts";
import type { ModelEvent } from "../../model/model.ts";
import { createReplyStream } from "../reply.ts";
import type { TurnScope } from "../scope.ts";

export type Watch = {
  show(event: Exclude<ModelEvent, { type: "finish" | "spent" }>): void;
  /** Resolves once all that may be shown of the answer was shown. */
  settled(): Promise<void>;
  readonly said: () => { readonly text: string; readonly provider: string; readonly model: string };
};

/** Passes on what streams, as people may see it. A new attempt makes void what the one before it said. */
export function createWatch(scope: TurnScope): Watch {
  const { emit } = scope.run;
  const { agentId, sessionKey } = scope.turn;
  const guarded = (showNow: (delta: string) => void): GuardedText =>
    createGuardedText(
      (question) => scope.options.dlp.inspectStream({ agentId, sessionKey, ...question }, scope.signal),
      showNow,
    );
  const openText = (): GuardedText => {
    const reply = createReplyStream();
    return guarded((delta) => show(reply.push(delta)));
  };
  const openThoughts = (): GuardedText => guarded((delta) => emit({ type: "reasoning", delta }));
  let text = openText();
  let thoughts = openThoughts();
  let shown = "";
  let raw = "";
  let model = { provider: "", model: "" };

  function show(now: string): void {
    if (now === shown) return;
    emit({ type: "text", text: now, delta: now.startsWith(shown) ? now.slice(shown.length) : now });
    shown = now;
  }

  return {
    show(event) {
      if (event.type === "attempt") {
        model = { provider: event.provider, model: event.model };
        text.drop();
        thoughts.drop();
        [text, thoughts] = [openText(), openThoughts()];
        raw = "";
        emit({ type: "model", ...model });
        scope.options.observe({
          point: "model.requested",
          turnId: scope.turn.id,
          model: `${model.provider}/${model.model}`,
        });
        show("");
      }
      if (event.type === "reasoning") thoughts.push(event.delta);
      if (event.type !== "text" || raw.length >= limits.replyMaxChars) return;
      raw += event.delta;
      text.push(event.delta);
    },
    async settled() {
      await thoughts.end();
      await text.end();
    },
    said: () => ({ text: raw, ...model }),
  };
}

/** Leaves at once when the signal ends, also where the stream itself is slow to notice. */
export async function* untilAborted<T>(stream: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const iterator = stream[Symbol.asyncIterator]();
  let open = true;
  try {
    while (open) {
      if (signal.aborted) throw abortError(signal);
      const next = await unlessAborted(iterator.next(), signal);
      if (next.done === true) open = false;
      else yield next.value;
    }
  } finally {
    // Not awaited: a stream that hangs would hang its closing too. It has the signal, and what it says now is void.
    if (open) void iterator.return?.().catch(() => undefined);
  }
}
