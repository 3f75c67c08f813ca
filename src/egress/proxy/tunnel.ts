// One tunnel: judged by its host, resolved, and opened only when its first bytes are a ClientHello for that same host. What
// else a tunnel could carry is dropped. Where rules need to see requests, the TLS ends here.
import type { Socket } from "node:net";
import { limits } from "../../base/limits.ts";
import { judge } from "../judge/judge.ts";
import type { EgressVerdict } from "../judge/judge.ts";
import { dial, findAddresses } from "./dial.ts";
import { createHelloReader } from "./hello.ts";
import { pump } from "./pump.ts";
import { failed, refusalOf } from "./way.ts";
import type { Refusal, Way } from "./way.ts";
import { watchRules } from "./withdrawn.ts";

export type Place = { readonly host: string; readonly port: number };

export type TunnelRequest = Place & {
  readonly socket: Socket;
  readonly accept: () => void;
  readonly refuse: (refusal: Refusal) => void;
};

/** Serves requests on a connection whose TLS the broker ends. Resolves when it has ended. */
export type Terminate = (socket: Socket, place: Place) => Promise<void>;

type Allowed = Extract<EgressVerdict, { readonly verdict: "allow" }>;

export async function openTunnel(way: Way, request: TunnelRequest, terminate: Terminate): Promise<void> {
  const startedAt = way.deps.now();
  const host = request.host.toLowerCase();
  const record = (outcome: { rule: string; reason?: string; up?: number; down?: number }, isAllowed: boolean): void =>
    way.deps.record({
      ...way.asker,
      // What a name must not carry out is not written down either.
      host: outcome.rule === "dlp" ? "(hidden)" : host,
      port: request.port,
      transport: "tunnel",
      verdict: isAllowed ? "allow" : "deny",
      rule: outcome.rule,
      reason: outcome.reason,
      upBytes: outcome.up ?? 0,
      downBytes: outcome.down ?? 0,
      durationMs: way.deps.now() - startedAt,
    });
  const refuse = (refusal: Refusal): void => {
    record(refusal, false);
    request.refuse(refusal);
  };

  const verdict = await admit(way, { host, port: request.port }).catch(
    (error: unknown) => ({ verdict: "deny", ...failed(error) }) as const,
  );
  if (verdict.verdict === "deny") return refuse(verdict);
  const found = await findAddresses(way.deps, host, verdict.reach);
  if (found.kind === "refused") return refuse(found.refusal);
  request.accept();
  const hello = await firstBytes(request.socket, host);
  if (!Buffer.isBuffer(hello)) {
    record(hello, false);
    request.socket.destroy();
    return;
  }
  let isWithdrawn = false;
  const watched = { host, port: request.port, transport: "tunnel", isEnded: verdict.terminate } as const;
  const forget = watchRules(way, watched, () => {
    isWithdrawn = true;
    request.socket.destroy();
  });
  request.socket.once("close", forget);
  if (verdict.terminate) {
    request.socket.unshift(hello);
    return await terminate(request.socket, { host, port: request.port });
  }
  const far = await dial(way.deps, found.addresses, request.port);
  if (far === undefined) {
    record({ rule: verdict.rule, reason: `cannot connect to ${host}:${request.port}` }, true);
    request.socket.destroy();
    return;
  }
  far.write(hello);
  const uploadMaxBytes = way.deps.rules(way.asker.agentId)?.uploadMaxBytes;
  const carried = await pump(request.socket, far, { uploadMaxBytes, sentBytes: hello.length });
  const why = isWithdrawn ? "its rule was taken back" : `ended by its bound: ${carried.cut}`;
  const cut = carried.cut === undefined && !isWithdrawn ? {} : { reason: why };
  record({ rule: verdict.rule, up: carried.upBytes, down: carried.downBytes, ...cut }, carried.cut !== "upload");
}

/** By host and port, and by what the host's name itself may carry out. */
async function admit({ deps, asker, authority }: Way, place: Place): Promise<EgressVerdict> {
  const question = { agentId: asker.agentId, ...place, transport: "tunnel" } as const;
  const verdict = judge(deps.rules(asker.agentId), question, deps.now());
  if (verdict.verdict === "deny") return verdict;
  if (verdict.terminate && authority === undefined)
    return { verdict: "deny", ...refusalOf("terminate", `${place.host} needs a new cell: its rules have changed`) };
  if ((await deps.inspect?.({ ...asker, host: place.host, kind: "host", text: place.host })) === "block")
    return { verdict: "deny", ...refusalOf("dlp", "the name holds what must not leave") };
  return verdict satisfies Allowed;
}

/** The ClientHello as it came, or why it is none for this host. */
async function firstBytes(socket: Socket, host: string): Promise<Buffer | Refusal> {
  return await new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const read = createHelloReader(limits.egressHelloMaxBytes);
    const timer = setTimeout(() => done(refusalOf("tls", "no ClientHello came in time")), limits.egressHeadTimeoutMs);
    const early = (): void => done(refusalOf("tls", "it ended before its ClientHello"));
    function done(result: Buffer | Refusal): void {
      clearTimeout(timer);
      socket.off("data", take);
      socket.off("end", early);
      socket.off("close", early);
      socket.pause();
      resolve(result);
    }
    function take(chunk: Buffer): void {
      chunks.push(chunk);
      const hello = read(chunk);
      if (hello.kind === "more") return;
      if (hello.kind === "bad") return done(refusalOf("tls", hello.reason));
      if (hello.name === host) return done(Buffer.concat(chunks));
      done(refusalOf("sni", `the TLS inside asks for another name than ${host}`));
    }
    socket.on("data", take);
    socket.once("end", early);
    socket.once("close", early);
    socket.resume();
  });
}
