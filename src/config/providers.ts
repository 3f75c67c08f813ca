// What config knows of model providers by name: their place and protocol, and which variables hold whose keys.
import { findKnownProvider, inferApi, knownProviders, wholeBaseUrl } from "../protocol/providers.ts";
import type { ProviderConfig } from "./schema/schema.ts";

export { ownerOfHost } from "../protocol/providers.ts";

export type ProviderPlace = { readonly baseUrl: string | undefined; readonly api: NonNullable<ProviderConfig["api"]> };

/** Not an AI: the built-in rehearsal model, which no request ever leaves for. */
const rehearsal = { id: "rehearsal", place: { baseUrl: "http://rehearsal.invalid", api: "rehearsal" } } as const;

/** Earlier or second names of variables that hold a provider's key. */
const moreKeys: Readonly<Record<string, readonly string[]>> = { google: ["GOOGLE_API_KEY"], zai: ["ZHIPU_API_KEY"] };

/** Variables that hold other keys, and the secrets that they become. */
export const otherKeys: Readonly<Record<string, string>> = {
  BRAVE_API_KEY: "tool:brave",
  TELEGRAM_BOT_TOKEN: "channel:telegram.default.bottoken",
  DISCORD_BOT_TOKEN: "channel:discord.default.token",
  SLACK_BOT_TOKEN: "channel:slack.default.bottoken",
  SLACK_APP_TOKEN: "channel:slack.default.apptoken",
};

/** The variables that may hold a provider's key; the first one that is set counts. */
export const keyVariables: ReadonlyMap<string, readonly string[]> = new Map(
  knownProviders.map(({ id, keyVariable }) => [
    id,
    [...(keyVariable === undefined ? [] : [keyVariable]), ...(moreKeys[id] ?? [])],
  ]),
);

/** What the secret in a variable is called; undefined where the variable holds none, as far as its name says. */
export function secretNameOfVariable(variable: string): string | undefined {
  for (const [id, names] of keyVariables) if (names.includes(variable)) return `provider:${id}`;
  const gateway = gatewayVariables.find(([, pattern]) => pattern.test(variable))?.[0];
  const named = otherKeys[variable] ?? gateway;
  if (named !== undefined || !/(KEY|TOKEN|SECRET|PASSWORD|PASSPHRASE)$/i.test(variable)) return named;
  return variable.length <= 64 ? `env:${variable.toLowerCase()}` : undefined;
}

const gatewayVariables = [
  ["gateway:token", /^((OPENCLAW|LORICA|MOLTBOT|CLAWDBOT)_GATEWAY_TOKEN|GATEWAY_AUTH_TOKEN)$/],
  ["gateway:password", /^(OPENCLAW|LORICA|MOLTBOT|CLAWDBOT)_GATEWAY_PASSWORD$/],
] as const;

export const knownIds: readonly string[] = [...knownProviders.map(({ id }) => id), rehearsal.id];

/** Where a provider is and what it speaks, by its name alone. */
export function knownPlace(id: string): ProviderPlace | undefined {
  if (id === rehearsal.id) return rehearsal.place;
  const known = findKnownProvider(id);
  return known === undefined
    ? undefined
    : { baseUrl: known.baseUrl === "" ? undefined : known.baseUrl, api: known.api };
}

/** The same with what the config says of it. */
export function placeOfProvider(id: string, given: ProviderConfig | undefined): ProviderPlace | undefined {
  const known = knownPlace(id);
  const baseUrl = given?.baseUrl === undefined ? known?.baseUrl : wholeBaseUrl(given.baseUrl);
  if (baseUrl === undefined) return undefined;
  const moved = given?.baseUrl !== undefined && hostOf(given.baseUrl) !== hostOf(known?.baseUrl);
  // Whoever gives a well-known name another address runs something compatible there, which speaks the older protocol.
  const inherited = moved && known?.api === "openai-responses" ? "openai-completions" : known?.api;
  const inferred = moved ? inferApi(baseUrl) : undefined;
  return { baseUrl, api: given?.api ?? inferred ?? inherited ?? "openai-completions" };
}

function hostOf(baseUrl: string | undefined): string | undefined {
  return baseUrl !== undefined && URL.canParse(baseUrl) ? new URL(baseUrl).host : undefined;
}
