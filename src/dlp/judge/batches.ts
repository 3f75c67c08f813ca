// Texts in questions of a bounded size.
import { limits } from "../../base/limits.ts";

/** As many as one question may hold, by number and by length; a text that is longer than that is a question by itself. */
export function* batchesOf(texts: Iterable<string>): Generator<readonly string[]> {
  let batch: string[] = [];
  let chars = 0;
  for (const text of texts) {
    if (batch.length > 0 && (batch.length >= limits.dlpTextsMax || chars + text.length > limits.dlpAskMaxChars)) {
      yield batch;
      [batch, chars] = [[], 0];
    }
    batch.push(text);
    chars += text.length;
  }
  if (batch.length > 0) yield batch;
}

/** Between two lines where there are any, because what must not be stored seldom goes over one. */
export function* piecesOf(text: string): Generator<string> {
  for (let from = 0; from < text.length;) {
    const most = from + limits.dlpFilePieceChars;
    const line = most >= text.length ? text.length : text.lastIndexOf("\n", most) + 1;
    const to = line > from ? line : most;
    yield text.slice(from, to);
    from = to;
  }
}
