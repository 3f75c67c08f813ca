// The way to the gateway that this page came from, and to no other: signs in, stays connected, comes back after a break.
import { signal } from "@preact/signals";
import type { ReadonlySignal } from "@preact/signals";
import { CallFailed } from "./frames.ts";
import type { Call, Hello } from "./frames.ts";
import type { Keep } from "./keep.ts";
import { judgeRefusal } from "./refusal.ts";
import type { SignedOut } from "./refusal.ts";
import type { Credential } from "./introduction.ts";
import { openSocket } from "./socket.ts";
import type { OpenSocket } from "./socket.ts";

export type Phase =
  | { readonly kind: "starting" }
  | { readonly kind: "out"; readonly out: SignedOut }
  | { readonly kind: "open"; readonly hello: Hello }
  /** Was open, or should be; tries again by itself. */
  | { readonly kind: "away"; readonly attempt: number };

export type Link = {
  readonly phase: ReadonlySignal<Phase>;
  readonly call: Call;
  /** With a one-time code from a link; without one with what the browser has. */
  signIn(code: string | undefined): Promise<void>;
  signOut(): Promise<void>;
  retryNow(): void;
};

export type LinkListener = {
  opened(hello: Hello): void;
  event(name: string, payload: unknown): void;
  gap(): void;
};

const firstDelayMs = 500;
const longestDelayMs = 15_000;
const askAgainMs = 5_000;

export function createLink(
  deps: { readonly url: string; readonly keep: Keep; readonly version: string },
  listener: LinkListener,
): Link {
  const phase = signal<Phase>({ kind: "starting" });
  let socket: OpenSocket | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let attempt = 0;

  function connect(credential: Credential): void {
    leave();
    const opened = (hello: Hello): void => {
      attempt = 0;
      phase.value = { kind: "open", hello };
      listener.opened(hello);
    };
    const closed = (refusal: CallFailed | undefined): void => {
      if (socket === mine) void ended(credential, refusal);
    };
    const mine = openSocket(deps.url, { ...deps, credential }, { ...listener, opened, closed });
    socket = mine;
  }

  function leave(): void {
    clearTimeout(timer);
    const leaving = socket;
    socket = undefined;
    leaving?.close();
  }

  async function ended(credential: Credential, refusal: CallFailed | undefined): Promise<void> {
    socket = undefined;
    const verdict = refusal === undefined ? { kind: "again" as const, afterMs: undefined } : judgeRefusal(refusal);
    if (verdict.kind === "out") {
      if (verdict.forget && "deviceToken" in credential) await deps.keep.forgetToken();
      phase.value = { kind: "out", out: verdict.out };
      if (verdict.out.why === "waits") timer = setTimeout(() => connect(credential), askAgainMs);
      return;
    }
    attempt += 1;
    phase.value = { kind: "away", attempt };
    timer = setTimeout(() => void reconnect(credential), verdict.afterMs ?? delayOf(attempt));
  }

  /** Another tab may have got a newer token, and a code that worked has been exchanged for one. */
  async function reconnect(before: Credential | undefined): Promise<void> {
    const token = await deps.keep.token();
    const credential = token === undefined ? before : { deviceToken: token };
    if (credential === undefined) phase.value = { kind: "out", out: { why: "new" } };
    else connect(credential);
  }

  return {
    phase,
    call: (method, params, options) =>
      socket?.call(method, params, options) ?? Promise.reject(new CallFailed("LOST", "not connected to the gateway")),
    async signIn(code) {
      if (code === undefined) await reconnect(undefined);
      else connect({ bootstrapToken: code });
    },
    async signOut() {
      await deps.keep.forgetToken();
      leave();
      phase.value = { kind: "out", out: { why: "new" } };
    },
    retryNow() {
      if (phase.value.kind === "away" && socket === undefined) void reconnect(undefined);
    },
  };
}

/** Spread a little, so that all pages of a restarted gateway do not come back in the same moment. */
function delayOf(attempt: number): number {
  const delay = Math.min(longestDelayMs, firstDelayMs * 2 ** Math.min(attempt - 1, 8));
  return delay * (0.75 + Math.random() / 2);
}
