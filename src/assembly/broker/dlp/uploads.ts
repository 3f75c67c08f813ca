// Files on their way to a platform, read before any of them leaves: what is in them is looked at like a message, and what
// nobody can look into leaves only where the owner lets it.
import { isUtf8 } from "node:buffer";
import { LoricaError } from "../../../base/errors.ts";
import { limits } from "../../../base/limits.ts";
import { batchesOf, piecesOf } from "../../../dlp/dlp.ts";
import type { LocalInspector, Question } from "../../../dlp/dlp.ts";

export type Upload = {
  readonly bytes: Buffer;
  readonly contentType: string;
  /** `channel:account`. */
  readonly place: string;
  /** The request's name among those that the owner may have let through. */
  readonly id: string;
};

export type UploadRules = { readonly inspector: LocalInspector; readonly sendsUnread: () => boolean };

/** Anything but the words that a platform is told in one go. */
export function isUpload(bytes: Buffer, contentType: string): boolean {
  return /^multipart\//i.test(contentType) || bytes.length > limits.dlpBodyWholeMaxBytes || !isUtf8(bytes);
}

/** What can be read in it, part by part, in questions of a bounded size. */
async function readUpload({ bytes, contentType }: Pick<Upload, "bytes" | "contentType">, signal: AbortSignal) {
  const { formParts } = await import("../../../dlp/files/form.ts");
  const { readTexts } = await import("../../../dlp/files/read-texts.ts");
  const parts = formParts(bytes, contentType);
  const questions: (readonly string[])[] = [];
  let unread: string | undefined;
  for (const { head, content } of parts) {
    const read = await readTexts(content, signal);
    unread ??= read.unread;
    questions.push(...batchesOf([head, ...read.texts].flatMap((text) => [...piecesOf(text)])));
  }
  return { parts, questions, unread };
}

/** For what a cell sends to a host whose encryption ends here. */
export async function inspectFile(
  { bytes, contentType, ...about }: Pick<Upload, "bytes" | "contentType"> & Omit<Question, "texts">,
  { inspector, sendsUnread }: UploadRules,
  signal: AbortSignal,
): Promise<"pass" | "block"> {
  const { questions, unread } = await readUpload({ bytes, contentType }, signal);
  if (unread !== undefined && !sendsUnread()) return "block";
  for (const texts of questions)
    if ((await inspector.inspect({ ...about, texts }, signal)).verdict !== "pass") return "block";
  return "pass";
}

const wordFields = new Set(["text", "caption", "content", "body", "message", "title"]);

/** Throws where it must not leave. */
export async function screenUpload(
  { place, id, ...upload }: Upload,
  { inspector, sendsUnread }: UploadRules,
  signal: AbortSignal,
): Promise<void> {
  const { parts, questions, unread } = await readUpload(upload, signal);
  const field = (name: string): string => parts.find((part) => part.field === name)?.content.toString("utf8") ?? "";
  const recipient = (field("chat_id") || field("channel") || field("to")).slice(0, limits.nameMaxChars);
  const about = {
    point: "channel",
    agentId: "",
    sessionKey: "",
    passage: { id, to: `${place}:${recipient}` },
  } as const;
  const look = async (texts: readonly string[], to?: string): Promise<void> => {
    const { verdict, reason } = await inspector.inspect({ ...about, to, texts }, signal);
    if (verdict !== "pass") throw new LoricaError("forbidden", `a file for ${place} was stopped: it holds ${reason}`);
  };
  if (unread !== undefined && !sendsUnread())
    throw new LoricaError(
      "forbidden",
      `a file for ${place} was stopped: ${unread}, so nobody can look into it (dlp.unreadableFiles)`,
    );
  for (const texts of questions) await look(texts);
  // What is written beside a file goes on what the recipient was sent before.
  const words = parts.flatMap((part) => (wordFields.has(part.field ?? "") ? [part.content.toString("utf8")] : []));
  if (words.length > 0) await look([words.join("\n")], `wall ${place}:${recipient}`);
}
