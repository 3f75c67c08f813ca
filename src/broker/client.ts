// The gateway's side of what the broker does: each port redeems its grant here and sends the action over the link.
import type { Duplex } from "node:stream";
import type { AuditLog } from "../audit/audit.ts";
import type { Grant, Redeem } from "../base/grant.ts";
import type { Verb } from "../base/action.ts";
import { LoricaError } from "../base/errors.ts";
import { isRecord, parseJson } from "../base/json.ts";
import { limits } from "../base/limits.ts";
import type { ChannelEgress, Egress, Fetch } from "../egress/egress.ts";
import type {
  FileReadResult,
  FileWriteResult,
  ProcessReport,
  RunResult,
  Sandbox,
  SandboxStatus,
  StartedProcess,
  WorkspaceFile,
  WorkspaceFiles,
} from "../sandbox/sandbox.ts";
import { createLink } from "./link/link.ts";
import type { Link, LinkAnswer } from "./link/link.ts";

export type { Link } from "./link/link.ts";

/** What the broker asks of the gateway. */
export type GatewayCalls = {
  /** The first call: the settings to run with. Returns once the gateway serves. */
  start(settings: unknown, link: Link): Promise<void>;
  /** The settings have changed. */
  configure(settings: unknown): Promise<void>;
  /** Anything else, by name. */
  answer(method: string, params: unknown): Promise<unknown>;
  /** A code that the owner may sign in with. */
  offer(code: unknown): void;
  /** Nothing new is taken; returns once running turns have ended, or `graceMs` has passed. The process then ends. */
  stop(graceMs: number): Promise<void>;
  /** What needs no answer, as `sandbox` with a new status. */
  hear(name: string, params: unknown): void;
  readonly onInternalError: (error: unknown, id: string) => void;
};

/** The descriptors that a gateway process is started with. */
export const gatewayDescriptors = { link: 4, socket: 5, firstHttp: 6 } as const;

/** The gateway's end of the link. A gateway whose link has ended is of no use and must end itself. */
export function openBrokerLink(stream: Duplex, calls: GatewayCalls): Link {
  const link: Link = createLink({
    stream,
    side: "gateway",
    onNote: calls.hear,
    onInternalError: calls.onInternalError,
    async handle({ method, params }) {
      if (method === "start") await calls.start(params, link);
      else if (method === "configure") await calls.configure(params);
      else if (method === "offer") calls.offer(params);
      else if (method === "stop" && isRecord(params)) await calls.stop(Number(params["graceMs"]));
      else return { result: await calls.answer(method, params) };
      return { result: null };
    },
  });
  return link;
}

/** The broker is ours, so what it answers is what its types say; nothing here parses it again. */
export function createEgressClient(link: Link, redeem: Redeem): Egress {
  return { fetch: createFetch("model.fetch", link, redeem) };
}

/** The same way out for channels, with what their grants are for. */
export function createChannelEgress(link: Link, redeem: Redeem): ChannelEgress {
  return { fetch: createFetch("channel.fetch", link, redeem) };
}

function createFetch<V extends Verb>(method: string, link: Link, redeem: Redeem): Fetch<V> {
  return async (grant, { headers, body }, signal) => {
    if (body !== undefined && body.length > limits.fetchBodyMaxBytes)
      throw new LoricaError("too_large", `a request of more than ${limits.fetchBodyMaxBytes} bytes`);
    const params = { ...redeem(grant), headers, bodyBytes: body?.length };
    const answer = await link.call({ method, params, body: body && once(body) }, signal);
    const head = answer.result as { readonly status: number; readonly headers: Readonly<Record<string, string>> };
    return { ...head, body: bodyOf(answer) };
  };
}

/** `status` is what the broker's probe found before the gateway started; `update` takes what a later probe finds. */
export function createSandboxClient(
  link: Link,
  redeem: Redeem,
  initial: SandboxStatus,
): Sandbox & { readonly update: (status: SandboxStatus) => void } {
  let status = initial;
  async function call<V extends Verb>(method: string, grant: Grant<V>, signal: AbortSignal): Promise<LinkAnswer> {
    return await link.call({ method, params: redeem(grant) }, signal);
  }
  return {
    status: () => status,
    update: (next) => {
      status = next;
    },
    run: async (grant, onOutput, signal) => await readRun(bodyOf(await call("sandbox.run", grant, signal)), onOutput),
    control: async (grant, signal) => (await call("sandbox.control", grant, signal)).result as readonly ProcessReport[],
    read: async (grant, signal) => (await call("sandbox.read", grant, signal)).result as FileReadResult,
    write: async (grant, signal) => (await call("sandbox.write", grant, signal)).result as FileWriteResult,
  };
}

export function createWorkspaceClient(link: Link): WorkspaceFiles {
  return {
    async read(agentId, names, signal) {
      const answer = await link.call({ method: "workspace.read", params: { agentId, names } }, signal);
      return answer.result as readonly WorkspaceFile[];
    },
  };
}

export function createAuditClient(link: Link): AuditLog {
  return {
    record(record) {
      // Recording never fails its caller. A link that has ended takes the gateway with it, and the broker records that.
      if (!link.closed.aborted) link.note("audit", bounded(record));
    },
  };
}

function bounded(record: Parameters<AuditLog["record"]>[0]): object {
  const { resource, reason, ...rest } = record;
  return {
    ...rest,
    ...(resource === undefined ? {} : { resource: resource.slice(0, limits.auditTextMaxChars) }),
    ...(reason === undefined ? {} : { reason: reason.slice(0, limits.auditTextMaxChars) }),
  };
}

async function* once(body: Uint8Array): AsyncGenerator<Uint8Array> {
  yield body;
}

function bodyOf(answer: LinkAnswer): ReadableStream<Uint8Array> {
  if (answer.body !== undefined) return answer.body;
  throw new LoricaError("internal", "the broker answered without a body");
}

/** Progress lines until the one with the result. */
async function readRun(
  body: ReadableStream<Uint8Array>,
  onOutput: (text: string) => void,
): Promise<RunResult | StartedProcess> {
  const decoder = new TextDecoder();
  // A result is one long line in many pieces: they are joined once, when its end has come.
  let pieces: string[] = [];
  for await (const chunk of body) {
    pieces.push(decoder.decode(chunk, { stream: true }));
    if (pieces.at(-1)?.includes("\n") !== true) continue;
    const lines = pieces.join("").split("\n");
    pieces = [lines.pop() ?? ""];
    for (const line of lines) {
      const json = parseJson(line);
      const value = json.ok && isRecord(json.value) ? json.value : {};
      if (typeof value["output"] === "string") onOutput(value["output"]);
      if ("result" in value) return value["result"] as RunResult | StartedProcess;
    }
  }
  throw new LoricaError("unavailable", "the broker ended a command without its result");
}
