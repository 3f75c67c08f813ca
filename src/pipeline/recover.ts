// What a start finds of the process before it: turns that were running, messages that waited, replies half sent.
import { newId } from "../base/ids.ts";
import type { InboxRow, OutboxRow, Turn } from "../store/store.ts";
import { plan } from "./admit/plan.ts";
import { jobOf } from "./handle.ts";
import type { HandleParts } from "./handle.ts";
import type { Message } from "./run/begin.ts";

export async function recover(parts: HandleParts): Promise<void> {
  for (const row of await parts.store.outbox.interrupted()) await settleSend(row, parts);
  for (const turn of await parts.store.turns.running()) await resumeTurn(turn, parts);
  for (const row of await parts.store.inbox.unfinished()) await restoreMessage(row, parts);
}

/** A send that was open when the process died may have arrived. Only a channel that would notice gets it again. */
async function settleSend(row: OutboxRow, { store, channels, clock }: HandleParts): Promise<void> {
  const channel = channels.find(({ id }) => id === row.to.channel);
  if (channel?.capabilities.idempotentSend === true)
    return store.outbox.retry(row.id, "the process ended while sending", clock.now());
  return store.outbox.end(row.id, "unknown", "the process ended while sending; it may have arrived");
}

async function resumeTurn(turn: Turn, parts: HandleParts): Promise<void> {
  const rows = await Promise.all(turn.inboxIds.map((id) => parts.store.inbox.find(id)));
  const messages = rows.flatMap((row): Message[] =>
    row?.routed === undefined ? [] : [{ envelope: row.envelope, routed: row.routed, resumed: turn }],
  );
  const [first, ...rest] = messages.map((message) => jobOf(message, parts));
  if (first === undefined) {
    // Its messages are gone, so there is nobody to answer and nothing to read the wishes from.
    parts.report(newId(), new Error(`turn ${turn.id} has no message`));
    await parts.store.turns.finish(turn.id, { status: "failed", error: "its messages are gone", replies: [] });
    return;
  }
  for (const { runId } of [first, ...rest]) openRun(runId, turn, parts);
  parts.lanes.resume([first, ...rest]);
}

async function restoreMessage(row: InboxRow, parts: HandleParts): Promise<void> {
  const message = await routeAgain(row, parts);
  if (message === undefined) return;
  openRun(row.envelope.id, message.routed, parts);
  parts.lanes.restore(jobOf(message, parts));
}

/** A message that was stored undecided is decided now, as it would have been then. */
async function routeAgain({ envelope, routed }: InboxRow, parts: HandleParts): Promise<Message | undefined> {
  if (routed !== undefined) return { envelope, routed, resumed: undefined };
  const planned = plan(envelope, parts);
  if (planned.kind !== "planned") {
    await parts.store.inbox.end(
      envelope.id,
      "dropped",
      planned.kind === "overheard" ? "said in the room, not to the assistant" : planned.reason,
    );
    return undefined;
  }
  await parts.store.inbox.route(envelope.id, planned.routed);
  return { envelope: planned.envelope, routed: planned.routed, resumed: undefined };
}

function openRun(runId: string, about: { sessionKey: string; agentId: string }, { runs }: HandleParts): void {
  runs.open({ runId, sessionKey: about.sessionKey, agentId: about.agentId });
}
