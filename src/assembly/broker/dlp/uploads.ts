// Files on their way to a platform, read before any of them leaves: what is in them is looked at like a message, and what
// nobody can look into leaves only where the owner lets it.
import { isUtf8 } from "node:buffer";
import { LoricaError } from "../../../base/errors.ts";
import { limits } from "../../../base/limits.ts";
import { batchesOf, piecesOf } from "../../../dlp/dlp.ts";
import type { LocalInspector } from "../../../dlp/dlp.ts";

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

const wordFields = new Set(["text", "caption", "content", "body", "message", "title"]);

/** Throws where it must not leave. */
export async function screenUpload(
  { bytes, contentType, place, id }: Upload,
  { inspector, sendsUnread }: UploadRules,
  signal: AbortSignal,
): Promise<void> {
  const { formParts } = await import("../../../dlp/files/form.ts");
  const { readTexts } = await import("../../../dlp/files/read-texts.ts");
  const parts = formParts(bytes, contentType);
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
  for (const { head, content } of parts) {
    const { texts, unread } = await readTexts(content, signal);
    if (unread !== undefined && !sendsUnread())
      throw new LoricaError(
        "forbidden",
        `a file for ${place} was stopped: ${unread}, so nobody can look into it (dlp.unreadableFiles)`,
      );
    for (const some of batchesOf([head, ...texts].flatMap((text) => [...piecesOf(text)]))) await look(some);
  }
  // What is written beside a file goes on what the recipient was sent before.
  const words = parts.flatMap((part) => (wordFields.has(part.field ?? "") ? [part.content.toString("utf8")] : []));
  if (words.length > 0) await look([words.join("\n")], `wall ${place}:${recipient}`);
}
