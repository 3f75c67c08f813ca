// The only way from a model library to the network: a `fetch` for one attempt that asks policy for each request, strips
// every credential, and watches the clock and the size of what comes back. The broker adds the real credential.
import type { AuditLog } from "../audit/audit.ts";
import type { Clock } from "../base/clock.ts";
import { LoricaError } from "../base/errors.ts";
import { isRecord, parseJson } from "../base/json.ts";
import type { Json } from "../base/json.ts";
import { limits } from "../base/limits.ts";
import type { Egress, EgressResponse } from "../egress/egress.ts";
import type { Policy } from "../policy/policy.ts";
import { failureError } from "./failover/failure.ts";
import type { ProviderFetch } from "./model.ts";
import type { ModelCall } from "./models.ts";
import type { ModelTimeouts } from "./settings.ts";

export type FetchEffects = {
  readonly policy: Policy;
  readonly egress: Egress;
  readonly audit: AuditLog;
  readonly clock: Clock;
};

/** Ends an attempt that hears nothing for too long. */
export type Watchdog = {
  /** Something came: from here on the stall limit counts. */
  feed(): void;
  stop(): void;
};

export type FetchFor = {
  readonly call: Pick<ModelCall, "agentId" | "sessionKey" | "principal" | "label">;
  readonly provider: string;
  readonly params: Readonly<Record<string, Json>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly watchdog: Watchdog;
  /** Ends with the attempt. */
  readonly signal: AbortSignal;
};

export type AttemptTimeouts = Pick<ModelTimeouts, "firstByteMs" | "stallMs"> & { readonly attemptMs: number };

export function createWatchdog(timeouts: AttemptTimeouts, controller: AbortController): Watchdog {
  const end = (what: string): void => controller.abort(failureError("timeout", what));
  const total = setTimeout(() => end(`it took longer than ${timeouts.attemptMs} ms`), timeouts.attemptMs);
  let timer = setTimeout(() => end(`nothing came for ${timeouts.firstByteMs} ms`), timeouts.firstByteMs);
  let heard = false;
  return {
    feed() {
      // Chunks come by the thousand: one timer is moved, not replaced.
      if (heard) {
        timer.refresh();
        return;
      }
      heard = true;
      clearTimeout(timer);
      timer = setTimeout(() => end(`nothing more came for ${timeouts.stallMs} ms`), timeouts.stallMs);
    },
    stop() {
      clearTimeout(timer);
      clearTimeout(total);
    },
  };
}

export function createProviderFetch(effects: FetchEffects, use: FetchFor): ProviderFetch {
  return async (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    const method = (init?.method ?? "GET").toUpperCase();
    const startedAt = effects.clock.now();
    const body = bodyOf(init?.body, use.params);
    const grant = permit(effects, use, { url, method });
    const response = await effects.egress.fetch(
      grant,
      { headers: headersOf(new Headers(init?.headers), use.headers), body },
      use.signal,
    );
    effects.audit.record({
      kind: "effect",
      verb: "model.request",
      agentId: use.call.agentId,
      sessionKey: use.call.sessionKey,
      principal: use.call.principal.id,
      resource: `${method} ${withoutQuery(url)}`,
      result: { status: response.status, durationMs: effects.clock.now() - startedAt },
    });
    return toResponse(response, use.watchdog);
  };
}

function permit(effects: FetchEffects, use: FetchFor, request: { readonly url: string; readonly method: string }) {
  const { agentId, sessionKey, principal, label } = use.call;
  const method = request.method === "POST" ? "POST" : "GET";
  const resource = { provider: use.provider, method, url: request.url } as const;
  const decision = effects.policy.decide({ verb: "model.request", agentId, sessionKey, principal, label, resource });
  if (decision.kind === "allow") return decision.grant;
  const { reason, rule } = decision;
  effects.audit.record({
    kind: "decision",
    verb: "model.request",
    verdict: "deny",
    rule,
    reason,
    agentId,
    sessionKey,
    principal: principal.id,
    resource: withoutQuery(request.url),
  });
  throw new LoricaError("forbidden", `a request to ${use.provider} is not permitted: ${reason}`);
}

/** Whatever a library thinks is a credential stays here: it only ever has a placeholder, and the broker has the key. */
const strippedHeaders: ReadonlySet<string> = new Set([
  "authorization",
  "proxy-authorization",
  "x-api-key",
  "x-goog-api-key",
  "api-key",
  "cookie",
  "host",
  "connection",
  "content-length",
]);

function headersOf(headers: Headers, own: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const kept = [...headers].filter(([name]) => !strippedHeaders.has(name));
  return { ...Object.fromEntries(kept), ...own };
}

function bodyOf(body: unknown, params: Readonly<Record<string, Json>>): Uint8Array | undefined {
  if (body === undefined || body === null) return undefined;
  if (typeof body !== "string") throw failureError("invalid_request", "a model library sent something other than text");
  const bytes = new TextEncoder().encode(withParams(body, params));
  if (bytes.length > limits.fetchBodyMaxBytes)
    throw failureError(
      "context_overflow",
      `the request has ${bytes.length} bytes; the limit is ${limits.fetchBodyMaxBytes}`,
    );
  return bytes;
}

/** Config's parameters go over the library's: this is how a router's own options reach it. */
function withParams(body: string, params: Readonly<Record<string, Json>>): string {
  if (Object.keys(params).length === 0) return body;
  const json = parseJson(body);
  return json.ok && isRecord(json.value) ? JSON.stringify({ ...json.value, ...params }) : body;
}

const withoutBody: ReadonlySet<number> = new Set([101, 204, 205, 304]);

function toResponse(response: EgressResponse, watchdog: Watchdog): Response {
  const { status, headers } = response;
  if (status < 200 || status > 599) throw failureError("malformed", `HTTP status ${status}`);
  const type = Object.entries(headers).find(([name]) => name.toLowerCase() === "content-type")?.[1] ?? "";
  if (status < 300 && /^text\/html\b/i.test(type)) {
    void response.body.cancel().catch(ignoreLateError);
    throw failureError("not_an_api", "");
  }
  if (withoutBody.has(status)) return new Response(null, { status, headers });
  const body = status < 400 ? watched(response.body, watchdog) : cut(response.body, limits.modelErrorBodyMaxBytes);
  return new Response(body, { status, headers });
}

/** Feeds the watchdog with each chunk, and ends a stream that would never end. */
function watched(body: ReadableStream<Uint8Array>, watchdog: Watchdog): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let bytes = 0;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await reader.read();
        if (done) return controller.close();
        watchdog.feed();
        bytes += value.length;
        if (bytes <= limits.modelStreamMaxBytes) return controller.enqueue(value);
        const tooLarge = failureError("answer_too_large", `over ${limits.modelStreamMaxBytes} bytes`);
        controller.error(tooLarge);
        void reader.cancel(tooLarge).catch(ignoreLateError);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    // Read on only when somebody wants more: the link's window is the buffer.
    { highWaterMark: 0 },
  );
}

/** The beginning of an error page says what is wrong; the rest of it is not read. */
function cut(body: ReadableStream<Uint8Array>, bytesMax: number): ReadableStream<Uint8Array> {
  let left = bytesMax;
  return body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        controller.enqueue(chunk.subarray(0, left));
        left -= chunk.length;
        if (left <= 0) controller.terminate();
      },
    }),
  );
}

/** A query may hold a key with some providers; it is not needed to know what was asked. */
function withoutQuery(url: string): string {
  return url.split("?", 1)[0] ?? url;
}

/** For a stream that is given up: that it also fails is no news. */
function ignoreLateError(): void {}
