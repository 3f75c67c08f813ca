// What the gateway gives a channel, for tests of one alone: what is received is kept in memory, and requests go out as
// through the broker, who puts the token where the placeholder is.
import { systemClock } from "../../../src/base/clock.ts";
import type { Envelope, MediaRef } from "../../../src/base/envelope.ts";
import { LoricaError, errnoOf } from "../../../src/base/errors.ts";
import type { Grant } from "../../../src/base/grant.ts";
import { sha256 } from "../../../src/base/ids.ts";
import type { Json } from "../../../src/base/json.ts";
import { owner } from "../../../src/base/principal.ts";
import type { Resources, Verb } from "../../../src/base/action.ts";
import { tokenPlaceholder } from "../../../src/channel/channel.ts";
import { createWaits } from "./waits.ts";
import type {
  ChannelAccount,
  ChannelContext,
  ChannelHealth,
  PlatformRequest,
  PlatformResponse,
} from "../../../src/channel/channel.ts";

export type Stored = { readonly media: Map<string, Uint8Array>; readonly state: Map<string, Json> };

export type TestContext = {
  readonly context: ChannelContext;
  readonly received: Envelope[];
  readonly health: { readonly account: string; readonly health: ChannelHealth }[];
  readonly reports: unknown[];
  readonly requests: PlatformRequest[];
  readonly stored: Stored;
  /** Resolves once so many messages were received. */
  receivedCount(count: number): Promise<readonly Envelope[]>;
  healthIs(account: string, state: ChannelHealth["state"]): Promise<ChannelHealth>;
  grant<V extends Verb>(verb: V, resource: Resources[V]): Grant<V>;
  end(): void;
};

export type TestContextOptions = {
  readonly accounts: readonly ChannelAccount[];
  /** By account. */
  readonly tokens: Readonly<Record<string, string>>;
  readonly stored?: Stored;
  readonly admits?: (envelope: Envelope) => boolean;
  readonly receive?: (envelope: Envelope) => Promise<void>;
};

export function accountOf(apiRoot: string, change: Partial<ChannelAccount> = {}): ChannelAccount {
  const settings = { apiRoot };
  return {
    id: "default",
    name: undefined,
    webhookUrl: undefined,
    mediaMaxBytes: 18 * 1_048_576,
    textMaxChars: undefined,
    credentialAt: undefined,
    settings,
    ...change,
  };
}

export function createTestContext(options: TestContextOptions): TestContext {
  const received: Envelope[] = [];
  const keys = new Set<string>();
  const health: { account: string; health: ChannelHealth }[] = [];
  const reports: unknown[] = [];
  const requests: PlatformRequest[] = [];
  const grants = new Map<object, { readonly verb: Verb; readonly resource: unknown }>();
  const stored = options.stored ?? { media: new Map(), state: new Map() };
  const { until, notify } = createWaits();
  const ending = new AbortController();
  const context: ChannelContext = {
    accounts: () => options.accounts,
    async receive(envelope) {
      await options.receive?.(envelope);
      const key = `${envelope.account} ${envelope.dedupeKey}`;
      if (keys.has(key)) return { kind: "duplicate" };
      keys.add(key);
      received.push(envelope);
      notify();
      return { kind: "stored" };
    },
    admits: async (envelope) => options.admits?.(envelope) ?? true,
    redeem(grant) {
      const action = grants.get(grant);
      grants.delete(grant);
      if (action === undefined) throw new LoricaError("forbidden", "no grant");
      return { nonce: "1", action: { ...action, ...who } as never };
    },
    fetch(request, signal) {
      requests.push(request);
      return fetchAs(request, options.tokens[request.account] ?? "none", signal);
    },
    ...disk(stored),
    commands: [
      { name: "new", description: "Begin a new conversation" },
      { name: "stop", description: "Stop what is running" },
      { name: "not-for-telegram", description: "A name that Telegram refuses" },
    ],
    health(account, said) {
      health.push({ account, health: said });
      notify();
    },
    report: (error) => void reports.push(error),
    clock: systemClock,
    signal: ending.signal,
  };
  return {
    context,
    received,
    health,
    reports,
    requests,
    stored,
    receivedCount: (count) => until(() => (received.length >= count ? received : undefined)),
    healthIs: (account, state) =>
      until(() => health.findLast((said) => said.account === account && said.health.state === state)?.health),
    grant(verb, resource) {
      const grant = {};
      grants.set(grant, { verb, resource });
      return grant as never;
    },
    end: () => ending.abort(),
  };
}

const who = {
  agentId: "main",
  sessionKey: "agent:main:main",
  principal: owner,
  label: { integrity: "owner", readers: ["*"] },
} as const;

function disk(stored: Stored): Pick<ChannelContext, "state" | "media"> {
  return {
    state: {
      get: async (account, key) => stored.state.get(`${account} ${key}`),
      set: async (account, key, value) => void stored.state.set(`${account} ${key}`, value),
    },
    media: {
      async save(bytes, mime, name) {
        const id = sha256(bytes);
        stored.media.set(id, bytes);
        return { id, mime, name, bytes: bytes.length };
      },
      load: async ({ id, name }: MediaRef) => {
        const bytes = stored.media.get(id);
        if (bytes === undefined) throw new LoricaError("not_found", `the file ${name} is no longer kept`);
        return bytes;
      },
    },
  };
}

/** A request as the broker makes it. */
export async function fetchAs(request: PlatformRequest, token: string, signal: AbortSignal): Promise<PlatformResponse> {
  const { method, headers, body } = request;
  const url = request.url.replace(`/bot${tokenPlaceholder}/`, `/bot${token}/`);
  try {
    const response = await fetch(url, { method, headers, body: body === undefined ? null : Buffer.from(body), signal });
    const none = new ReadableStream<Uint8Array>({ start: (controller) => controller.close() });
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: (response.body as ReadableStream<Uint8Array> | null) ?? none,
    };
  } catch (cause) {
    if (signal.aborted) throw new LoricaError("cancelled", "cancelled", { cause });
    const refused = errnoOf(cause instanceof Error ? cause.cause : cause) === "ECONNREFUSED";
    throw new LoricaError(refused ? "unavailable" : "upstream", "the connection failed", { cause });
  }
}
