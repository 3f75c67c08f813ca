// catalogue
// Config keys of channels: whom each lets in, and how it behaves.
import { z } from "zod";
import { findKnownChannel } from "../../protocol/known/channels.ts";
import { key, later, laterOptional, laterUnset, names, reserved, secret, section, text } from "./field.ts";

/** Every channel that a config may name. Those that are not built accept only `enabled: false`. */
export const channelTypes = [
  "loopback",
  "telegram",
  "discord",
  "slack",
  "whatsapp",
  "signal",
  "imessage",
  "matrix",
  "msteams",
  "googlechat",
  "irc",
  "line",
  "mattermost",
  "nextcloud-talk",
  "nostr",
  "twitch",
  "zalo",
  "feishu",
  "sms",
  "email",
] as const;

const dmPolicy = z.enum(["pairing", "allowlist", "open", "disabled"]);
const groupPolicy = z.enum(["allowlist", "open", "disabled"]);
// Upstream takes numbers too; the loader has made them text, because ids beyond 2^53 do not survive as numbers.
const senderIds = names(5_000);

const group = z.strictObject({
  enabled: key(z.boolean().default(true), "Whether the group is heard at all."),
  requireMention: key(z.boolean().default(true), "Only messages that mention the assistant."),
  allowFrom: key(senderIds.default([]), "Who in the group may speak; empty is everybody whom the channel lets in."),
  tools: laterUnset(
    z.strictObject({ allow: names().optional(), deny: names().default([]) }),
    4,
    "Tools in this group.",
  ),
  skills: laterUnset(names(), "later", "Skills in this group."),
  systemPrompt: key(text(20_000).optional(), "Said to the model in this group."),
});

const behaviour = {
  configWrites: later(z.boolean(), { safe: false, step: 4 }, "Chat commands may change config."),
  historyLimit: key(z.int().min(0).max(10_000).default(50), "Messages of a group that are shown as context."),
  dmHistoryLimit: key(z.int().min(0).max(10_000).default(200), "Turns of a direct chat that are kept in the context."),
  groupPolicy: key(
    groupPolicy.default("allowlist"),
    "Which groups are heard: `allowlist` the listed ones, `open` any, `disabled` none.",
  ),
};

const account = {
  name: key(text(200).optional(), "A name for people."),
  dmPolicy: key(
    dmPolicy.default("pairing"),
    "Who may write directly: `pairing` whom the owner approved, `allowlist` whom allowFrom lists, `open` anybody, `disabled` nobody.",
  ),
  allowFrom: key(senderIds.default([]), "Ids of those who may write. `*` is everybody and needs an acknowledgement."),
  groupAllowFrom: key(senderIds.default([]), "Ids of those who may speak in groups; empty is allowFrom."),
  allowedGroups: key(names(5_000).default([]), "Ids of the groups that are heard."),
  groups: key(z.record(z.string().min(1).max(128), group).default({}), "Settings by group id; `*` is every group."),
  requireCommandPrefix: key(text(16).optional(), "In groups, only messages that begin with this."),
  textChunkLimit: key(z.int().min(100).max(100_000).optional(), "Characters of one message; longer replies are split."),
  mediaMaxMb: key(z.number().min(0.1).max(1_024).default(18), "The largest attachment."),
  responsePrefix: key(text(200).optional(), "Put in front of each reply."),
  botToken: secret("The bot's token."),
  token: secret("The bot's token, where the platform calls it that."),
  appToken: secret("The app-level token."),
  signingSecret: secret("What the platform signs its requests with."),
  accessToken: secret("The access token."),
  password: secret("The account's password."),
  webhookUrl: key(
    z
      .url({ protocol: /^https$/ })
      .max(2_048)
      .optional(),
    "The public address of this gateway to which the platform delivers; unset is asking the platform for messages.",
  ),
  webhookSecret: secret("Understood and not needed: the gateway makes the platform a new one at each start."),
  apiRoot: key(
    z
      .url({ protocol: /^https?$/ })
      .max(2_048)
      .optional(),
    "The platform's API, where it is not the public one: a self-hosted Bot API server.",
  ),
  allowBots: key(z.boolean().default(false), "Whether other bots are heard."),
};

const channel = z.strictObject({
  enabled: key(z.boolean().default(false), "Whether the channel runs."),
  ...behaviour,
  ...account,
  configWrites: laterOptional(
    z.boolean(),
    { safe: false, step: 4 },
    "Chat commands may change config; unset is channels.defaults.",
  ),
  historyLimit: key(z.int().min(0).max(10_000).optional(), "Messages of a group that are shown as context."),
  dmHistoryLimit: key(z.int().min(0).max(10_000).optional(), "Turns of a direct chat that are kept in the context."),
  groupPolicy: key(groupPolicy.optional(), "Which groups are heard; unset is channels.defaults."),
  defaultAccount: key(text(64).default("default"), "The account that sends where none is named."),
  accounts: key(
    z
      .record(
        z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/),
        z.strictObject({
          enabled: key(z.boolean().default(true), "Whether the account runs."),
          ...account,
          groupPolicy: key(groupPolicy.optional(), "Which groups are heard."),
        }),
      )
      .default({}),
    "More accounts on the same platform, by id.",
  ),
  commands: reserved(4, "Chat commands of the platform."),
});

export const channels = key(
  z
    .object({ defaults: section(behaviour, "What every channel has unless it says otherwise.") })
    .catchall(channel)
    .superRefine((value, context) => {
      for (const [type, settings] of Object.entries(value)) {
        if (type === "defaults") continue;
        if (!channelTypes.some((known) => known === type))
          context.addIssue({ code: "unrecognized_keys", keys: [type], input: value });
        if (!("enabled" in settings) || !settings.enabled || type === "loopback") continue;
        if (findKnownChannel(type) === undefined)
          context.addIssue({
            code: "custom",
            path: [type, "enabled"],
            message: `only false is accepted: the ${type} channel is not part of Lorica yet`,
          });
      }
    })
    .prefault({} as never),
  "Channels by type, as `channels.telegram`.",
  "hot",
);
