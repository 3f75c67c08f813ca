// Everything that the gateway can ask of the broker, in one table. Each entry reads its parameters as hostile data,
// takes the grant's number, and holds what is asked against the ceiling before anything is done.
import { parseAuditRecord } from "../../audit/audit.ts";
import type { Action } from "../../base/action.ts";
import type { AuditLog, Log } from "../../audit/audit.ts";
import type { Clock } from "../../base/clock.ts";
import { LoricaError } from "../../base/errors.ts";
import { isRecord } from "../../base/json.ts";
import { limits } from "../../base/limits.ts";
import type { Cells } from "../../sandbox/sandbox.ts";
import type { LinkHandler, LinkReply, LinkRequest } from "../link/link.ts";
import { actionOf, createNonceBook } from "./action.ts";
import type { Ceiling } from "./ceiling.ts";
import type { BrokerEgress } from "../../egress/egress.ts";
import { readWorkspaceFiles } from "./workspace.ts";

export type ServicesOptions = {
  readonly ceiling: () => Ceiling;
  readonly egress: BrokerEgress;
  readonly cells: Cells;
  /** Records as the gateway's own. */
  readonly audit: AuditLog;
  /** Records as the broker's. */
  readonly brokerAudit: AuditLog;
  readonly log: Log;
  readonly clock: Clock;
  /** Asked in order before anything is done with an action that met the ceiling. */
  readonly guards: readonly Guard[];
  readonly more: BrokerAnswers;
  /** Left out, all may be told. */
  readonly inForce?: InForce;
};

/** Which of a workspace's files, as they were read, may be told to a model. */
export type InForce = <F extends { readonly name: string; readonly sha256: string }>(
  agentId: string,
  files: readonly F[],
) => readonly F[];

/** Throws where the action must not be done. What it answers ends the action while it runs. */
export type Guard = (action: Action, signal: AbortSignal) => Promise<AbortSignal | undefined>;

/** What else the gateway may ask, by name; each reads what it is asked as hostile data. */
export type BrokerAnswers = Readonly<
  Record<string, (params: Readonly<Record<string, unknown>>, signal: AbortSignal) => Promise<unknown>>
>;

export type Services = { readonly handle: LinkHandler; readonly onNote: (name: string, params: unknown) => void };

type Service = (
  params: Readonly<Record<string, unknown>>,
  request: LinkRequest,
  signal: AbortSignal,
) => Promise<LinkReply>;

export function createServices(options: ServicesOptions): Services {
  const { log } = options;
  // What a guard refuses is a judgement on work that is allowed as such, and no sign of a gateway that is not ours.
  const judged = new WeakSet<Error>();
  const table = createTable({ ...options, guards: options.guards.map((judge) => noted(judge, judged)) });
  // A gateway that floods what is written down would push out of it what it did before.
  // That it begins is written down at once, because nobody may be there any more to say how much it was.
  const write = createRate(options.clock, (dropped) => {
    if (dropped > 0) log.warn("records about the gateway were left out", { dropped });
    const reason = `more than ${limits.auditRecordsPerSecondMax} in a second`;
    const about = { kind: "loss", resource: "records about the gateway", reason } as const;
    options.brokerAudit.record(dropped > 0 ? { ...about, result: { records: dropped } } : about);
  });

  /** What the gateway asks for and may not have is what a gateway does that is no longer ours. */
  function recordRefusal(method: string, reason: string): void {
    log.warn("the gateway asked for what it may not have", { method, reason });
    options.brokerAudit.record({ kind: "decision", verdict: "deny", rule: "ceiling", reason, resource: method });
  }

  return {
    async handle(request, signal) {
      const method = request.method.slice(0, 64);
      try {
        const service = table.get(request.method);
        if (service === undefined) throw new LoricaError("forbidden", `the broker does no ${method}`);
        if (!isRecord(request.params)) throw new LoricaError("invalid_request", "parameters that are not an object");
        return await service(request.params, request, signal);
      } catch (error) {
        if (error instanceof LoricaError && error.code === "forbidden" && !judged.has(error))
          write(() => recordRefusal(method, error.message));
        throw error;
      }
    },
    onNote(name, params) {
      const record = name === "audit" ? parseAuditRecord(params) : undefined;
      write(() => {
        if (record?.ok === true) options.audit.record(record.value);
        else log.warn("the gateway said something that the broker does not understand", { name: name.slice(0, 64) });
      });
    },
  };
}

function noted(judge: Guard, judged: WeakSet<Error>): Guard {
  return async (action, signal) => {
    try {
      return await judge(action, signal);
    } catch (error) {
      if (error instanceof Error) judged.add(error);
      throw error;
    }
  };
}

async function guard({ guards }: ServicesOptions, action: Action, signal: AbortSignal): Promise<AbortSignal> {
  const ends = [signal];
  for (const judge of guards) ends.push((await judge(action, signal)) ?? signal);
  const end = ends.length === 1 ? signal : AbortSignal.any(ends);
  // What the first of them allowed may have been stopped while the last was asked.
  end.throwIfAborted();
  return end;
}

/** Lets so much through in a second; says with 0 that it begins to drop, and later how much it was. */
function createRate(clock: Clock, onDropped: (dropped: number) => void): (work: () => void) => void {
  const second = { startedAt: 0, done: 0, dropped: 0 };
  return (work) => {
    const now = clock.now();
    if (now - second.startedAt >= 1_000) {
      if (second.dropped > 0) onDropped(second.dropped);
      Object.assign(second, { startedAt: now, done: 0, dropped: 0 });
    }
    second.done += 1;
    if (second.done <= limits.auditRecordsPerSecondMax) work();
    else if ((second.dropped += 1) === 1) onDropped(0);
  };
}

function createTable(options: ServicesOptions): ReadonlyMap<string, Service> {
  const { cells, egress } = options;
  const nonces = createNonceBook();
  const checkAgent = <T extends { readonly agentId: string }>(action: T): T => {
    if (options.ceiling().agents.has(action.agentId)) return action;
    throw new LoricaError("forbidden", `the config has no agent ${JSON.stringify(action.agentId.slice(0, 64))}`);
  };
  const fetchFor = async (
    action: Action<"model.request" | "channel.request">,
    params: Parameters<Service>[0],
    asked: { readonly request: LinkRequest; readonly signal: AbortSignal },
  ): Promise<LinkReply> => {
    const { request } = asked;
    const { resource } = action;
    const signal = await guard(options, action, asked.signal);
    const bodyBytes = bodyBytesOf(params["bodyBytes"], request.body);
    const headers = headersOf(params["headers"]);
    const response = await egress.fetch(
      { agentId: action.agentId, resource, headers, bodyBytes, body: request.body },
      signal,
    );
    return { result: { status: response.status, headers: response.headers }, body: response.body };
  };
  const inCell =
    <V extends "process.control" | "file.read" | "file.write">(
      verb: V,
      use: (action: Action<V>, signal: AbortSignal) => Promise<unknown>,
    ): Service =>
    async (params, _request, signal) => {
      nonces.take(params["nonce"]);
      const action = checkAgent(actionOf(verb, params["action"]));
      return { result: await use(action, await guard(options, action as Action, signal)) };
    };
  const services: Readonly<Record<string, Service>> = {
    async "model.fetch"(params, request, signal) {
      nonces.take(params["nonce"]);
      return await fetchFor(checkAgent(actionOf("model.request", params["action"])), params, { request, signal });
    },
    // No agent: a channel asks its platform for messages before anybody is to answer them.
    async "channel.fetch"(params, request, signal) {
      nonces.take(params["nonce"]);
      return await fetchFor(actionOf("channel.request", params["action"]), params, { request, signal });
    },
    async "sandbox.status"() {
      return { result: cells.status() };
    },
    async "sandbox.run"(params, _request, signal) {
      nonces.take(params["nonce"]);
      const action = checkAgent(actionOf("process.run", params["action"]));
      const ends = await guard(options, action, signal);
      return { result: null, body: streamRun((onOutput) => cells.run(action, onOutput, ends)) };
    },
    "sandbox.control": inCell("process.control", (action, signal) => cells.control(action, signal)),
    "sandbox.read": inCell("file.read", (action, signal) => cells.read(action, signal)),
    "sandbox.write": inCell("file.write", (action, signal) => cells.write(action, signal)),
    async "workspace.read"(params) {
      const { agentId, names } = namesOf(params);
      checkAgent({ agentId });
      const workspace = cells.workspaceOf(agentId);
      // The names are the gateway's to choose, so where keys or another agent's files lie there is nothing to read.
      const files = workspace.ok ? readWorkspaceFiles(workspace.value, names) : [];
      return { result: options.inForce?.(agentId, files) ?? files };
    },
  };
  const more = Object.entries(options.more).map(([name, answer]): [string, Service] => [
    name,
    async (params, _request, signal) => ({ result: await answer(params, signal) }),
  ]);
  return new Map([...more, ...Object.entries(services)]);
}

/**
 * A command's output as it comes, one JSON value a line, its result last. What nobody takes in time is dropped: the
 * result has all of it, and a slow reader must not slow the command down.
 */
async function* streamRun(run: (onOutput: (text: string) => void) => Promise<unknown>): AsyncGenerator<Uint8Array> {
  const lines: string[] = [];
  const state = { waitingChars: 0, isDone: false, wake: (): void => undefined };
  const running = run((text) => {
    if (state.waitingChars > limits.execProgressMaxChars) return;
    state.waitingChars += text.length;
    lines.push(`${JSON.stringify({ output: text })}\n`);
    state.wake();
  }).finally(() => {
    state.isDone = true;
    state.wake();
  });
  // It is awaited below; until then a failure must not count as unhandled.
  running.catch(() => undefined);
  while (!state.isDone || lines.length > 0) {
    const text = lines.splice(0).join("");
    state.waitingChars = 0;
    if (text !== "") yield Buffer.from(text);
    else {
      const { promise, resolve } = Promise.withResolvers<void>();
      state.wake = () => resolve();
      await promise;
    }
  }
  yield Buffer.from(`${JSON.stringify({ result: await running })}\n`);
}

function namesOf({ agentId, names }: Parameters<Service>[0]): { agentId: string; names: readonly string[] } {
  if (typeof agentId !== "string") throw new LoricaError("invalid_request", "an agent's id that is no text");
  if (Array.isArray(names) && names.every((name) => typeof name === "string")) return { agentId, names };
  throw new LoricaError("invalid_request", "names that are not texts");
}

function headersOf(value: unknown): Readonly<Record<string, string>> {
  if (!isRecord(value) || !Object.values(value).every((text) => typeof text === "string"))
    throw new LoricaError("invalid_request", "headers that are not texts");
  return value as Record<string, string>;
}

function bodyBytesOf(value: unknown, body: LinkRequest["body"]): number | undefined {
  if (body === undefined) return undefined;
  if (!Number.isSafeInteger(value) || Number(value) < 0)
    throw new LoricaError("invalid_request", "a body without a length");
  if (Number(value) <= limits.fetchBodyMaxBytes) return Number(value);
  throw new LoricaError("too_large", `a request of more than ${limits.fetchBodyMaxBytes} bytes`);
}
