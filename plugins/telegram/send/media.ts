// One file as Telegram wants it: by what it is, or as a document where Telegram would change or refuse it.
import { InputFile } from "grammy/web";
import type { MediaRef } from "../../../src/base/envelope.ts";
import { limits } from "../../../src/base/limits.ts";
import type { Answer } from "../api.ts";
import type { Line } from "../line.ts";

type MediaKind = "photo" | "animation" | "voice" | "audio" | "video" | "document";

/** What goes with every message, whatever its kind. */
export type Common = {
  readonly chat_id: number;
  readonly message_thread_id?: number;
  readonly reply_parameters?: { readonly message_id: number; readonly allow_sending_without_reply: true };
};

export type Caption = { readonly caption?: string; readonly parse_mode?: "HTML" };

const kinds: Readonly<Record<string, MediaKind>> = {
  "image/jpeg": "photo",
  "image/png": "photo",
  "image/webp": "photo",
  "image/gif": "animation",
  "audio/ogg": "voice",
  "audio/mpeg": "audio",
  "audio/mp4": "audio",
  "audio/x-m4a": "audio",
  "video/mp4": "video",
};

export function kindOf({ mime, bytes }: MediaRef): MediaKind {
  const kind = kinds[mime] ?? "document";
  return kind === "photo" && bytes > limits.telegramImageMaxBytes ? "document" : kind;
}

export async function sendFile(
  line: Line,
  { file, common, caption }: { readonly file: MediaRef; readonly common: Common; readonly caption: Caption },
  signal: AbortSignal,
): Promise<Answer<{ readonly message_id: number }>> {
  const bytes = await line.context.media.load(file);
  const call = (kind: MediaKind) =>
    upload(line, { kind, bytes, name: file.name, rest: { ...common, ...caption } }, signal);
  const kind = kindOf(file);
  const answer = await call(kind);
  // A picture of odd measures, a sound in another format: as a document Telegram takes any bytes.
  const isOdd =
    answer.kind === "refused" &&
    answer.code === 400 &&
    /^Bad Request: (?:PHOTO_|IMAGE_|VIDEO_|VOICE_|wrong file|failed to)/i.test(answer.description);
  return isOdd && kind !== "document" ? call("document") : answer;
}

type Upload = {
  readonly kind: MediaKind;
  readonly bytes: Uint8Array;
  readonly name: string;
  readonly rest: Common & Caption;
};

async function upload(line: Line, { kind, bytes, name, rest }: Upload, signal: AbortSignal) {
  const file = new InputFile(bytes, name);
  const { telegramUploadTimeoutMs: timeoutMs } = limits;
  return line.api.call<{ readonly message_id: number }>(
    (api, ending) => {
      if (kind === "photo") return api.sendPhoto({ ...rest, photo: file }, ending);
      if (kind === "animation") return api.sendAnimation({ ...rest, animation: file }, ending);
      if (kind === "voice") return api.sendVoice({ ...rest, voice: file }, ending);
      if (kind === "audio") return api.sendAudio({ ...rest, audio: file }, ending);
      if (kind === "video") return api.sendVideo({ ...rest, video: file }, ending);
      return api.sendDocument({ ...rest, document: file }, ending);
    },
    signal,
    timeoutMs,
  );
}
