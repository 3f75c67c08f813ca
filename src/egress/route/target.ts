// Where a request of the gateway's may go: to a model provider or a chat platform that the config switches on, below its
// base URL. Judged by this and by nothing that the gateway tells.
import type { ChannelRequest, ModelRequest } from "../../base/action.ts";
import { LoricaError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import { parsed, rejected } from "../../base/parsed.ts";
import type { Parsed } from "../../base/parsed.ts";
import { channelKey } from "../../protocol/known/channels.ts";
import type { ChannelCalls } from "./calls.ts";

/** How a far side wants its credential. `path-token`: in the path, where a segment is `prefix` and the placeholder. */
export type CredentialRule =
  | "bearer"
  | "x-api-key"
  | "x-goog-api-key"
  | "none"
  | { readonly kind: "path-token"; readonly prefix: string };

/** A model provider, or an account on a chat platform. */
export type ProviderCeiling = {
  readonly baseUrl: string;
  readonly credential: CredentialRule;
  /** The vault's name of the credential; where it has no value, requests go without one. */
  readonly secret: string;
  /** True where the base URL stands in the config: only then may it lead to the owner's own network. */
  readonly ownerNamed: boolean;
  /** How long the far side may think before it answers, and pause while it does; for slow models of the owner's own. */
  readonly timeoutMs?: number;
  /** Where the broker itself tries a credential before it is stored. */
  readonly value?: string;
  /** What the far side is told of who calls. */
  readonly identity?: Readonly<Record<string, string>>;
  /** What may be called there; left out, all that is below the base URL. */
  readonly calls?: ChannelCalls;
  /** Headers with secret values: lower-case name → the vault's name of the value. */
  readonly secretHeaders?: Readonly<Record<string, string>>;
};

/** The far sides that the config switches on. */
export type RouteCeiling = {
  readonly providers: ReadonlyMap<string, ProviderCeiling>;
  /** By `channelKey`: the accounts that are switched on. */
  readonly channels: ReadonlyMap<string, ProviderCeiling>;
};

export type OutgoingResource = ModelRequest | ChannelRequest;

export type Target = {
  readonly origin: string;
  readonly path: string;
  /** Host and port, for messages. */
  readonly host: string;
};

export function farSide(resource: OutgoingResource, ceiling: RouteCeiling): ProviderCeiling {
  const found =
    "provider" in resource
      ? ceiling.providers.get(resource.provider)
      : ceiling.channels.get(channelKey(resource.channel, resource.account));
  if (found !== undefined) return found;
  throw new LoricaError("forbidden", `the config has no ${nameOf(resource)} switched on`);
}

/** The provider, or the account on a platform, as rules name it. */
export function accountOf(resource: OutgoingResource): string {
  return "provider" in resource ? resource.provider : channelKey(resource.channel, resource.account);
}

function nameOf(resource: OutgoingResource): string {
  if ("provider" in resource) return `provider ${JSON.stringify(resource.provider.slice(0, 64))}`;
  return `channel ${JSON.stringify(channelKey(resource.channel, resource.account).slice(0, 128))}`;
}

export function checkTarget(resource: OutgoingResource, provider: ProviderCeiling): Target {
  const target = parseTarget(resource.url, provider);
  if (target.ok) return target.value;
  throw new LoricaError(
    "forbidden",
    `a request to the ${nameOf(resource)} is outside of what it may reach: ${target.reason}`,
  );
}

/** Where a request may go: below the far side's base URL, spelt so that no server can read it as somewhere else. */
export function parseTarget(url: string, provider: ProviderCeiling): Parsed<Target> {
  const base = parseBaseUrl(provider.baseUrl);
  if (url.length > limits.fetchUrlMaxChars || !URL.canParse(url)) return rejected("not a URL");
  const wanted = new URL(url);
  if (wanted.username !== "" || wanted.password !== "") return rejected("a URL with a user name or password");
  if (wanted.origin !== base.origin) return rejected(`${wanted.origin} is not ${base.origin}`);
  // A server that decodes these before it looks at the path would leave the base path again.
  if (/%(?:2e|2f|5c|00)|\\/i.test(wanted.pathname)) return rejected("a path with encoded dots or slashes");
  const prefix = base.pathname.endsWith("/") ? base.pathname : `${base.pathname}/`;
  if (wanted.pathname !== base.pathname && !wanted.pathname.startsWith(prefix))
    return rejected(`${wanted.pathname} is not below ${base.pathname}`);
  return parsed({ origin: wanted.origin, path: `${wanted.pathname}${wanted.search}`, host: wanted.host });
}

function parseBaseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== "https:" && url.protocol !== "http:"))
    throw new LoricaError("config_invalid", `not a base URL: ${text}. It begins with https:// or http://`);
  return url;
}
