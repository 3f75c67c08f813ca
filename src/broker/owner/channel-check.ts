// Asks a chat platform who an account is: the cheapest question that needs the right token.
import { codeOf, LoricaError } from "../../base/errors.ts";
import { isRecord, parseJson } from "../../base/json.ts";
import { limits } from "../../base/limits.ts";
import { bounded } from "../../base/wait.ts";
import { findKnownChannel } from "../../protocol/known/channels.ts";
import type { OwnerParamsOf, OwnerResultOf } from "../../protocol/owner-methods.ts";
import type { ProviderCeiling } from "../../egress/egress.ts";
import type { BrokerEgress } from "../../egress/egress.ts";
import { readSome } from "./model-check.ts";

export type ChannelCheckDeps = {
  readonly egress: BrokerEgress;
  /** How an account is reached, switched on or not; undefined for a channel that nothing ships for. */
  readonly channelRoute: (channel: string, account: string) => ProviderCeiling | undefined;
};

export async function checkChannel(
  deps: ChannelCheckDeps,
  { channel, account, token }: OwnerParamsOf<"channel.check">,
  signal: AbortSignal,
): Promise<OwnerResultOf<"channel.check">> {
  const known = findKnownChannel(channel);
  const route = deps.channelRoute(channel, account);
  if (known === undefined || route === undefined)
    throw new LoricaError("not_found", `there is no channel ${JSON.stringify(channel)} to check`);
  const tried = token === undefined ? route : { ...route, value: token };
  const resource = {
    channel,
    account,
    method: "GET",
    url: `${route.baseUrl.replace(/\/+$/, "")}${known.check.path}`,
  } as const;
  const request = { resource, headers: {}, bodyBytes: undefined, body: undefined };
  try {
    const response = await deps.egress.fetch(request, bounded(signal, limits.ownerModelCheckTimeoutMs), tried);
    const text = await readSome(response.body);
    if (response.status === 200) return { ok: true, name: nameIn(text, known.check.nameAt) };
    const refused = [401, 403, 404].includes(response.status);
    const reason = refused
      ? `${known.name} does not know this token; ${known.hint}`
      : `${known.name} answered ${response.status}`;
    return { ok: false, name: null, reason };
  } catch (error) {
    if (signal.aborted || !(error instanceof LoricaError) || codeOf(error) === "forbidden") throw error;
    return { ok: false, name: null, reason: error.message };
  }
}

function nameIn(text: string, at: readonly string[]): string | null {
  const json = parseJson(text);
  const found = at.reduce<unknown>(
    (value, key) => (isRecord(value) ? value[key] : undefined),
    json.ok ? json.value : undefined,
  );
  return typeof found === "string" ? found.slice(0, 128) : null;
}
