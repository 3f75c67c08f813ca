// A user's message as the model reads it: who wrote it, over what and when, in a header that the message cannot write
// (AG-011). The header is made from what is stored, so it reads the same in every later turn and the prefix stays.
import type { LanguageModelV4Message, LanguageModelV4TextPart } from "@ai-sdk/provider";
import { sha256 } from "../../base/ids.ts";
import type { EntryBody } from "../../base/transcript.ts";
import type { Entry } from "../../store/store.ts";
import { metadata, neutralizeSpeech, wrapWithId } from "./markers.ts";

const fromMaxChars = 80;
const idChars = 6;
const minuteMs = 60_000;

/** As parts of a prompt; no words where the message is nothing but attachments. */
export type RenderedMessage = {
  readonly header: LanguageModelV4TextPart;
  readonly words: readonly LanguageModelV4TextPart[];
};

export type Renderer = {
  message(entry: Entry, previousAt: number | undefined): RenderedMessage;
  /**
   * A message that is made of an entry and of `basis` alone. It is the very same one at each call, for whoever has measured
   * it before; so nobody may change it.
   */
  once<M extends LanguageModelV4Message>(entry: Entry, basis: number | boolean | undefined, make: () => M): M;
};

/** A session's messages are rendered anew for each call; each of them costs that work only once. */
export function createRenderer(): Renderer {
  const rendered = new WeakMap<Entry, RenderedMessage & { readonly previousAt: number | undefined }>();
  const made = new WeakMap<Entry, { readonly basis: unknown; readonly message: LanguageModelV4Message }>();
  return {
    once<M extends LanguageModelV4Message>(entry: Entry, basis: number | boolean | undefined, make: () => M): M {
      const known = made.get(entry);
      // An entry is always made into the same kind of message.
      if (known !== undefined && known.basis === basis) return known.message as M;
      const message = make();
      made.set(entry, { basis, message });
      return message;
    },
    message(entry, previousAt) {
      const known = rendered.get(entry);
      if (known !== undefined && known.previousAt === previousAt) return known;
      const message = { ...renderMessage(entry, previousAt), previousAt };
      rendered.set(entry, message);
      return message;
    },
  };
}

function renderMessage(entry: Entry, previousAt: number | undefined): RenderedMessage {
  const body = entry.body.kind === "user" ? entry.body : undefined;
  const words = [...othersWords(entry, body), ownWords(entry, body)].filter((text) => text !== "");
  return {
    header: { type: "text", text: renderHeader(entry, body?.from ?? "", previousAt) },
    words: words.map((text) => ({ type: "text", text })),
  };
}

type UserBody = Extract<EntryBody, { kind: "user" }> | undefined;

/** What comes with a message and is not its sender's: in markers, and before the message (CH-016). */
function othersWords(entry: Entry, body: UserBody): readonly string[] {
  const { overheard = [], quote } = body ?? {};
  const said = overheard.map(({ sender, senderId, text }) => `${metadata(sender, fromMaxChars) || senderId}: ${text}`);
  return [
    ...(said.length === 0 ? [] : [wrapWithId(said.join("\n"), "said in the room before, not to you", markerId(entry))]),
    ...(quote === undefined
      ? []
      : [wrapWithId(quote.text, `the message that this answers, by ${quote.sender}`, markerId(entry))]),
  ];
}

function ownWords(entry: Entry, body: UserBody): string {
  if (body?.forwardedFrom === undefined) return neutralizeSpeech(body?.text ?? "");
  return body.text === "" ? "" : wrapWithId(body.text, `forwarded, written by ${body.forwardedFrom}`, markerId(entry));
}

/** The same at every call, and unknown to whoever wrote the content: the entry is younger than it. */
function markerId({ id }: Entry): string {
  return sha256(id).slice(0, 16);
}

/** `previousAt` is when the message before this one came; undefined for the first. */
function renderHeader(entry: Entry, from: string, previousAt: number | undefined): string {
  const when = new Date(entry.at).toISOString().slice(0, 16).replace("T", " ");
  const elapsed = previousAt === undefined ? "" : renderElapsed(entry.at - previousAt);
  return `[#${entry.id.slice(-idChars)} ${metadata(from, fromMaxChars)} ${when}Z${elapsed}]`;
}

function renderElapsed(ms: number): string {
  const minutes = Math.floor(ms / minuteMs);
  if (minutes < 5) return "";
  if (minutes < 120) return ` +${minutes}m`;
  if (minutes < 48 * 60) return ` +${Math.floor(minutes / 60)}h`;
  return ` +${Math.floor(minutes / (24 * 60))}d`;
}
