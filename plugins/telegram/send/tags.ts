// A piece of Telegram's HTML, and how long it is once the tags are read: that is what Telegram's limit counts.

export type Piece = { readonly html: string; readonly chars: number };

/** Nothing is put around nothing: Telegram has no entity without characters. */
export function openTag(name: string, piece: Piece, attributes = ""): Piece {
  if (piece.html.trim() === "") return piece;
  return { html: `<${name}${attributes}>${piece.html}</${name}>`, chars: piece.chars };
}

export function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
