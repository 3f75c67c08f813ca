// What must not leave, at its place in the broker: the gateway asks about texts, the broker looks by itself at what it
// does for the gateway, and the owner is told where something was found, never what.
import { join } from "node:path";
import { readLogTail } from "../../../audit/audit.ts";
import type { AuditLog, Log } from "../../../audit/audit.ts";
import type { Action } from "../../../base/action.ts";
import { systemClock } from "../../../base/clock.ts";
import { LoricaError } from "../../../base/errors.ts";
import { limits } from "../../../base/limits.ts";
import type { Broker, BrokerAnswers, OwnerHandlers } from "../../../broker/broker.ts";
import type { Config } from "../../../config/config.ts";
import { askSecondOpinion } from "../../../dlp/find/second-opinion.ts";
import { createInspector } from "../../../dlp/judge/inspector.ts";
import { describeRule } from "../../../dlp/judge/verdict.ts";
import type { Answer, Incident, LocalInspector, Question, Redactor } from "../../../dlp/dlp.ts";
import type { BrokerEgress } from "../../../egress/egress.ts";
import type { dlpMethods } from "../../../protocol/owner/dlp.ts";
import type { PartStatus } from "../../../protocol/owner/kit.ts";
import type { Ground } from "../open-parts.ts";
import type { BrokerSide } from "../side.ts";
import { inspectorRules } from "../../settings/dlp.ts";
import { openCanary } from "./canary.ts";
import { createDeskAnswers, createDeskAreas } from "./desk.ts";
import type { DeskParts } from "./desk.ts";
import { openHeld } from "./held.ts";
import type { HeldBook } from "./held.ts";
import { parseQuestion, parseStreamQuestion } from "./questions.ts";
import { inspectFile, isUpload } from "./uploads.ts";
import { screenEgress } from "./wall.ts";

export type DlpSide = BrokerSide & {
  readonly areas: Pick<OwnerHandlers, keyof typeof dlpMethods>;
  /** The marker of the system prompt. */
  readonly canary: string;
  readonly inspector: LocalInspector;
  /** The way out with the wall in front of it. */
  readonly screen: (egress: BrokerEgress) => BrokerEgress;
  /** For tunnels: what can be seen of them. */
  readonly inspectEgress: InspectEgress;
};

/** `host`: the name of a host; `head` and `body`: of a request whose encryption ends here. */
export type InspectEgress = (what: {
  readonly agentId: string;
  readonly sessionKey: string;
  readonly host: string;
  readonly kind: "host" | "head" | "body";
  readonly text: string;
  readonly file?: { readonly bytes: Buffer; readonly contentType: string };
}) => Promise<"pass" | "block">;

export type DlpDeps = {
  readonly config: () => Config;
  readonly redactor: Redactor;
  readonly canary: string;
  readonly audit: AuditLog;
  readonly log: Log;
  readonly alertOwner: (text: string) => void;
  readonly held: HeldBook;
};

export async function openDlpSide({ options, keeper, log, ...ground }: Ground, audit: AuditLog): Promise<DlpSide> {
  const canary = await openCanary(options.paths.credentials);
  const held = openHeld(join(options.paths.credentials, "held.json"), systemClock);
  const side = createDlpSide({ ...ground, config: keeper.config, canary, audit, held, log: log.source("dlp") });
  const tail: BrokerAnswers[string] = async (asked) => {
    // The lines may be the gateway's own, and what is struck out of them is an answer like any other.
    const lines = await readLogTail(log.path, asked, (line) => ground.redactor.redact(line));
    side.inspector.guesses.check();
    return lines;
  };
  return { ...side, answers: { ...side.answers, "logs.tail": tail } };
}

export function createDlpSide(deps: DlpDeps): DlpSide {
  const frozen = new Map<string, string>();
  const inspector = createInspector({
    known: deps.redactor.known,
    own: deps.redactor.own,
    canary: deps.canary,
    rules: () => inspectorRules(deps.config()),
    clock: systemClock,
    onIncident(incident) {
      record(incident, deps);
      if (incident.verdict !== "block" || incident.sessionKey === "" || !deps.config().dlp.freeze) return;
      if (frozen.size < limits.dlpFrozenMax) frozen.set(incident.sessionKey, incident.id);
    },
    onPassed(incident, { step, sessionKey, to }) {
      const result = { incident, step };
      deps.audit.record({ kind: "dlp", verdict: "allow", rule: "owner", sessionKey, resource: to, result });
    },
    onGuessing: (incident) => tellGuessing(incident, deps),
  });
  deps.redactor.onPart(inspector.noteParts);
  const never = new AbortController().signal;
  const sendsUnread = (): boolean => deps.config().dlp.unreadableFiles === "pass";
  let broker: Broker | undefined;
  const desk: DeskParts = {
    ...deps,
    inspector,
    unfreeze: (sessionKey) => void frozen.delete(sessionKey),
    onWord: () => broker?.tell("dlp", {}),
  };

  return {
    canary: deps.canary,
    inspector,
    screen: (egress) => screenEgress(egress, inspector, sendsUnread),
    async inspectEgress({ agentId, sessionKey, host, text, kind, file }) {
      const about = { point: "egress", agentId, sessionKey } as const;
      if (kind === "body" && file !== undefined && isUpload(file.bytes, file.contentType))
        return await inspectFile({ ...about, ...file }, { inspector, sendsUnread }, never);
      const to = kind === "host" ? `host ${agentId}` : undefined;
      const { verdict } = await inspector.inspect({ ...about, to, texts: [kind === "host" ? host : text] }, never);
      return verdict === "pass" ? "pass" : "block";
    },
    answers: {
      ...createDeskAnswers(desk),
      "dlp.inspect": async (params, signal) => await inspectAndKeep(parseQuestion(params), { ...desk, signal }),
      "dlp.stream": async (params, signal) => await inspector.inspectStream(parseStreamQuestion(params), signal),
    },
    async guard(action, signal) {
      const incident = frozen.get(action.sessionKey);
      if (incident !== undefined)
        throw new LoricaError(
          "forbidden",
          `this session does nothing more since incident ${incident}; its owner can let it go on with: lorica dlp allow ${incident}`,
        );
      await checkCall(action, inspector, signal);
      return undefined;
    },
    part: () => describe(inspector, deps),
    areas: { ...createLooks(inspector), ...createDeskAreas(desk) },
    start(started, signal) {
      broker = started;
      expireRegularly(desk, deps.log, signal);
    },
  };
}

function tellGuessing(incident: string, { audit, log, alertOwner }: DlpDeps): void {
  const result = { incident };
  audit.record({ kind: "dlp", verdict: "deny", rule: "vault.guessing", reason: "parts of values", result });
  log.error("somebody seems to guess at values of the vault; all is held back", { incident });
  alertOwner(
    `Somebody seems to guess at values of the vault: several parts of them came up. Nothing is said or run any more. What was found: lorica dlp list. To go on: lorica dlp allow ${incident}`,
  );
}

function describe({ tally, guesses }: LocalInspector, { config, held }: DlpDeps): PartStatus {
  const { texts, rules } = tally.figures();
  const stopped = rules.filter(({ verdict }) => verdict !== "pass").reduce((sum, { times }) => sum + times, 0);
  const waiting = held.list().filter(({ word }) => word === "none").length;
  const looked = `${texts} texts looked at, ${stopped} findings acted on`;
  const detail = waiting === 0 ? looked : `${looked}, ${waiting} messages wait for your word`;
  if (guesses.isOver()) {
    const all = `${detail}; somebody seems to guess at values, so all is held back`;
    return { name: "dlp", state: "locked", detail: all, fix: "lorica dlp list, then lorica dlp allow ID" };
  }
  if (!inspectorRules(config()).patterns) {
    const narrow = `${detail}; only values of the vault are looked for`;
    return { name: "dlp", state: "degraded", detail: narrow, fix: "lorica config set dlp.enabled true" };
  }
  const why = config().dlp.enabled ? "" : "; on although dlp.enabled is false, because strangers can write";
  return { name: "dlp", state: "on", detail: `${detail}${why}`, fix: waiting === 0 ? null : "lorica dlp list" };
}

function expireRegularly({ held, onWord }: DeskParts, log: Log, signal: AbortSignal): void {
  const look = async (): Promise<void> => {
    if ((await held.expire()) > 0) onWord();
  };
  const now = (): void =>
    void look().catch((err: unknown) => log.error("what waits for the owner cannot be looked through", { err }));
  now();
  const timer = setInterval(now, limits.dlpHeldLookMs).unref();
  signal.addEventListener("abort", () => clearInterval(timer), { once: true });
}

/** What the gateway keeps for the owner is in their book before it is in the outbox. */
async function inspectAndKeep(
  question: Question,
  { inspector, held, signal }: DeskParts & { readonly signal: AbortSignal },
): Promise<Answer> {
  const answer = await inspector.inspect(question, signal);
  if (answer.verdict !== "hold" || question.keeps !== true) return answer;
  const incident = inspector.incidents.list().find(({ id }) => id === answer.incident);
  return { ...answer, hold: incident && (await held.add(incident)) };
}

/** A command or a file gets a credential by its name, never by value; and a file name or an address can carry one away. */
async function checkCall(action: Action, inspector: LocalInspector, signal: AbortSignal): Promise<void> {
  if (action.verb === "model.request" || action.verb === "channel.request") return;
  const text = Object.values(action.resource)
    .filter((value) => typeof value === "string")
    .join("\n");
  const { agentId, sessionKey } = action;
  const { verdict, reason } = await inspector.inspect(
    { point: "call", agentId, sessionKey, passage: { step: "effect" }, texts: [text] },
    signal,
  );
  if (verdict === "block")
    throw new LoricaError("forbidden", `not done, because it holds ${reason}. Nothing of this may be written out`);
}

function record(incident: Incident, { audit, log, alertOwner }: DlpDeps): void {
  const { id, point, verdict, rules, agentId, sessionKey, to, where, times } = incident;
  audit.record({
    kind: "dlp",
    verdict: verdict === "redact" ? "allow" : "deny",
    rule: rules.join(" "),
    reason: `${verdict} at ${point}: ${where}`,
    agentId,
    sessionKey,
    resource: to,
    result: { incident: id, verdict, point },
  });
  log.warn("something that must not leave was found", { incident: id, rules, point, verdict, where });
  if (verdict === "redact" || times > 1) return;
  const what = [...new Set(rules.map(describeRule))].join(" and ");
  const whose = sessionKey === "" ? "" : ` in the session ${sessionKey}`;
  const target = to === "" ? "" : ` on its way to ${to}`;
  alertOwner(
    `${verdict === "hold" ? "Held back" : "Stopped"}: ${what}, at "${point}"${whose}${target}, ${where}. More: lorica dlp show ${id}`,
  );
}

function createLooks({ tally, ...inspector }: LocalInspector): Pick<DlpSide["areas"], "dlp.stats" | "dlp.test"> {
  return {
    "dlp.stats": async () => ({ ...tally.figures(), known: inspector.known.size() }),
    async "dlp.test"({ text, point }) {
      const own = inspector.preview(point ?? "reply", text);
      const others = (await askSecondOpinion(text)).map((opinion) => ({ ...opinion, verdict: "second opinion" }));
      return { findings: [...own, ...others] };
    },
  };
}
