// catalogue
// The chat platforms that channels ship for: where each is, and where its credential goes. The broker dials by this table
// and by what the owner's config says, and never by what a channel says of itself.

export type KnownChannel = {
  readonly id: string;
  readonly name: string;
  readonly baseUrl: string;
  readonly credential: { readonly kind: "path-token"; readonly prefix: string } | { readonly kind: "bearer" };
  /** The config key below the channel or its account that names the credential. */
  readonly tokenKey: "botToken" | "token" | "accessToken";
  /** Asked with a credential to find out whether it is one: below the base URL, with the placeholder in its place. */
  readonly check: { readonly path: string; readonly nameAt: readonly string[] };
  /** Where people get a credential. */
  readonly hint: string;
  readonly calls: KnownCalls;
};

/** What of a platform a channel needs; the broker lets nothing else be called. */
export type KnownCalls = {
  /** What stands behind the token in the path. */
  readonly names: readonly string[];
  /** What stands before it where a file is fetched. */
  readonly files: string;
  /** The call that tells the platform where to deliver: in which field, and which others it may have. */
  readonly delivery: { readonly name: string; readonly key: string; readonly others: readonly string[] };
};

/** Stands in a path where the token goes; also `tokenPlaceholder` of the channel contract. */
export const pathTokenPlaceholder = "added-by-the-broker";

export const knownChannels: readonly KnownChannel[] = [
  {
    id: "telegram",
    name: "Telegram",
    baseUrl: "https://api.telegram.org",
    credential: { kind: "path-token", prefix: "bot" },
    tokenKey: "botToken",
    check: { path: `/bot${pathTokenPlaceholder}/getMe`, nameAt: ["result", "username"] },
    hint: "write to @BotFather in Telegram, send /newbot, and copy the token that it answers with",
    calls: {
      names: [
        "getMe",
        "getUpdates",
        "setWebhook",
        "deleteWebhook",
        "setMyCommands",
        "getFile",
        "sendMessage",
        "sendMessageDraft",
        "sendPhoto",
        "sendAnimation",
        "sendVoice",
        "sendAudio",
        "sendVideo",
        "sendDocument",
        "sendChatAction",
        "setMessageReaction",
      ],
      files: "file",
      delivery: { name: "setWebhook", key: "url", others: ["secret_token", "allowed_updates", "max_connections"] },
    },
  },
];

export function findKnownChannel(id: string): KnownChannel | undefined {
  return knownChannels.find((known) => known.id === id);
}

/** One account of a channel, as ceilings and rules name it. No channel's id holds a slash. */
export function channelKey(channel: string, account: string): string {
  return `${channel}/${account}`;
}

/** The vault's name of an account's credential, as the config names it. */
export function channelSecretName(channel: string, account: string, key: string): string {
  return `channel:${channel}.${account}.${key.toLowerCase()}`;
}
