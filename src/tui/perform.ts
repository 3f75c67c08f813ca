// What was typed: a command of the screen's own, or something for the gateway.
import type { GatewayClient } from "../client/client.ts";
import { modelChoices, sessionChoices, thinkChoices } from "./choices.ts";
import { helpText, parseLocal } from "./commands.ts";
import type { Local } from "./commands.ts";
import type { Talk } from "./talk.ts";

export function submit(talk: Talk, text: string): void {
  const local = parseLocal(text);
  if (local === undefined) return talk.attempt((to) => talk.send(to, text));
  if (!isOffline(local)) return talk.attempt((to) => perform(talk, to, local));
  performOffline(talk, local);
}

/** What works without a connection too. */
const offlineKinds = ["help", "quit", "thinking", "tools", "clear", "abort"] as const;

type Offline = { readonly kind: (typeof offlineKinds)[number] };

function isOffline(local: Local): local is Offline {
  return (offlineKinds as readonly string[]).includes(local.kind);
}

function performOffline(talk: Talk, { kind }: Offline): void {
  if (kind === "help") return talk.note(helpText());
  if (kind === "quit") return talk.options.leave();
  if (kind === "clear") return talk.clear();
  if (kind !== "abort") return talk.toggle(kind);
  if (!talk.abort()) talk.note("nothing is running");
}

type Online = { readonly kind: "new" | "sessions" } | Extract<Local, { readonly kind: "session" | "choose" }>;

async function perform(talk: Talk, to: GatewayClient, local: Online): Promise<void> {
  if (local.kind === "new") {
    await to.call("sessions.reset", { key: talk.sessionKey, reason: "new" });
    await talk.load(to);
    return talk.note("a fresh session");
  }
  if (local.kind === "choose") {
    const chosen = await talk.options.choose(local.what === "model" ? await modelChoices(to) : thinkChoices());
    // The gateway's own command: it checks, answers, and is in the transcript.
    return chosen === undefined ? undefined : talk.send(to, `/${local.what} ${chosen}`);
  }
  const key = local.kind === "session" ? local.key : await talk.options.choose(await sessionChoices(to));
  if (key !== undefined) await talk.go(to, key);
}
