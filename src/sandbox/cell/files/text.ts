// How a text file ends its lines and starts, kept the same by everyone who changes it.

export type TextForm = { readonly newline: "\n" | "\r\n"; readonly mark: "" | "\uFEFF" };

/** The text with plain newlines, and what it takes to write it back as it was. */
export function readForm(text: string): { readonly form: TextForm; readonly plain: string } {
  const mark = text.startsWith("\uFEFF") ? "\uFEFF" : "";
  const body = text.slice(mark.length);
  const windows = body.split("\r\n").length - 1;
  const all = body.split("\n").length - 1;
  // A file of mixed endings is taken as it is, so that lines nobody asked about stay untouched.
  if (windows === 0 || windows < all) return { form: { newline: "\n", mark }, plain: body };
  return { form: { newline: "\r\n", mark }, plain: body.replaceAll("\r\n", "\n") };
}

export function restoreForm(plain: string, form: TextForm): string {
  return form.mark + (form.newline === "\n" ? plain : plain.replaceAll("\n", "\r\n"));
}
