// The page as a whole: the link to the gateway, the conversations, and what the gateway says of itself.
import { signal } from "@preact/signals";
import type { ReadonlySignal } from "@preact/signals";
import type { ResultOf } from "../../../src/protocol/methods.ts";
import { CallFailed } from "../wire/frames.ts";
import type { Hello } from "../wire/frames.ts";
import type { Keep } from "../wire/keep.ts";
import { createLink } from "../wire/link.ts";
import type { Link } from "../wire/link.ts";
import { gatewayUrl, shownSession, takeCode } from "./address.ts";
import type { Attachment } from "./attachments.ts";
import { createPreferences } from "./preferences.ts";
import type { Preferences } from "./preferences.ts";
import { createSessions, labelFrom, newSessionKey } from "./sessions.ts";
import type { Sessions } from "./sessions.ts";
import type { Thread } from "./thread.ts";
import { createThreads } from "./threads.ts";

export type Status = ResultOf<"status">;

export type App = {
  readonly link: Link;
  readonly hello: ReadonlySignal<Hello | undefined>;
  readonly status: ReadonlySignal<Status | undefined>;
  readonly sessions: Sessions;
  readonly thread: ReadonlySignal<Thread | undefined>;
  readonly preferences: Preferences;
  /** Moves on every minute. */
  readonly now: ReadonlySignal<number>;
  /** What went wrong at the last click; empty when nothing did. */
  readonly trouble: ReadonlySignal<string>;
  show(key: string): void;
  startNew(agentId: string): void;
  send(text: string, files: readonly Attachment[]): Promise<void>;
  remove(key: string): Promise<void>;
  /** Runs something that a person asked for, and says so where it failed. */
  attempt(action: () => Promise<unknown>): Promise<void>;
  dismissTrouble(): void;
};

const minuteMs = 60_000;

export function createApp(deps: { readonly keep: Keep; readonly version: string }): App {
  const hello = signal<Hello | undefined>(undefined);
  const status = signal<Status | undefined>(undefined);
  const trouble = signal("");
  const link = createLink({ url: gatewayUrl(), ...deps }, { opened, event, gap: readAgain });
  const sessions = createSessions(link.call);
  const threads = createThreads(link.call);

  async function attempt(action: () => Promise<unknown>): Promise<void> {
    try {
      await action();
    } catch (cause) {
      if (!(cause instanceof CallFailed)) throw cause;
      if (!cause.isLost) trouble.value = cause.message;
    }
  }

  function opened(said: Hello): void {
    hello.value = said;
    void attempt(async () => {
      if (said.features.methods.includes("sessions.subscribe")) await link.call("sessions.subscribe", {});
      status.value = await link.call("status", {});
    });
    if (threads.shown.value === undefined) threads.show(shownSession() ?? mainKey(said), "replace");
    readAgain();
  }

  function readAgain(): void {
    void attempt(() => Promise.all([sessions.refresh(), threads.refresh()]));
  }

  function event(name: string, payload: unknown): void {
    threads.hear(name, payload);
    if (name === "sessions.changed") sessions.refreshSoon();
  }

  listenToBrowser({ link, goTo: (key) => hello.value !== undefined && threads.show(key, "replace") });

  return {
    link,
    hello,
    status,
    sessions,
    thread: threads.shown,
    preferences: createPreferences(),
    now: createNow(),
    trouble,
    show: (key) => threads.show(key, "push"),
    startNew: (agentId) => threads.show(newSessionKey(agentId), "push"),
    async send(text, files) {
      const thread = threads.shown.value;
      if (thread === undefined) return;
      const label = sessions.isNew(thread.key) && thread.key !== mainKey(hello.value) ? labelFrom(text) : undefined;
      await thread.send(text, files);
      if (label !== undefined) await sessions.rename(thread.key, label);
    },
    remove: (key) =>
      attempt(async () => {
        await sessions.remove(key);
        threads.forget(key);
        if (threads.shown.value?.key === key) threads.show(mainKey(hello.value), "replace");
      }),
    attempt,
    dismissTrouble() {
      trouble.value = "";
    },
  };
}

function listenToBrowser(to: { readonly link: Link; readonly goTo: (key: string) => unknown }): void {
  // A link that is opened where the page is already only changes what stands after the `#`.
  addEventListener("hashchange", () => {
    const code = takeCode();
    if (code !== undefined) void to.link.signIn(code);
  });
  addEventListener("popstate", () => {
    const key = shownSession();
    if (key !== undefined) to.goTo(key);
  });
  // A laptop that was opened again, or a network that came back, should not wait for the next try.
  addEventListener("online", () => to.link.retryNow());
  document.addEventListener("visibilitychange", () => document.hidden || to.link.retryNow());
}

function createNow(): ReadonlySignal<number> {
  const now = signal(Date.now());
  setInterval(() => (now.value = Date.now()), minuteMs);
  return now;
}

function mainKey(hello: Hello | undefined): string {
  return hello?.snapshot.sessionDefaults?.mainSessionKey ?? "agent:main:main";
}
