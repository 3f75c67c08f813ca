// Files that people send and that are text, looked at before they are stored like what they write.
import { limits } from "../../base/limits.ts";
import type { Inspector } from "../../dlp/dlp.ts";
import type { Media } from "../../store/store.ts";

const textual = /^(?:text\/|application\/(?:json|xml|yaml)$)/;

export function screenMedia(media: Media, dlp: Inspector, signal: AbortSignal): Media {
  const look = async (text: string): Promise<string> => {
    // It is not known yet whose session it will be in.
    const question = { point: "inbound", agentId: "", sessionKey: "", texts: [text] } as const;
    return (await dlp.inspect(question, signal)).texts[0] ?? "";
  };
  return {
    load: (ref) => media.load(ref),
    async save(bytes, mime, name) {
      const named = await look(name);
      if (!textual.test(mime)) return await media.save(bytes, mime, named);
      const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
      const left: string[] = [];
      for (const piece of piecesOf(text)) left.push(await look(piece));
      const clean = left.join("");
      return await media.save(clean === text ? bytes : Buffer.from(clean), mime, named);
    },
  };
}

/** Between two lines where there are any, because what must not be stored seldom goes over one. */
function* piecesOf(text: string): Generator<string> {
  for (let from = 0; from < text.length;) {
    const most = from + limits.dlpFilePieceChars;
    const line = most >= text.length ? text.length : text.lastIndexOf("\n", most) + 1;
    const to = line > from ? line : most;
    yield text.slice(from, to);
    from = to;
  }
}
