// What the config says of channels, in the words of those who need to know: the accounts that a channel runs, whom each
// lets in, and what the broker may dial for it.
import type { Json } from "../../base/json.ts";
import { limits } from "../../base/limits.ts";
import type { Ceiling } from "../../broker/broker.ts";
import type { ProviderCeiling } from "../../egress/egress.ts";
import type { ChannelAccount } from "../../channel/channel.ts";
import { channelIdentity } from "../../config/identity/outgoing.ts";
import type { ChannelConfig, Config } from "../../config/config.ts";
import { createPatternMatcher } from "../../dlp/dlp.ts";
import type { ChannelAccess, PipelineSettings } from "../../pipeline/pipeline.ts";
import { channelKey, channelSecretName, findKnownChannel } from "../../protocol/known/channels.ts";
import type { KnownChannel } from "../../protocol/known/channels.ts";
import type { SecretInfo } from "../../vault/vault.ts";

/** What the gateway is told for its channels. */
export type ChannelStart = {
  readonly config: Config;
  /** By `channelKey`. */
  readonly tokensAt: Readonly<Record<string, number>>;
};

type AccountConfig = ChannelConfig["accounts"][string];

/** The id of the account that stands in the channel itself. */
const ownAccount = "default";

const mebibyte = 1_048_576;

/** The accounts that are switched on, of a channel that is (CH-012). */
export function channelAccounts({ config, tokensAt }: ChannelStart, channel: string): readonly ChannelAccount[] {
  return accountsOn(config, channel).map(({ id, account }) => ({
    id,
    name: account.name,
    webhookUrl: account.webhookUrl,
    mediaMaxBytes: Math.floor(account.mediaMaxMb * mebibyte),
    textMaxChars: account.textChunkLimit,
    credentialAt: tokensAt[channelKey(channel, id)],
    settings: settingsOf(account),
  }));
}

/** When the token of each account was stored last; left out where the vault has none. */
export function channelTokensAt(config: Config, secrets: readonly SecretInfo[]): ChannelStart["tokensAt"] {
  const times = new Map(secrets.map(({ name, updatedAt }) => [name, updatedAt]));
  const found = [...channelCeilings(config)].map(([key, { secret }]) => [key, times.get(secret)] as const);
  return Object.fromEntries(found.flatMap(([key, at]) => (at === undefined ? [] : [[key, at] as const])));
}

/** The names under which platforms reach the gateway: it is called by them. */
export function webhookHosts(config: Config): readonly string[] {
  const accounts = Object.keys(config.channels).flatMap((channel) => accountsOn(config, channel));
  return accounts.flatMap(({ account: { webhookUrl } }) =>
    webhookUrl === undefined ? [] : [new URL(webhookUrl).hostname],
  );
}

/** By `channelKey`, what policy lets channels ask for. */
export function channelsOn(config: Config): ReadonlySet<string> {
  return new Set(
    Object.keys(config.channels).flatMap((channel) =>
      accountsOn(config, channel).map(({ id }) => channelKey(channel, id)),
    ),
  );
}

export function channelCeilings(config: Config): Ceiling["channels"] {
  return new Map(
    Object.keys(config.channels).flatMap((channel) => {
      const known = findKnownChannel(channel);
      if (known === undefined) return [];
      return accountsOn(config, channel).map(
        ({ id, account }) =>
          [
            channelKey(channel, id),
            { ...channelCeiling(known, id, account), identity: channelIdentity(config) },
          ] as const,
      );
    }),
  );
}

/** For a check of an account that may not be switched on, or not be there: then it is the platform's public place. */
export function channelRoute(config: Config, channel: string, id: string): ProviderCeiling | undefined {
  const known = findKnownChannel(channel);
  const settings = channelOf(config, channel);
  return known && channelCeiling(known, id, settings?.accounts[id] ?? (id === ownAccount ? settings : undefined) ?? {});
}

function channelCeiling(
  known: KnownChannel,
  id: string,
  account: Partial<Pick<AccountConfig, "apiRoot" | "botToken" | "token" | "accessToken" | "webhookUrl">>,
): ProviderCeiling {
  return {
    calls: { ...known.calls, deliverTo: account.webhookUrl },
    baseUrl: account.apiRoot ?? known.baseUrl,
    credential:
      typeof known.credential === "object" && known.credential.kind === "bearer" ? "bearer" : known.credential,
    secret: account[known.tokenKey]?.secret ?? channelSecretName(known.id, id, known.tokenKey),
    ownerNamed: account.apiRoot !== undefined,
  };
}

export function accessSettings(
  config: Config,
): Pick<PipelineSettings, "access" | "owners" | "mentions" | "ackReaction"> {
  return {
    access: (channel, id) => accessOf(config, channel, id),
    owners: new Set(config.commands.ownerAllowFrom),
    mentions: mentionsOf(config.messages.groupChat.mentionPatterns),
    ackReaction: config.messages.ackReaction,
  };
}

/** Compiled once for each list of the config: settings are asked for at each message. */
const matchers = new WeakMap<readonly string[], (text: string) => boolean>();

/** The owner's expressions meet texts of anybody, so they are given a short time and the beginning of the text. */
function mentionsOf(patterns: readonly string[]): (text: string) => boolean {
  const expressions = (): readonly RegExp[] => patterns.map((pattern) => new RegExp(pattern, "iu"));
  const matches = matchers.get(patterns) ?? createPatternMatcher(expressions(), limits.mentionTimeoutMs);
  matchers.set(patterns, matches);
  return (text) => matches(text.slice(0, limits.mentionWithinChars));
}

function accessOf(config: Config, channel: string, id: string): ChannelAccess | undefined {
  const settings = channelOf(config, channel);
  const account = accountsOn(config, channel).find((found) => found.id === id)?.account;
  if (settings === undefined || account === undefined) return undefined;
  const { defaults } = config.channels;
  return {
    dmPolicy: account.dmPolicy,
    allowFrom: account.allowFrom,
    groupPolicy: account.groupPolicy ?? settings.groupPolicy ?? defaults.groupPolicy,
    groupAllowFrom: account.groupAllowFrom.length > 0 ? account.groupAllowFrom : account.allowFrom,
    allowedGroups: account.allowedGroups,
    groups: Object.fromEntries(
      Object.entries(account.groups).map(([group, rule]) => [group, { ...rule, systemPrompt: rule.systemPrompt }]),
    ),
    commandPrefix: account.requireCommandPrefix,
    allowBots: account.allowBots,
    historyLimit: settings.historyLimit ?? defaults.historyLimit,
    responsePrefix: account.responsePrefix,
    textMaxChars: account.textChunkLimit,
  };
}

type AccountOn = { readonly id: string; readonly account: Omit<AccountConfig, "enabled"> };

function accountsOn(config: Config, channel: string): readonly AccountOn[] {
  const settings = channelOf(config, channel);
  if (settings === undefined || !settings.enabled) return [];
  const named = Object.entries(settings.accounts);
  const others = named.flatMap(([id, account]) => (account.enabled ? [{ id, account }] : []));
  // Whoever names accounts and puts no token beside them has none but those.
  const hasOwn = named.length === 0 || [settings.botToken, settings.token, settings.accessToken].some(Boolean);
  const taken = Object.hasOwn(settings.accounts, ownAccount);
  return hasOwn && !taken ? [{ id: ownAccount, account: settings }, ...others] : others;
}

function channelOf(config: Config, channel: string): ChannelConfig | undefined {
  if (channel === "defaults" || !Object.hasOwn(config.channels, channel)) return undefined;
  return config.channels[channel];
}

/** What only the channel itself understands. */
function settingsOf({ apiRoot }: Pick<AccountConfig, "apiRoot">): Json {
  return apiRoot === undefined ? {} : { apiRoot };
}
