// A turn runner without a model: it answers with what it was asked, and keeps the same journal as the real one.
import type { TurnOutcome, TurnRun, TurnRunner } from "../../../src/agent/agent.ts";
import type { Usage } from "../../../src/base/transcript.ts";
import type { Entry, Store, Turn } from "../../../src/store/store.ts";

export const noTokens: Usage = {
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  costMicros: 0,
  estimated: false,
};

export function done(text: string): TurnOutcome {
  return { status: "done", text, stopReason: "stop", provider: "faux", model: "echo", usage: noTokens };
}

/** The texts that people wrote in a turn, oldest first. */
export async function asked(store: Store, turn: Turn): Promise<readonly string[]> {
  const entries = await store.transcript.read(turn.windowId);
  return entries.flatMap((entry) => (isUser(entry, turn) && entry.body.kind === "user" ? [entry.body.text] : []));
}

/** `answer` is asked at each turn; without one the reply is the question. */
export function createEchoRunner(
  store: Store,
  answer?: (turn: Turn, run: TurnRun, texts: readonly string[]) => Promise<TurnOutcome>,
): TurnRunner {
  return {
    async run(turn, run) {
      await run.takeJoined();
      const texts = await asked(store, turn);
      const outcome = answer === undefined ? done(`echo ${texts.join(" + ")}`) : await answer(turn, run, texts);
      return { outcome, label: turn.label };
    },
  };
}

function isUser(entry: Entry, turn: Turn): boolean {
  return entry.turnId === turn.id && entry.body.kind === "user";
}
