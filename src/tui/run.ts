// The chat from its first connection to the last key: keeps the connection, tells the session of what was typed, and shows
// what comes of it.
import { keepConnected, typed } from "../client/client.ts";
import type { Connection } from "../client/client.ts";
import type { ThinkingLevel } from "../base/envelope.ts";
import { openScreen } from "./screen.ts";
import type { Screen } from "./screen.ts";
import { submit } from "./perform.ts";
import { Talk } from "./talk.ts";

export type TuiOptions = {
  /** Open already, so that a gateway that is not there is said on a terminal that is still the person's own. */
  readonly first: Connection;
  readonly open: (signal: AbortSignal) => Promise<Connection>;
  readonly sessionKey: string;
  readonly historyLimit: number;
  readonly message: string | undefined;
  readonly thinking: ThinkingLevel | undefined;
  readonly timeoutMs: number | undefined;
  readonly color: boolean;
};

const quitPressesWithinMs = 2_000;

/** Returns when the person leaves; the terminal is given back whatever happens. */
export async function runTui(options: TuiOptions, signal: AbortSignal): Promise<void> {
  const leaving = new AbortController();
  const ending = AbortSignal.any([signal, leaving.signal]);
  const leave = (): void => leaving.abort();
  const talk = new Talk({
    ...options,
    leave,
    show: () => screen.show(talk.view()),
    choose: (list) => screen.choose(list),
  });
  const screen: Screen = openScreen({
    color: options.color,
    onSubmit(text) {
      if (text.trim() === "") return;
      screen.remember(text);
      submit(talk, text);
    },
    onKey: (key) => {
      if (key === "thinking" || key === "tools") return talk.toggle(key);
      if (key === "leave") return leave();
      return interrupt();
    },
  });
  let pressedAt = -Infinity;

  /** What runs first, then what is typed, then leaving: the second time it means it. */
  function interrupt(): void {
    if (talk.abort() || screen.clearInput()) return;
    const now = performance.now();
    if (now - pressedAt < quitPressesWithinMs) return leave();
    pressedAt = now;
    talk.note("Ctrl-C once more, or /quit, to leave");
  }

  try {
    await stayConnected(options, talk, ending);
  } finally {
    await screen.stop();
  }
}

async function stayConnected(options: TuiOptions, talk: Talk, signal: AbortSignal): Promise<void> {
  let next: Connection | undefined = options.first;
  let message = options.message;
  await keepConnected(
    {
      async open(opening) {
        const ready = next;
        next = undefined;
        return ready ?? options.open(opening);
      },
      async use(connection) {
        await talk.attach(typed(connection, connection.closed));
        if (message !== undefined) submit(talk, message);
        message = undefined;
      },
      onDown: (error, againInMs) => talk.lost(error, againInMs),
    },
    signal,
  );
}
