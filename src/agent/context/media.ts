// Pictures and files in a prompt: which of them are shown, which are only named, and their bytes.
import type { LanguageModelV4FilePart, LanguageModelV4TextPart } from "@ai-sdk/provider";
import type { MediaRef } from "../../base/envelope.ts";
import { codeOf } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import type { Entry, Media } from "../../store/store.ts";
import { truncateMiddle } from "../truncate.ts";
import { metadata, wrapWithId } from "./markers.ts";

export type MediaPart = LanguageModelV4FilePart | LanguageModelV4TextPart;

export type Shown = {
  /** How an attachment of the entry with this number appears. */
  parts(ref: MediaRef, seq: number): readonly MediaPart[];
};

const nameMaxChars = 100;
const idChars = 16;
const textual = /^(?:text\/|application\/(?:json|xml|yaml|x-yaml|toml|javascript|x-sh|x-ndjson)(?:;|$))/;

/** Loads what will be shown, newest first; what lies before `fromSeq` is only named, so that old pictures stop costing. */
export async function loadMedia(
  entries: readonly Entry[],
  options: { readonly media: Media; readonly seesImages: boolean; readonly fromSeq: number },
): Promise<Shown> {
  const loaded = new Map<string, Uint8Array>();
  const images: MediaRef[] = [];
  for (let at = entries.length - 1; at >= 0; at -= 1) {
    const entry = entries[at];
    if (entry === undefined || entry.seq < options.fromSeq) break;
    for (const ref of mediaOf(entry)) {
      if (textual.test(ref.mime)) await loadInto(loaded, ref, options.media);
      else if (ref.mime.startsWith("image/") && options.seesImages && images.length < limits.promptImagesMax)
        images.push(ref);
    }
  }
  for (const ref of images) await loadInto(loaded, ref, options.media);
  return { parts: (ref, seq) => [renderMedia(ref, seq < options.fromSeq ? undefined : loaded.get(ref.id))] };
}

/** A file that is no longer kept is only named: an old attachment must not end every later turn of its session. */
async function loadInto(loaded: Map<string, Uint8Array>, ref: MediaRef, media: Media): Promise<void> {
  if (loaded.has(ref.id)) return;
  try {
    loaded.set(ref.id, await media.load(ref));
  } catch (error) {
    if (codeOf(error) !== "not_found") throw error;
  }
}

function mediaOf(entry: Entry): readonly MediaRef[] {
  return entry.body.kind === "user" || entry.body.kind === "tool_result" ? entry.body.media : [];
}

function renderMedia(ref: MediaRef, bytes: Uint8Array | undefined): MediaPart {
  const name = metadata(ref.name, nameMaxChars);
  if (bytes === undefined)
    return { type: "text", text: `[#file ${name}, ${metadata(ref.mime, 60)}, ${ref.bytes} bytes, not shown]` };
  if (!textual.test(ref.mime))
    return { type: "file", mediaType: ref.mime, filename: name, data: { type: "data", data: bytes } };
  const text = truncateMiddle(new TextDecoder().decode(bytes), limits.attachmentTextMaxChars);
  // The store names a file by its content, which nobody can write into that content.
  return { type: "text", text: wrapWithId(text, `attached file ${name}`, ref.id.slice(0, idChars)) };
}
