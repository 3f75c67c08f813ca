// Passes on a text that is being written, as far as the inspector lets it be shown. One question is on its way at a time;
// what comes meanwhile is in the next one.
import { limits } from "../../base/limits.ts";
import type { StreamAnswer, StreamQuestion } from "./port.ts";

export type GuardedText = {
  push(delta: string): void;
  /** Resolves once all that may be shown was shown; throws where it could not be judged. */
  end(): Promise<void>;
  /** Nothing more is shown. */
  drop(): void;
};

type Ask = (question: Pick<StreamQuestion, "before" | "text" | "isEnd">) => Promise<StreamAnswer>;

export function createGuardedText(ask: Ask, show: (delta: string) => void): GuardedText {
  const state = { before: "", waiting: "", isEnding: false, isOver: false, asked: 0 };
  let pumping: Promise<void> | undefined;
  let failure: { readonly error: unknown } | undefined;

  async function pump(): Promise<void> {
    // What came since the last question, or the word that nothing more comes, may let more be shown.
    while (!state.isOver && (state.waiting.length > state.asked || (state.isEnding && state.waiting !== ""))) {
      const { before, waiting } = state;
      // A question is answered in one go, so what came at once is asked about in parts.
      const text = waiting.slice(0, limits.dlpStreamAskMaxChars);
      const isEnd = state.isEnding && text.length === waiting.length;
      const answer = await ask({ before, text, isEnd });
      if (state.isOver) return;
      state.before = (before + text.slice(0, answer.taken)).slice(-limits.dlpStreamBeforeChars);
      state.waiting = state.waiting.slice(answer.taken);
      state.asked = text.length - answer.taken;
      if (answer.text !== "") show(answer.text);
      if (answer.reason !== undefined) state.isOver = true;
    }
  }

  function run(): Promise<void> {
    pumping ??= pump()
      .catch((error: unknown) => {
        state.isOver = true;
        failure = { error };
      })
      .finally(() => {
        pumping = undefined;
      });
    return pumping;
  }

  return {
    push(delta) {
      if (state.isOver || delta === "") return;
      state.waiting += delta;
      void run();
    },
    async end() {
      state.isEnding = true;
      while (pumping !== undefined || (!state.isOver && state.waiting !== "")) await run();
      if (failure !== undefined) throw failure.error;
    },
    drop() {
      state.isOver = true;
    },
  };
}
