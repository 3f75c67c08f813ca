// Files that people send or tools return, looked at before they are stored like what people write. From a text what must
// not be stored is taken out; another file that holds some is left out whole, because nothing can be taken out of it.
import { limits } from "../../base/limits.ts";
import type { Config } from "../../config/config.ts";
import { batchesOf, piecesOf } from "../../dlp/dlp.ts";
import type { Answer, Inspector } from "../../dlp/dlp.ts";
import type { MediaRef } from "../../base/envelope.ts";
import type { Media } from "../../store/store.ts";

export type ScreenedMedia = {
  readonly dlp: Inspector;
  readonly config: () => { readonly dlp: Pick<Config["dlp"], "unreadableFiles"> };
};

const textual = /^(?:text\/|application\/(?:json|xml|yaml)$)/;

export function screenMedia(media: Media, { dlp, config }: ScreenedMedia, signal: AbortSignal): Media {
  const ask = async (texts: readonly string[]): Promise<Answer> =>
    // It is not known yet whose session it will be in.
    await dlp.inspect({ point: "inbound", agentId: "", sessionKey: "", texts }, signal);
  const clean = async (text: string): Promise<string> => {
    const left: string[] = [];
    for (const piece of piecesOf(text)) left.push((await ask([piece])).texts[0] ?? "");
    return left.join("");
  };
  const unless = (unread: string | undefined): string | undefined =>
    unread === undefined || config().dlp.unreadableFiles === "pass"
      ? undefined
      : `${unread}, so nobody can look into it (dlp.unreadableFiles)`;
  /** Why it must not be stored; undefined where it may. */
  const reasonAgainst = async (bytes: Uint8Array, { readTexts }: ReadFiles): Promise<string | undefined> => {
    const { texts, unread } = await readTexts(bytes, signal);
    for (const some of batchesOf(texts.flatMap((text) => [...piecesOf(text)]))) {
      const { verdict, reason } = await ask(some);
      if (verdict !== "pass") return `it holds ${reason}. Its owner can let it in once with: lorica dlp allow`;
    }
    return unless(unread);
  };
  return {
    load: (ref) => media.load(ref),
    async save(bytes, mime, name): Promise<MediaRef> {
      const named = (await ask([name])).texts[0] ?? "";
      // What is too large is refused as such, and not looked through before.
      if (bytes.byteLength > limits.attachmentMaxBytes) return await media.save(bytes, mime, named);
      // What packed files need is not loaded before there is a file.
      const files = await import("../../dlp/files/read-texts.ts");
      const text = textOf(bytes, mime, files);
      const reason = text === undefined ? await reasonAgainst(bytes, files) : unless(files.sealedKind(bytes));
      if (reason === undefined) {
        const left = text === undefined ? text : await clean(text);
        return await media.save(left === text ? bytes : Buffer.from(left ?? ""), mime, named);
      }
      const note = `The file ${JSON.stringify(named)} was left out before it was stored: ${reason}\n`;
      return await media.save(Buffer.from(note), "text/plain", `${named}.left-out.txt`);
    },
  };
}

type ReadFiles = typeof import("../../dlp/files/read-texts.ts");

/** What calls itself text is taken for one, and so is what is one without saying so. */
function textOf(bytes: Uint8Array, mime: string, { decodeText }: ReadFiles): string | undefined {
  const text = decodeText(bytes);
  if (text !== undefined || !textual.test(mime)) return text;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}
