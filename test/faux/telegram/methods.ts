// What each method of the Bot API does to the fake, and when it refuses.
import { EntityError, readHtml } from "./html.ts";
import type { Updates } from "./updates.ts";

export type Refusal = {
  readonly error_code: number;
  readonly description: string;
  readonly parameters?: { readonly retry_after?: number; readonly migrate_to_chat_id?: number };
};

export type SentMessage = {
  readonly method: string;
  readonly chat: number;
  readonly message: number;
  /** As people see it: tags are read. */
  readonly text: string;
  readonly entities: readonly string[];
  readonly thread: number | undefined;
  readonly answered: number | undefined;
  readonly file: { readonly name: string; readonly bytes: Uint8Array } | undefined;
};

export type World = {
  readonly me: { readonly id: number; readonly username: string };
  readonly updates: Updates;
  readonly sent: SentMessage[];
  readonly reactions: { readonly chat: number; readonly message: number; readonly emoji: readonly string[] }[];
  readonly commands: Map<string, unknown>;
  readonly files: Map<string, { readonly path: string; readonly bytes: Uint8Array; readonly size?: number }>;
  readonly migrated: Map<number, number>;
  webhook: { readonly url: string; readonly secret: string } | undefined;
  readonly nextMessageId: () => number;
};

type Params = Readonly<Record<string, unknown>>;
type Outcome = Refusal | { readonly result: unknown };

export async function perform(method: string, params: Params, world: World): Promise<Outcome> {
  if (method === "getMe") return { result: { ...world.me, can_read_all_group_messages: false } };
  if (method === "getUpdates") return getUpdates(params, world);
  if (method === "setWebhook") return setWebhook(params, world);
  if (method === "deleteWebhook") return deleteWebhook(world);
  if (method === "setMyCommands") return setCommands(params, world);
  if (method === "getFile") return getFile(params, world);
  if (method === "sendChatAction") return inChat(params, world, () => ({ result: true }));
  if (method === "setMessageReaction") return inChat(params, world, () => react(params, world));
  if (method === "sendMessageDraft") return inChat(params, world, () => draft(params));
  if (/^send(?:Message|Photo|Document|Voice|Audio|Video|Animation)$/.test(method))
    return inChat(params, world, () => send(method, params, world));
  return { error_code: 404, description: "Not Found: method not found" };
}

async function getUpdates(params: Params, { updates, webhook }: World): Promise<Outcome> {
  if (webhook !== undefined)
    return conflict(
      "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
    );
  const { offset = 0, limit = 100, timeout = 0 } = params as Record<string, number>;
  const found = await updates.poll({ offset, limit, seconds: timeout });
  if (found !== "conflict") return { result: found };
  return conflict("terminated by other getUpdates request; make sure that only one bot instance is running");
}

function conflict(why: string): Refusal {
  return { error_code: 409, description: `Conflict: ${why}` };
}

function setWebhook({ url, secret_token: secret }: Params, world: World): Outcome {
  if (typeof url !== "string" || !url.startsWith("https://"))
    return bad("bad webhook: An HTTPS URL must be provided for webhook");
  if (!/^[\w-]{1,256}$/.test(String(secret))) return bad("secret token contains unallowed characters");
  world.webhook = { url, secret: String(secret) };
  return { result: true };
}

function deleteWebhook(world: World): Outcome {
  world.webhook = undefined;
  return { result: true };
}

function setCommands({ commands, scope }: Params, world: World): Outcome {
  const list = commands as { readonly command: string; readonly description: string }[];
  if (list.some(({ command }) => !/^[a-z0-9_]{1,32}$/.test(command))) return bad("BOT_COMMAND_INVALID");
  if (list.some(({ description }) => description.length < 1 || description.length > 256))
    return bad("BOT_COMMAND_DESCRIPTION_INVALID");
  world.commands.set((scope as { readonly type: string }).type, commands);
  return { result: true };
}

function getFile({ file_id: id }: Params, { files }: World): Outcome {
  const file = files.get(String(id));
  if (file === undefined) return bad("invalid file_id");
  const size = file.size ?? file.bytes.length;
  if (size > 20 * 1_048_576) return bad("file is too big");
  return { result: { file_id: id, file_unique_id: id, file_size: size, file_path: file.path } };
}

function inChat(params: Params, { migrated }: World, then: () => Outcome): Outcome {
  const chat = Number(params["chat_id"]);
  if (!Number.isSafeInteger(chat) || chat === 0) return bad("chat not found");
  const to = migrated.get(chat);
  if (to === undefined) return then();
  const parameters = { migrate_to_chat_id: to };
  return { ...bad("group chat was upgraded to a supergroup chat"), parameters };
}

const knownReactions = new Set(["👍", "👎", "❤", "🔥", "👀", "🎉", "🤔"]);

function react({ chat_id: chat, message_id: message, reaction }: Params, world: World): Outcome {
  const emoji = (reaction as { readonly emoji: string }[]).map(({ emoji }) => emoji);
  if (emoji.some((one) => !knownReactions.has(one))) return bad("REACTION_INVALID");
  world.reactions.push({ chat: Number(chat), message: Number(message), emoji });
  return { result: true };
}

function draft({ chat_id: chat, draft_id: id, text }: Params): Outcome {
  if (Number(chat) < 0) return bad("drafts can be sent to private chats only");
  if (!Number.isSafeInteger(id) || id === 0) return bad("DRAFT_ID_INVALID");
  return String(text).length > 4_096 ? bad("message is too long") : { result: true };
}

function send(method: string, params: Params, world: World): Outcome {
  const hasFile = method !== "sendMessage";
  const file = params[method.slice(4).toLowerCase()] as SentMessage["file"];
  if (hasFile && (file === undefined || file.bytes.length === 0)) return bad("file must be non-empty");
  const written = String(params[hasFile ? "caption" : "text"] ?? "");
  const read = readText(written, params["parse_mode"]);
  if ("error_code" in read) return read;
  const text = read.text.trim();
  if (!hasFile && text === "") return bad(written === "" ? "message text is empty" : "text must be non-empty");
  if (text.length > (hasFile ? 1_024 : 4_096))
    return bad(hasFile ? "message caption is too long" : "message is too long");
  const message = world.nextMessageId();
  const answered = parse(params["reply_parameters"]) as { readonly message_id?: number } | undefined;
  const thread = params["message_thread_id"];
  const chat = Number(params["chat_id"]);
  world.sent.push({
    method,
    chat,
    message,
    text,
    entities: read.entities,
    thread: thread === undefined ? undefined : Number(thread),
    answered: answered?.message_id,
    file,
  });
  return { result: { message_id: message, date: 1_700_000_000, chat: { id: chat, type: "private" }, text } };
}

function readText(
  written: string,
  mode: unknown,
): { readonly text: string; readonly entities: readonly string[] } | Refusal {
  if (mode === undefined) return { text: written, entities: [] };
  try {
    const { text, entities } = readHtml(written);
    return { text, entities: entities.map(({ type }) => type) };
  } catch (error) {
    if (!(error instanceof EntityError)) throw error;
    return bad(`can't parse entities: ${error.message}`);
  }
}

/** In a form, a structured parameter is JSON. */
function parse(value: unknown): unknown {
  return typeof value === "string" ? JSON.parse(value) : value;
}

function bad(why: string): Refusal {
  return { error_code: 400, description: `Bad Request: ${why}` };
}
