// A model's stream on its way to whoever watches the turn.
import { limits } from "../../base/limits.ts";
import { abortError, unlessAborted } from "../../base/wait.ts";
import type { ModelEvent } from "../../model/model.ts";
import { createReplyStream } from "../reply.ts";
import type { TurnScope } from "../scope.ts";

export type Watch = {
  show(event: Exclude<ModelEvent, { type: "finish" | "spent" }>): void;
  readonly said: () => { readonly text: string; readonly provider: string; readonly model: string };
};

/** Passes on what streams, as people may see it. A new attempt makes void what the one before it said. */
export function createWatch(scope: TurnScope): Watch {
  const { emit } = scope.run;
  let reply = createReplyStream();
  let shown = "";
  let raw = "";
  let model = { provider: "", model: "" };

  function show(text: string): void {
    if (text === shown) return;
    emit({ type: "text", text, delta: text.startsWith(shown) ? text.slice(shown.length) : text });
    shown = text;
  }

  return {
    show(event) {
      if (event.type === "attempt") {
        model = { provider: event.provider, model: event.model };
        reply = createReplyStream();
        raw = "";
        emit({ type: "model", ...model });
        scope.options.observe({
          point: "model.requested",
          turnId: scope.turn.id,
          model: `${model.provider}/${model.model}`,
        });
        show("");
      }
      if (event.type === "reasoning") emit({ type: "reasoning", delta: event.delta });
      if (event.type !== "text" || raw.length >= limits.replyMaxChars) return;
      raw += event.delta;
      show(reply.push(event.delta));
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
