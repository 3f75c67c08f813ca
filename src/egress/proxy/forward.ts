// A request that can be seen: in plain HTTP through the proxy, or in TLS that ends here. Judged by method and path as well,
// looked through, given the credentials that its placeholders stand for, and sent to the address that was checked.
import { request } from "node:http";
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { connect as connectSecure, rootCertificates } from "node:tls";
import type { TLSSocket } from "node:tls";
import { limits } from "../../base/limits.ts";
import { createEchoGuard } from "../../dlp/dlp.ts";
import { judge } from "../judge/judge.ts";
import { dial, findAddresses } from "./dial.ts";
import { fillPlaceholders, strikeOut, throughHeaders, turningHeader } from "./headers.ts";
import { failed, refusalOf } from "./way.ts";
import type { EgressEntry, Refusal, Way } from "./way.ts";
import { watchRules } from "./withdrawn.ts";

export type Exchange = {
  readonly way: Way;
  readonly from: IncomingMessage;
  readonly to: ServerResponse;
  readonly host: string;
  readonly port: number;
  /** As it goes to the far side: path and query. */
  readonly path: string;
  readonly transport: "tls" | "http";
};

type Ready = {
  readonly addresses: readonly string[];
  readonly headers: OutgoingHttpHeaders;
  readonly values: readonly string[];
  readonly body: Buffer;
  readonly rule: string;
};

/** Never rejects: whatever goes wrong is answered and recorded. */
export async function forward(exchange: Exchange): Promise<void> {
  const { way, from, to } = exchange;
  const startedAt = way.deps.now();
  const record = (outcome: Pick<EgressEntry, "verdict" | "rule" | "reason">, downBytes: number): void => {
    const path = outcome.rule === "dlp" ? undefined : exchange.path.split("?")[0];
    way.deps.record({
      ...way.asker,
      host: exchange.host,
      port: exchange.port,
      transport: exchange.transport,
      method: from.method,
      path,
      ...outcome,
      upBytes: from.socket.bytesRead,
      downBytes,
      durationMs: way.deps.now() - startedAt,
    });
  };
  const ready = await prepare(exchange).catch(failed);
  if ("reason" in ready) {
    record({ verdict: "deny", ...ready }, 0);
    return answer(to, ready.rule === "failed" ? 503 : 403, ready.reason);
  }
  const { host, port, path, transport } = exchange;
  const asked = { host, port, path, transport, method: from.method ?? "GET", isEnded: false };
  to.once(
    "close",
    watchRules(way, asked, () => to.destroy()),
  );
  const sent = await send(exchange, ready).catch((error: unknown) => failed(error).reason);
  if (typeof sent === "string") {
    record({ verdict: "allow", rule: ready.rule, reason: sent }, 0);
    if (to.headersSent) to.destroy();
    else answer(to, 502, sent);
    return;
  }
  // Packed, it could show the credential in letters that nobody here can read.
  if (ready.values.length > 0 && (sent.headers["content-encoding"] ?? "identity") !== "identity") {
    sent.destroy();
    const reason = `${host} answered in an encoding that was not asked for`;
    record({ verdict: "allow", rule: ready.rule, reason }, 0);
    return answer(to, 502, reason);
  }
  const downBytes = await pass(sent, exchange, ready.values);
  record({ verdict: "allow", rule: ready.rule, reason: undefined }, downBytes);
}

async function prepare(exchange: Exchange): Promise<Ready | Refusal> {
  const { way, from, host, port, path } = exchange;
  const { deps, asker } = way;
  const method = from.method ?? "GET";
  if (from.headersDistinct["host"]?.length !== 1 || !isHostOf(from.headers.host, exchange))
    return refusalOf("host", `the Host header asks for another name than ${host}`);
  const egress = deps.rules(asker.agentId);
  const question = { agentId: asker.agentId, host, port, method, path, transport: exchange.transport };
  const verdict = judge(egress, question, deps.now());
  if (verdict.verdict === "deny") return verdict;
  const turning = verdict.seesRequest ? turningHeader(from.headers) : undefined;
  if (turning !== undefined)
    return refusalOf("grammar", `the header ${turning} may turn a request into another one than the rules here allow`);
  const found = await findAddresses(deps, host, verdict.reach);
  if (found.kind === "refused") return found.refusal;
  const through = throughHeaders(from.headers);
  // As it came, so that the placeholders are all that is seen of credentials.
  const head = [`${method} ${path}`, ...Object.entries(through).map(([name, value]) => `${name}: ${String(value)}`)];
  if ((await deps.inspect?.({ ...asker, host, kind: "head", text: head.join("\n") })) === "block")
    return refusalOf("dlp", "its head holds what must not leave");
  const filled = await fillPlaceholders(through, {
    at: { ...asker, host, method, path },
    bound: verdict.credentials,
    fill: deps.fill,
  });
  if (filled.kind === "refused") return filled.refusal;
  const body = await readBody(exchange, Math.min(egress?.uploadMaxBytes ?? Infinity, limits.egressBodyMaxBytes));
  if (body === undefined) return refusalOf("upload", "it sends more than this agent may");
  const file = { bytes: body, contentType: from.headers["content-type"] ?? "" };
  const whole = { ...asker, host, kind: "body", text: body.toString("utf8"), file } as const;
  if (body.length > 0 && (await deps.inspect?.(whole)) === "block")
    return refusalOf("dlp", "its body holds what must not leave");
  return { addresses: found.addresses, headers: filled.headers, values: filled.values, body, rule: verdict.rule };
}

/** One name everywhere: in the tunnel, in TLS and in the request. */
function isHostOf(header: string | undefined, { host, port, transport }: Exchange): boolean {
  const plain = transport === "tls" ? 443 : 80;
  const wanted = header?.toLowerCase();
  return wanted === `${host}:${port}` || (port === plain && wanted === host);
}

/** Whole, because it is looked through before any of it leaves. Undefined where it is too long. */
async function readBody({ from, to, way }: Exchange, maxBytes: number): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  let bytes = 0;
  // Counted until the exchange is over: one cell cannot make the broker hold any number of them at once.
  to.once("close", () => {
    way.held.bytes -= bytes;
  });
  try {
    for await (const part of from as AsyncIterable<Buffer>) {
      bytes += part.length;
      way.held.bytes += part.length;
      if (bytes > maxBytes || way.held.bytes > limits.egressBodiesMaxBytes) return undefined;
      parts.push(part);
    }
  } catch {
    // It broke off: what is half there is not sent.
    return undefined;
  }
  return Buffer.concat(parts);
}

/** The answer's head, or why there is none. */
async function send(exchange: Exchange, ready: Ready): Promise<IncomingMessage | string> {
  const { way, from, to, host, port, path, transport } = exchange;
  if (to.destroyed) return "whoever asked has gone";
  const plain = await dial(way.deps, ready.addresses, port);
  if (plain === undefined) return `cannot connect to ${host}:${port}`;
  const socket = transport === "http" ? plain : await secured(plain, host, way.deps.trusted);
  if (typeof socket === "string") return socket;
  const headers: OutgoingHttpHeaders = {
    ...ready.headers,
    host: from.headers.host,
    connection: "close",
    // What comes back is looked through for the credential, so it must come plain.
    ...(ready.values.length === 0 ? {} : { "accept-encoding": "identity" }),
    ...(ready.body.length === 0 ? {} : { "content-length": ready.body.length }),
  };
  return await new Promise((resolve) => {
    const createConnection = (): Socket => socket;
    const outgoing = request({ method: from.method, path, headers, setHost: false, createConnection });
    outgoing.setTimeout(limits.egressIdleTimeoutMs, () => outgoing.destroy());
    outgoing.once("response", resolve);
    outgoing.once("upgrade", (_response, upgraded) => {
      upgraded.destroy();
      resolve(`${host} wants another protocol`);
    });
    outgoing.on("error", (error: NodeJS.ErrnoException) => resolve(`${host} failed (${error.code ?? error.message})`));
    // Whoever asked has gone: so does the request.
    to.once("close", () => outgoing.destroy());
    outgoing.end(ready.body);
  });
}

/** A connection whose far side has proved its name, or why there is none. */
async function secured(
  socket: Socket,
  host: string,
  trusted: readonly string[] | undefined,
): Promise<TLSSocket | string> {
  const ca = trusted === undefined ? {} : { ca: [...rootCertificates, ...trusted] };
  const secure = connectSecure({ socket, servername: host, ALPNProtocols: ["http/1.1"], ...ca });
  return await new Promise((resolve) => {
    secure.setTimeout(limits.egressDialTimeoutMs, () => secure.destroy(new Error("no answer in time")));
    secure.on("error", (error: NodeJS.ErrnoException) => resolve(`${host} failed (${error.code ?? error.message})`));
    secure.once("close", () => resolve(`${host} closed the connection`));
    secure.once("secureConnect", () => {
      secure.setTimeout(0);
      resolve(secure);
    });
  });
}

/** Hands the answer on, with every repetition of a credential struck out. */
async function pass(answered: IncomingMessage, { to }: Exchange, values: readonly string[]): Promise<number> {
  const guards = values.map(createEchoGuard);
  const headers = Object.entries(throughHeaders(answered.headers)).map(([name, value]) => [
    name,
    strikeOut(value, values),
  ]);
  let bytes = 0;
  try {
    to.writeHead(answered.statusCode ?? 502, Object.fromEntries(headers));
    for await (const chunk of answered as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > limits.egressConnectionMaxBytes) break;
      const part = guards.reduce<Uint8Array>((passed, guard) => guard.push(passed), chunk);
      if (part.length > 0 && !to.write(part)) await drained(to);
    }
    let rest: Uint8Array = Buffer.alloc(0);
    for (const guard of guards) rest = Buffer.concat([guard.push(rest), guard.end()]);
    to.end(rest);
  } catch {
    // Half an answer is shown as one that broke off.
    to.destroy();
  }
  return bytes;
}

async function drained(to: ServerResponse): Promise<void> {
  await new Promise<void>((resolve) => {
    to.once("drain", resolve);
    to.once("close", resolve);
  });
}

export function answer(to: ServerResponse, status: number, reason: string): void {
  const text = phrase(reason);
  to.writeHead(status, text, { "content-type": "text/plain; charset=utf-8", connection: "close" });
  to.end(`${text}\n`);
}

/** What may stand in a status line. */
export function phrase(reason: string): string {
  return reason.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, limits.egressReasonMaxChars);
}
