// The frames as the page reads them. The gateway is the one that is connected to and is believed in what it is, not in
// what it carries: texts of models, tools and strangers stay texts wherever they are shown.
import type { EventFrame, ResponseFrame } from "../../../src/protocol/frames.ts";
import type { MethodName, ParamsOf, ResultOf } from "../../../src/protocol/methods.ts";

export type Call = <M extends MethodName>(
  method: M,
  params: ParamsOf<M>,
  options?: { readonly timeoutMs?: number },
) => Promise<ResultOf<M>>;

/** What the page uses of `hello-ok`. */
export type Hello = {
  readonly server: { readonly version: string };
  readonly features: { readonly methods: readonly string[] };
  readonly snapshot: {
    readonly sessionDefaults?: { readonly mainSessionKey?: string; readonly defaultAgentId?: string };
  };
  readonly auth: { readonly scopes: readonly string[]; readonly deviceToken?: string };
  readonly policy: { readonly maxPayload: number; readonly tickIntervalMs: number };
};

export type Incoming = EventFrame | ResponseFrame;

/** A call that the gateway refused, or that the connection took with it. */
export class CallFailed extends Error {
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly retryAfterMs: number | undefined;

  constructor(
    code: string,
    message: string,
    more: { readonly details?: Readonly<Record<string, unknown>>; readonly retryAfterMs?: number } = {},
  ) {
    super(message);
    this.code = code;
    this.details = more.details ?? {};
    this.retryAfterMs = more.retryAfterMs;
  }

  /** Nobody knows whether it arrived: the same key must be used again. */
  get isLost(): boolean {
    return this.code === "LOST";
  }
}

export function parseIncoming(text: unknown): Incoming | undefined {
  if (typeof text !== "string") return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || !("type" in value)) return undefined;
    return value.type === "event" || value.type === "res" ? (value as Incoming) : undefined;
  } catch (cause) {
    if (cause instanceof SyntaxError) return undefined;
    throw cause;
  }
}
