// The way out. In the gateway every byte that leaves goes through this port; the broker is on its other side, adds the
// credential that the provider's configuration names, and dials only where that configuration points.
import type { Verb } from "../base/action.ts";
import type { Grant } from "../base/grant.ts";

export type { BrokerEgress, IncomingResponse, OutgoingRequest } from "./route/route.ts";
export type { CredentialRule, ProviderCeiling, RouteCeiling } from "./route/target.ts";
export { explainStatus, parseModelIds } from "./model-list.ts";

export type EgressRequest = {
  /** Lower-case names. Credentials are not among them: the broker adds those. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
};

export type EgressResponse = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Cancelling it, or ending the signal, closes the connection to the far side at once. */
  readonly body: ReadableStream<Uint8Array>;
};

/** Throws `forbidden` (grant), `unavailable` (cannot connect), `timeout`, `cancelled`; any HTTP status is a response. */
export type Fetch<V extends Verb> = (
  grant: Grant<V>,
  request: EgressRequest,
  signal: AbortSignal,
) => Promise<EgressResponse>;

export type Egress = { readonly fetch: Fetch<"model.request"> };
export type ChannelEgress = { readonly fetch: Fetch<"channel.request"> };
