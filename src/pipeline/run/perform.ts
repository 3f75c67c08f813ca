// Step 6 from the outside: a lane hands over messages, the turn is begun in the store, the runner runs it, and its end,
// replies included, is stored before anybody hears of it.
import type { TurnEvent } from "../../agent/agent.ts";
import { LoricaError } from "../../base/errors.ts";
import type { TurnRequest } from "../../base/envelope.ts";
import { limits } from "../../base/limits.ts";
import { noUsage } from "../../base/transcript.ts";
import { openDeadline } from "../../base/wait.ts";
import type { LaneTurn } from "../../session/session.ts";
import type { Turn } from "../../store/store.ts";
import { goneSince } from "../admit/still.ts";
import { joinTurn, last, openTurn } from "./begin.ts";
import type { Message } from "./begin.ts";
import { closeTurn, failed, giveUp, turnAway } from "./end.ts";
import type { Ended, EndParts } from "./end.ts";

export function createPerform(parts: EndParts): (lane: LaneTurn<Message>) => Promise<void> {
  return async (lane) => {
    const runIds = lane.jobs.map((job) => job.runId);
    try {
      // They have one sender and one chat, or they would not share a turn.
      const { payload } = last(lane.jobs);
      const gone = goneSince(payload, parts);
      if (gone !== undefined) return await turnAway(runIds, { reason: gone, turn: payload.resumed }, parts);
      const turn = await openTurn(lane, parts);
      parts.checkpoint?.("begun");
      parts.observe({ point: "turn.started", turnId: turn.id, sessionKey: turn.sessionKey });
      parts.runs.emit(runIds, { type: "started", turnId: turn.id, attempt: turn.attempts });
      const ended = await run(turn, { lane, runIds }, parts);
      parts.checkpoint?.("ran");
      if (parts.stopping.aborted && ended.outcome.status === "cancelled") return;
      await closeTurn(turn, ended, { ...parts, runIds });
    } catch (error) {
      if (!parts.stopping.aborted) await giveUp(runIds, error, parts);
    }
  };
}

async function run(
  turn: Turn,
  { lane, runIds }: { readonly lane: LaneTurn<Message>; readonly runIds: string[] },
  parts: EndParts,
): Promise<Ended> {
  // A message that ends the process each time must not do so for ever.
  if (turn.attempts > limits.turnAttemptsMax)
    return failed(
      turn,
      new LoricaError("internal", `this message stopped Lorica ${limits.turnAttemptsMax} times`),
      parts,
    );
  const request: TurnRequest = last(lane.jobs).payload.envelope.request;
  const timeoutMs = Math.min(request.timeoutMs ?? limits.turnTimeoutMs, limits.turnTimeoutMs);
  // Closed with the turn: a timer for each that ever ran would stay for half an hour.
  const { signal, close } = openDeadline(lane.signal, timeoutMs);
  const shown = parts.signals.begin(turn);
  const takeJoined = async (): Promise<void> => {
    const joined = lane.takeJoined();
    if (joined.length === 0) return;
    await joinTurn(turn, joined, parts);
    runIds.push(...joined.map((job) => job.runId));
    parts.checkpoint?.("joined");
  };
  // Beginning and end are told from here, once each is in the store; a runner's own word for them comes too early.
  const emit = (event: TurnEvent): void => {
    if (event.type === "text") shown.text(event.text);
    if (event.type !== "started" && event.type !== "finished") parts.runs.emit(runIds, event);
  };
  try {
    const ended = await parts.runner.run(turn, { request, takeJoined, emit, signal });
    const timedOut = ended.outcome.status === "cancelled" && signal.aborted && !lane.signal.aborted;
    if (!timedOut) return ended;
    return failed(turn, new LoricaError("timeout", "the answer took longer than this message allows"), parts);
  } catch (error) {
    if (lane.signal.aborted) return { outcome: { status: "cancelled", usage: noUsage }, label: turn.label };
    return failed(turn, error, parts);
  } finally {
    shown.end();
    close();
  }
}
