// Replacing text that occurs in a file. What is to be replaced must be there exactly, and once unless all are meant.
import { FileFailure } from "./failure.ts";

export type Edit = { readonly before: string; readonly after: string; readonly occurrences: "one" | "all" };

export type Edited = { readonly text: string; readonly count: number; readonly line: number };

export function applyEdit(text: string, edit: Edit): Edited {
  if (edit.before === "")
    throw new FileFailure("invalid_request", "the text to replace is empty; use write for a new file");
  if (edit.before === edit.after) throw new FileFailure("invalid_request", "the replacement is the same text");
  const parts = text.split(edit.before);
  const count = parts.length - 1;
  if (count === 0)
    throw new FileFailure("conflict", "the text to replace does not occur in the file; read it again and copy exactly");
  if (count > 1 && edit.occurrences === "one")
    throw new FileFailure(
      "conflict",
      `the text to replace occurs ${count} times; include more of its surroundings, or replace all`,
    );
  return { text: parts.join(edit.after), count, line: (parts[0] ?? "").split("\n").length };
}
