// The files of a message: which they are, how big they may be, and what is said where one is not taken.
import { limits } from "../../../src/base/limits.ts";
import type { Content, TelegramFile } from "./update.ts";

export type FileKind = "photo" | "document" | "animation" | "audio" | "voice message" | "video";

export type RemoteFile = {
  readonly kind: FileKind;
  readonly fileId: string;
  /** As the sender's program calls it; never a path. */
  readonly name: string;
  readonly mime: string;
  /** What Telegram says; what arrives is counted. */
  readonly bytes: number | undefined;
  readonly bytesMax: number;
};

export function filesOf(content: Content, mediaMaxBytes: number): readonly RemoteFile[] {
  const of = (kind: FileKind, found: TelegramFile | undefined, unnamed: Unnamed): readonly RemoteFile[] =>
    found === undefined ? [] : [remote(found, { kind, ...unnamed }, mediaMaxBytes)];
  // Telegram gives several sizes of a picture. An animation comes a second time as a document.
  const photo = content.photo?.toSorted((a, b) => b.width * b.height - a.width * a.height);
  const best = photo?.find(({ file_size: bytes }) => (bytes ?? 0) <= limits.telegramImageMaxBytes) ?? photo?.at(-1);
  return [
    ...of("photo", best, { mime: "image/jpeg", name: "photo.jpg" }),
    ...of("animation", content.animation, { mime: "video/mp4", name: "animation.mp4" }),
    ...of("document", content.animation === undefined ? content.document : undefined, {
      mime: "application/octet-stream",
      name: "document",
    }),
    ...of("audio", content.audio, { mime: "audio/mpeg", name: "audio.mp3" }),
    ...of("voice message", content.voice, { mime: "audio/ogg", name: "voice.ogg" }),
    ...of("video", content.video ?? content.video_note, { mime: "video/mp4", name: "video.mp4" }),
  ];
}

/** Said in place of a file that is not handed on, without its name: that may be anybody's words, and these are ours. */
export function renderMissing({ kind }: RemoteFile, why: string): string {
  return `[${kind} was not taken: ${why}]`;
}

export function renderBytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MB`;
}

type Unnamed = { readonly mime: string; readonly name: string };

function remote(file: TelegramFile, of: Unnamed & { readonly kind: FileKind }, mediaMaxBytes: number): RemoteFile {
  const bytesMax = Math.min(mediaMaxBytes, limits.telegramDownloadMaxBytes, limits.attachmentMaxBytes, maxOf(of.kind));
  const { kind, mime, name } = of;
  return {
    kind,
    fileId: file.file_id,
    name: safeName(file.file_name ?? file.title ?? "") || name,
    mime: safeMime(file.mime_type) ?? mime,
    bytes: file.file_size,
    bytesMax,
  };
}

function maxOf(kind: FileKind): number {
  if (kind === "photo") return limits.telegramImageMaxBytes;
  return kind === "document" ? limits.telegramDownloadMaxBytes : limits.telegramAudioMaxBytes;
}

function safeName(name: string): string {
  const last = name.split(/[/\\]/).at(-1) ?? "";
  const plain = last
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Cf}]/gu, "")
    .trim();
  return plain === "." || plain === ".." ? "" : Array.from(plain).slice(0, 120).join("");
}

function safeMime(mime: string | undefined): string | undefined {
  return mime !== undefined && /^[a-z]+\/[\w.+-]{1,80}$/i.test(mime) ? mime.toLowerCase() : undefined;
}
