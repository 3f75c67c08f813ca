// The owner's desk: what was found, what waits for their word, and what becomes of it once they have spoken.
import type { AuditLog } from "../../../audit/audit.ts";
import { LoricaError } from "../../../base/errors.ts";
import { isRecord } from "../../../base/json.ts";
import { limits } from "../../../base/limits.ts";
import type { BrokerAnswers, OwnerHandlers } from "../../../broker/broker.ts";
import { canBeAllowed } from "../../../dlp/judge/allowances.ts";
import type { LocalInspector } from "../../../dlp/dlp.ts";
import type { dlpMethods } from "../../../protocol/owner/dlp.ts";
import type { HoldEnd } from "../../../pipeline/pipeline.ts";
import type { Held, HeldBook } from "./held.ts";

export type DeskParts = {
  readonly inspector: LocalInspector;
  readonly held: HeldBook;
  readonly audit: AuditLog;
  readonly alertOwner: (text: string) => void;
  /** A session may go on. */
  readonly unfreeze: (sessionKey: string) => void;
  /** The gateway is to take what was said. */
  readonly onWord: () => void;
};

type Areas = Pick<
  OwnerHandlers,
  Extract<keyof typeof dlpMethods, "dlp.list" | "dlp.show" | "dlp.allow" | "dlp.refuse">
>;

export function createDeskAreas(parts: DeskParts): Areas {
  const { inspector, held } = parts;
  const { incidents } = inspector;
  const waiting = (): readonly Held[] => held.list().filter(({ word }) => word === "none");

  return {
    "dlp.list": async ({ limit }) => ({ incidents: incidents.list().slice(0, limit ?? 50), held: held.list() }),
    "dlp.show": async ({ id }) => ({
      incident: oneOf(incidents.list(), id) ?? null,
      held: oneOf(held.list(), id) ?? null,
    }),
    async "dlp.allow"({ id, forMs }) {
      const message = oneOf(waiting(), id);
      if (message === undefined) return allowAgain({ id, forMs }, parts);
      if (forMs !== undefined)
        throw new LoricaError("invalid_request", `${message.id} is one message, which goes once; leave out --for`);
      await speak(message, "allowed", parts);
      const { sessionKey, to } = message;
      return { id: message.id, isHeld: true, isOnce: true, until: null, sessionKey, to };
    },
    async "dlp.refuse"({ id }) {
      const message = oneOf(waiting(), id);
      if (message === undefined) throw new LoricaError("not_found", `no message waits as ${id}; see: lorica dlp list`);
      await speak(message, "refused", parts);
      return { id: message.id, to: message.to };
    },
  };
}

/** The gateway's questions about what the owner said. What it reports is its own word, and can end nothing but the waiting. */
export function createDeskAnswers(parts: Omit<DeskParts, "inspector">): BrokerAnswers {
  const { held } = parts;
  return {
    "dlp.decided": async () => ({
      decided: held
        .list()
        .flatMap(({ id: hold, word }) => (word === "none" ? [] : [{ hold, isAllowed: word === "allowed" }])),
    }),
    async "dlp.settled"(params) {
      const end = parseEnd(params);
      const message = held.list().find(({ id, word }) => id === end.hold && word !== "none");
      if (message === undefined) return {};
      // Whoever reports the same once more finds it gone already.
      const dropped = held.drop(message.id);
      tellEnd(message, end, parts);
      await dropped;
      return {};
    },
  };
}

async function speak(
  message: Held,
  word: "allowed" | "refused",
  { held, audit, unfreeze, onWord }: DeskParts,
): Promise<void> {
  const { id, sessionKey, to: resource, agentId } = message;
  // Before it can have any effect, so that no crash leaves one without the other.
  audit.record({
    kind: "dlp",
    verdict: word === "allowed" ? "allow" : "deny",
    rule: "owner",
    actor: "owner",
    agentId,
    sessionKey,
    resource,
    result: { held: id },
  });
  await held.say(id, word);
  unfreeze(sessionKey);
  onWord();
}

function allowAgain(
  { id, forMs }: { readonly id: string; readonly forMs?: number | undefined },
  { inspector: { incidents, guesses }, unfreeze, audit }: DeskParts,
) {
  const incident = oneOf(incidents.list(), id);
  if (incident === undefined)
    throw new LoricaError("not_found", `there is no incident ${id} since the start; see: lorica dlp list`);
  // Where all is held back, the owner's word on any incident ends that, also on one that lets nothing pass.
  const isLocked = guesses.isOver();
  if (!canBeAllowed(incident) && !isLocked)
    throw new LoricaError(
      "invalid_request",
      "what a model is asked and what is written into files never holds a value of the vault",
    );
  const { sessionKey, to, id: whole } = incident;
  const until = canBeAllowed(incident) ? (incidents.allow(whole, forMs)?.until ?? null) : null;
  unfreeze(sessionKey);
  guesses.forget();
  const isOnce = forMs === undefined;
  const result = { incident: whole, isOnce, ...(until === null ? {} : { until }) };
  audit.record({ kind: "dlp", verdict: "allow", rule: "owner", actor: "owner", sessionKey, resource: to, result });
  return { id: whole, isHeld: false, isOnce, until, sessionKey, to };
}

/** The owner hears of it wherever it did not end as they wanted, and where they wanted it to end. */
function tellEnd({ id, word, to, at }: Held, { status, reason }: HoldEnd, parts: Omit<DeskParts, "inspector">): void {
  const isSent = status === "sent";
  parts.audit.record({
    kind: "dlp",
    verdict: isSent ? "allow" : "deny",
    rule: "held",
    resource: to,
    result: { held: id, word, status },
  });
  if (isSent) return;
  const since = new Date(at).toISOString();
  const why = {
    none: reason,
    allowed: `you allowed it, but ${status === "unknown" ? "nobody knows whether it arrived" : "it was not sent"}: ${reason}`,
    refused: "you refused it, and it is kept no longer",
    expired: `nobody allowed it within ${limits.dlpHeldMs / 86_400_000} days, and it is kept no longer`,
  }[word];
  parts.alertOwner(`The message to ${to} that was held back since ${since} (${id}): ${why}`);
}

function parseEnd(params: Readonly<Record<string, unknown>>): HoldEnd {
  const { hold, status, reason } = params;
  if (typeof hold === "string" && typeof status === "string" && typeof reason === "string" && isRecord(params))
    return { hold, status: status as HoldEnd["status"], reason: reason.slice(0, limits.nameMaxChars) };
  throw new LoricaError("invalid_request", "an end of a held message that is none");
}

/** By the beginning of its id, where that names one alone. */
function oneOf<T extends { readonly id: string }>(list: readonly T[], id: string): T | undefined {
  const [found, another] = list.filter((one) => one.id.startsWith(id));
  if (another === undefined || found?.id === id) return found;
  throw new LoricaError("invalid_request", `several begin with ${id}; write more of it`);
}
