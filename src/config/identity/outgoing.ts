// What this installation calls itself towards others. One block of the config says it for every host; nothing else adds a
// name, and none of them may be another product's.
import { findKnownProvider } from "../../protocol/providers.ts";
import { findKnownChannel } from "../../protocol/known/channels.ts";
import type { Config } from "../schema/schema.ts";

export type OutgoingHeaders = Readonly<Record<string, string>>;

/** Who asks to be told which product calls; each in headers of its own. */
const asksForReferer: ReadonlySet<string> = new Set(["openrouter", "perplexity"]);

export function providerIdentity({ identity }: Config, id: string, version: string): OutgoingHeaders {
  const named: [string, string][] = [["user-agent", identity.userAgent ?? `lorica/${version}`]];
  if (asksForReferer.has(id)) named.push(["http-referer", identity.referer], ["x-title", identity.title]);
  if (id === "minimax") named.push(["mm-api-source", identity.title]);
  return withoutEmpty(named);
}

/** Messages and media of chat platforms alike. */
export function channelIdentity({ identity }: Config): OutgoingHeaders {
  return withoutEmpty([["user-agent", identity.mediaUserAgent]]);
}

/** Every host that the config makes this installation talk to, with what it is told. */
export function listIdentities(
  config: Config,
  version: string,
): readonly { readonly host: string; readonly headers: OutgoingHeaders }[] {
  const providers = Object.entries(config.models.providers).flatMap(([id, { baseUrl, headers }]) => {
    const place = baseUrl ?? findKnownProvider(id)?.baseUrl;
    if (place === undefined) return [];
    const written = Object.entries(headers).flatMap(([name, value]) =>
      typeof value === "string" ? [[name.toLowerCase(), value] as const] : [],
    );
    return [
      {
        host: new URL(place).host,
        headers: { ...providerIdentity(config, id, version), ...Object.fromEntries(written) },
      },
    ];
  });
  const channels = Object.entries(config.channels).flatMap(([id, channel]) => {
    const known = findKnownChannel(id);
    return known === undefined || !isOn(channel)
      ? []
      : [{ host: new URL(known.baseUrl).host, headers: channelIdentity(config) }];
  });
  return [...providers, ...channels];
}

function isOn(channel: object): boolean {
  return "enabled" in channel && channel.enabled === true;
}

/** What is set to nothing is not sent. */
function withoutEmpty(headers: readonly (readonly [string, string])[]): OutgoingHeaders {
  return Object.fromEntries(headers.filter(([, value]) => value !== ""));
}
