// How a turn begins, joins and is taken up again: its messages, its session's window, its first entries.
import { LoricaError } from "../../base/errors.ts";
import type { Envelope } from "../../base/envelope.ts";
import { newId } from "../../base/ids.ts";
import type { LaneJob, LaneTurn } from "../../session/session.ts";
import { isOver } from "../../session/session.ts";
import type { NewEntry, Routed, Session, Turn } from "../../store/store.ts";
import type { PipelineOptions } from "../settings.ts";
import { tellWaiting, untilStored } from "./patience.ts";
import type { Runs } from "./runs.ts";

/** A message in its lane; `resumed` is the turn that an earlier process began with it. */
export type Message = { readonly envelope: Envelope; readonly routed: Routed; readonly resumed: Turn | undefined };

type Parts = PipelineOptions & { readonly stopping: AbortSignal; readonly runs: Runs };

export async function openTurn(lane: LaneTurn<Message>, parts: Parts): Promise<Turn> {
  const { store } = parts;
  const messages = lane.jobs.map((job) => job.payload);
  const resumed = messages[0]?.resumed;
  const begin = async (): Promise<Turn> => {
    if (resumed !== undefined) return store.turns.restart(resumed.id);
    const { envelope, routed } = last(messages);
    const session = await openSession(envelope, routed, parts);
    const id = newId();
    const turn = {
      id,
      sessionKey: session.key,
      windowId: session.windowId,
      agentId: session.agentId,
      principal: routed.principal,
      label: routed.label,
      replyTo: routed.replyTo,
      inboxIds: messages.map((message) => message.envelope.id),
    };
    const entries = messages.map((message) => userEntry(message, { id, windowId: session.windowId }));
    return (await store.turns.begin(turn, entries)).turn;
  };
  const runIds = lane.jobs.map((job) => job.runId);
  return untilStored(begin, parts.stopping, tellWaiting(runIds, parts));
}

async function openSession(envelope: Envelope, routed: Routed, parts: Parts): Promise<Session> {
  const { sessionKey: key, agentId, principal, label } = routed;
  const { channel, account } = envelope;
  const session = await parts.store.sessions.open({ key, agentId, principal, channel, account, label });
  const rule = parts.settings().reset;
  if (session.entryCount === 0 || !isOver(session.updatedAt, rule, parts.clock.now())) return session;
  parts.observe({ point: "session.reset", sessionKey: key });
  return parts.store.sessions.reset(key);
}

function userEntry({ envelope, routed }: Message, turn: { readonly id: string; readonly windowId: string }): NewEntry {
  const { id: inboxId, text, media, sender, channel, forwardedFrom, quote, overheard } = envelope;
  // A session may be reached over several channels, and the model is told which (AG-011).
  const from = `${channel} ${sender.name === "" ? sender.id : sender.name}`;
  const others = {
    ...(forwardedFrom === undefined ? {} : { forwardedFrom }),
    ...(quote === undefined ? {} : { quote: { sender: quote.sender, text: quote.text } }),
    ...(overheard === undefined ? {} : { overheard }),
  };
  const body = { kind: "user", text, media, from, inboxId, ...others } as const;
  return { windowId: turn.windowId, turnId: turn.id, label: routed.label, body };
}

export async function joinTurn(turn: Turn, jobs: readonly LaneJob<Message>[], parts: Parts): Promise<void> {
  const ids = jobs.map((job) => job.runId);
  const entries = jobs.map((job) => userEntry(job.payload, turn));
  const join = async (): Promise<void> => {
    await parts.store.turns.join(turn.id, ids, entries);
  };
  await untilStored(join, parts.stopping, tellWaiting(ids, parts));
}

export function last<T>(list: readonly T[]): T {
  const item = list.at(-1);
  if (item === undefined) throw new LoricaError("internal", "a turn has at least one message");
  return item;
}
