// What of Telegram's updates is read, and in which shape. Everything else in an update is passed over. What decides who
// speaks and where must be right, or the update is unreadable; what only adds to a message is left out where it is not.
import { z } from "zod";

const id = z.int();
const text = z.string();

const user = z.object({
  id: z.int().positive(),
  is_bot: z.boolean(),
  first_name: text,
  last_name: text.optional(),
  username: text.optional(),
});

const chat = z.object({
  id,
  type: z.enum(["private", "group", "supergroup", "channel"]),
  title: text.optional(),
});

const entity = z.object({
  type: text,
  offset: z.int().nonnegative(),
  length: z.int().nonnegative(),
  url: text.optional(),
  user: user.optional().catch(undefined),
});
const entities = z.array(entity).optional().catch(undefined);

const origin = z.union([
  z.object({ type: z.literal("user"), sender_user: user }),
  z.object({ type: z.literal("hidden_user"), sender_user_name: text }),
  z.object({ type: z.literal("chat"), sender_chat: chat }),
  z.object({ type: z.literal("channel"), chat }),
]);

const file = z.object({
  file_id: text.min(1).max(512),
  file_size: z.int().nonnegative().optional(),
  file_name: text.optional().catch(undefined),
  mime_type: text.optional().catch(undefined),
  title: text.optional().catch(undefined),
});
const photos = z.array(file.extend({ width: z.int().nonnegative(), height: z.int().nonnegative() }));
const place = z.object({ latitude: z.number(), longitude: z.number() });

const content = z.object({
  text: text.optional(),
  caption: text.optional(),
  entities,
  caption_entities: entities,
  photo: photos.optional().catch(undefined),
  document: file.optional().catch(undefined),
  animation: file.optional().catch(undefined),
  audio: file.optional().catch(undefined),
  voice: file.optional().catch(undefined),
  video: file.optional().catch(undefined),
  video_note: file.optional().catch(undefined),
  sticker: z.object({ emoji: text.optional(), set_name: text.optional() }).optional().catch(undefined),
  location: place.optional().catch(undefined),
  venue: z.object({ location: place, title: text, address: text }).optional().catch(undefined),
  contact: z.object({ phone_number: text, first_name: text, last_name: text.optional() }).optional().catch(undefined),
  poll: z
    .object({ question: text, options: z.array(z.object({ text })) })
    .optional()
    .catch(undefined),
  dice: z.object({ emoji: text, value: z.int() }).optional().catch(undefined),
  story: z.unknown().optional(),
});

const answered = content.extend({
  message_id: id,
  from: user.optional(),
  sender_chat: chat.optional(),
  forum_topic_created: z.unknown().optional(),
});

const message = content.extend({
  message_id: id,
  chat,
  from: user.optional(),
  // Whoever writes in the name of a chat: there is a `from` then, but it is a stand-in and not a person.
  sender_chat: chat.optional(),
  via_bot: user.optional(),
  message_thread_id: id.optional(),
  is_topic_message: z.boolean().optional(),
  media_group_id: text.max(128).optional(),
  forward_origin: origin.optional(),
  // Anything there means that the words are somebody else's, even where it cannot be read whose.
  forward_from: z.unknown().optional(),
  forward_from_chat: z.unknown().optional(),
  forward_sender_name: z.unknown().optional(),
  forward_date: z.unknown().optional(),
  is_automatic_forward: z.boolean().optional(),
  reply_to_message: answered.optional().catch(undefined),
  external_reply: z.object({ origin }).optional().catch(undefined),
  quote: z.object({ text }).optional().catch(undefined),
  migrate_to_chat_id: id.optional(),
});

export const updateSchema = z.object({ update_id: id.nonnegative(), message: message.optional() });

/** Asked of Telegram: what is not in the list is not even delivered. */
export const allowedUpdates = ["message"] as const;

export type Content = z.infer<typeof content>;
export type TelegramMessage = z.infer<typeof message>;
export type TelegramUser = z.infer<typeof user>;
export type TelegramFile = z.infer<typeof file>;
export type Origin = z.infer<typeof origin>;
export type Entity = z.infer<typeof entity>;
