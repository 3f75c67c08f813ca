// The way out of the gateway's own requests: has each judged by the rules and against the ceiling, adds the credential, dials what was checked, and streams the answer
// back. The only place where a credential and the network meet.
import type { Dispatcher } from "undici";
import { LoricaError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import { createEchoGuard } from "../../dlp/dlp.ts";
import { createCheckedLookup } from "../../network/network.ts";
import type { Reach } from "../../network/network.ts";
import { openBody } from "./body.ts";
import { checkCall } from "./calls.ts";
import { checkLiteral, explain, isNearby } from "./dialled.ts";
import { checkRules, routeRules } from "./rules.ts";
import type { EgressRule } from "./rules.ts";
import type { ReadSecret } from "./headers.ts";
import { accountOf, checkTarget, farSide } from "./target.ts";
import type { OutgoingResource, ProviderCeiling, RouteCeiling, Target } from "./target.ts";
import { credentialHeaders, fillPath, parseRequestHeaders, renderResponseHeaders } from "./headers.ts";

export type OutgoingRequest = {
  /** Whose turn asks for it; nobody's where the owner tries something. */
  readonly agentId?: string;
  readonly resource: OutgoingResource;
  readonly headers: Readonly<Record<string, string>>;
  /** Bytes of the body, which follows as a stream; undefined where there is none. */
  readonly bodyBytes: number | undefined;
  readonly body: ReadableStream<Uint8Array> | undefined;
};

export type IncomingResponse = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AsyncIterable<Uint8Array>;
};

export type BrokerEgress = {
  /**
   * Ending the signal closes the connection to the far side at once, also while the answer streams. `tried` is a far side
   * that the owner asks about before the config names it.
   */
  fetch(request: OutgoingRequest, signal: AbortSignal, tried?: ProviderCeiling): Promise<IncomingResponse>;
  close(): Promise<void>;
};

export type BrokerEgressOptions = {
  readonly ceiling: () => RouteCeiling;
  readonly readSecret: ReadSecret;
  /** What holds for requests of the broker's own; what the ceiling names where left out. */
  readonly rules?: () => readonly EgressRule[];
  /** A proxy of the owner's, for whatever is not on this machine or in its network by its address. */
  readonly proxy?: () => string | undefined;
};

export function createBrokerEgress(options: BrokerEgressOptions): BrokerEgress {
  const agents = new Map<string, Dispatcher>();
  return {
    async fetch(asked, signal, tried) {
      const { resource } = asked;
      const provider = tried ?? farSide(resource, options.ceiling());
      const allowed = checkTarget(resource, provider);
      const request = await checkCall(asked, allowed, provider);
      const rules = options.rules?.() ?? routeRules(options.ceiling());
      const reach = checkRules(request, { rules, provider, target: allowed, isTried: tried !== undefined });
      checkLiteral(allowed, reach);
      const credentials = await credentialHeaders(provider, options.readSecret, {
        url: `${allowed.origin}${allowed.path}`,
        method: resource.method,
        account: accountOf(resource),
        agentId: request.agentId,
      });
      const target = credentials.inPath === undefined ? allowed : fillPath(allowed, credentials.inPath);
      // Loaded by the first request: a broker that waits for its first message has no use for its megabytes.
      const library = await import("undici");
      const proxy = isNearby(target) ? undefined : options.proxy?.();
      const way = proxy ?? reach;
      const agent = agents.get(way) ?? (proxy === undefined ? openAgent(library, reach) : openProxied(library, proxy));
      agents.set(way, agent);
      const dispatch = { origin: target.origin, path: target.path, method: resource.method, ...timeoutsOf(provider) };
      const headers = { ...parseRequestHeaders(request), ...provider.identity, ...credentials.headers };
      try {
        const body = await openBody(request);
        const response = await agent.request({ ...dispatch, headers, body, signal });
        return receive(response, { target, values: credentials.values, signal });
      } catch (cause) {
        throw explain(
          cause,
          { ...target, host: proxy === undefined ? target.host : `${target.host} through ${proxy}` },
          signal,
        );
      }
    },
    async close() {
      await Promise.all([...agents.values()].map((agent) => agent.destroy()));
      agents.clear();
    },
  };
}

const bounds = {
  allowH2: false,
  pipelining: 1,
  connections: limits.fetchConnectionsMax,
  keepAliveTimeout: 30_000,
  maxHeaderSize: limits.fetchHeadersMaxBytes,
} as const;

function openAgent(library: typeof import("undici"), reach: Reach): Dispatcher {
  const connect = { timeout: limits.fetchConnectTimeoutMs, lookup: createCheckedLookup(reach) };
  return new library.Agent({ ...bounds, connect });
}

/** The proxy is dialled as what the owner names; behind it, it is the proxy that looks names up. */
function openProxied(library: typeof import("undici"), uri: string): Dispatcher {
  checkLiteral({ origin: new URL(uri).origin }, "owner-named");
  const timeout = limits.fetchConnectTimeoutMs;
  const proxyTls = { timeout, lookup: createCheckedLookup("owner-named") };
  return new library.ProxyAgent({ ...bounds, uri, proxyTls, requestTls: { timeout } });
}

function timeoutsOf({ timeoutMs = 0 }: ProviderCeiling): {
  readonly headersTimeout: number;
  readonly bodyTimeout: number;
} {
  return {
    headersTimeout: Math.max(timeoutMs, limits.modelFirstByteTimeoutMs),
    bodyTimeout: Math.max(timeoutMs, limits.modelStallTimeoutMs),
  };
}

type Exchange = { readonly target: Target; readonly values: readonly string[]; readonly signal: AbortSignal };

function receive(response: Dispatcher.ResponseData, exchange: Exchange): IncomingResponse {
  const { statusCode, body } = response;
  // A body that is destroyed reports it as an event; whoever reads it hears of it through the iteration.
  body.on("error", () => undefined);
  const encoding = response.headers["content-encoding"];
  if (encoding !== undefined && encoding !== "identity") {
    body.destroy();
    throw new LoricaError("upstream", `${exchange.target.host} answered in an encoding that was not asked for`);
  }
  return {
    status: statusCode,
    headers: renderResponseHeaders(response.headers, exchange.values),
    body: readBody(body, exchange),
  };
}

async function* readBody(body: Dispatcher.ResponseData["body"], exchange: Exchange): AsyncGenerator<Uint8Array> {
  const guards = exchange.values.map(createEchoGuard);
  let total = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      total += chunk.length;
      if (total > limits.modelStreamMaxBytes)
        throw new LoricaError(
          "too_large",
          `${exchange.target.host} answered more than ${limits.modelStreamMaxBytes} bytes`,
        );
      const bytes = guards.reduce<Uint8Array>((passed, guard) => guard.push(passed), chunk);
      if (bytes.length > 0) yield bytes;
    }
    let rest: Uint8Array = new Uint8Array();
    for (const guard of guards) rest = Buffer.concat([guard.push(rest), guard.end()]);
    if (rest.length > 0) yield rest;
  } catch (cause) {
    throw explain(cause, exchange.target, exchange.signal);
  } finally {
    body.destroy();
  }
}
