// Which agent answers: the most exact binding wins, and among equals the first in the list.
import type { Chat } from "../base/envelope.ts";
import type { Binding, PipelineSettings } from "./settings.ts";

export type BindingSubject = { readonly channel: string; readonly account: string; readonly chat: Chat };

export function selectAgent(
  subject: BindingSubject,
  { bindings, defaultAgent }: Pick<PipelineSettings, "bindings" | "defaultAgent">,
): string | undefined {
  const reaching = bindings.filter((binding) => reaches(binding, subject));
  for (const tier of tiers) {
    const match = reaching.find((binding) => tier(binding, subject));
    if (match !== undefined) return match.agentId;
  }
  return defaultAgent;
}

type Tier = (binding: Binding, subject: BindingSubject) => boolean;

const tiers: readonly Tier[] = [
  (binding, { chat }) => isPeer(binding, chat.kind, chat.thread ?? chat.id),
  // A thread belongs to the chat that it hangs from.
  (binding, { chat }) => isPeer(binding, chat.kind, chat.id),
  (binding, { chat }) => isPeer(binding, chat.kind, "*"),
  (binding) => binding.match.peer === undefined && binding.match.accountId !== "*",
  (binding) => binding.match.peer === undefined,
];

/** Channel and account must fit in any case. Servers, teams and roles are in no envelope yet, so they never fit. */
function reaches({ match }: Binding, { channel, account }: BindingSubject): boolean {
  if (match.guildId !== undefined || match.teamId !== undefined || match.roles !== undefined) return false;
  const accountId = match.accountId ?? "default";
  return match.channel === channel && (accountId === "*" || accountId === account);
}

function isPeer({ match }: Binding, kind: Chat["kind"], id: string): boolean {
  return match.peer?.kind === kind && match.peer.id === id;
}
