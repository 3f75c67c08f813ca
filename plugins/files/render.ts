// What a file tool found or did, as the model reads it: the text as it is, and a note only where something is missing.
import type { FileReadResult, FileWriteResult } from "../../src/sandbox/sandbox.ts";
import { textOutput } from "../../src/tool/tool.ts";
import type { ToolOutput } from "../../src/tool/tool.ts";

export function renderRead(result: FileReadResult): ToolOutput {
  switch (result.kind) {
    case "text":
      return textOutput(renderText(result));
    case "image":
      return { text: `[${result.mime}]`, images: [{ mime: result.mime, base64: result.base64 }], isError: false };
    case "matches": {
      const lines = result.lines.length === 0 ? ["[no matches]"] : result.lines;
      return textOutput([...lines, ...(result.truncated ? ["[more than shown; narrow the search]"] : [])].join("\n"));
    }
  }
}

export function renderWrite({ paths, summary }: FileWriteResult): ToolOutput {
  return textOutput(paths.length === 1 && !summary.includes(paths[0] ?? "") ? `${paths[0]}: ${summary}` : summary);
}

function renderText(result: Extract<FileReadResult, { kind: "text" }>): string {
  if (result.totalLines === 0) return "[empty file]";
  if (result.text === "") return `[the file ends at line ${result.totalLines}]`;
  if (!result.truncated) return result.text;
  const ends = result.text.endsWith("\n");
  const shown = result.text.split("\n").length - (ends ? 1 : 0);
  return `${result.text}${ends ? "" : "\n"}[${shown} lines of ${result.totalLines}; continue with offset]`;
}
