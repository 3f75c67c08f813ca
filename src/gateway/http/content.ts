// The parts of a message, as both OpenAI APIs write them, into text and media.
import { isRecord } from "../../base/json.ts";
import { parseDataUrl } from "../media.ts";
import type { PendingMedia } from "../media.ts";
import { HttpProblem } from "./answer.ts";

export type Said = {
  readonly role: "user" | "assistant" | "tool";
  readonly text: string;
  readonly media: readonly PendingMedia[];
};

type Content = Pick<Said, "text" | "media">;

const textTypes = new Set(["text", "input_text", "output_text", "refusal"]);

export function parseContent(content: unknown, param: string): Content {
  if (content === null || content === undefined) return { text: "", media: [] };
  if (typeof content === "string") return { text: content, media: [] };
  if (!Array.isArray(content)) throw new HttpProblem(400, `${param} must be a string or a list of parts`, { param });
  const texts: string[] = [];
  const media: PendingMedia[] = [];
  content.forEach((part: unknown, index) => {
    const at = `${param}[${index}]`;
    if (!isRecord(part) || typeof part["type"] !== "string")
      throw new HttpProblem(400, `${at} must have a type`, { param: at });
    if (textTypes.has(part["type"])) texts.push(textOf(part, at));
    else media.push(mediaOf(part, at, index));
  });
  return { text: texts.join("\n"), media };
}

function textOf(part: Record<string, unknown>, param: string): string {
  const text = part["text"] ?? part["refusal"];
  if (typeof text !== "string") throw new HttpProblem(400, `${param}.text must be a string`, { param });
  return text;
}

function mediaOf(part: Record<string, unknown>, param: string, index: number): PendingMedia {
  const { url, name } = sourceOf(part, param, index);
  const media = parseDataUrl(url, name);
  if (!media.ok) throw new HttpProblem(400, `${param}: ${media.reason}`, { param });
  return media.value;
}

function sourceOf(
  part: Record<string, unknown>,
  param: string,
  index: number,
): { readonly url: string; readonly name: string } {
  const file = isRecord(part["file"]) ? part["file"] : part;
  const image = isRecord(part["image_url"]) ? part["image_url"]["url"] : part["image_url"];
  const url = part["type"] === "file" || part["type"] === "input_file" ? file["file_data"] : image;
  const name = file["filename"];
  if (typeof url === "string")
    return { url, name: typeof name === "string" ? name.slice(0, 255) : `part-${index + 1}` };
  const known = [...textTypes, "image_url", "input_image", "file", "input_file"].join(", ");
  throw new HttpProblem(
    400,
    `${param} is of type ${JSON.stringify(part["type"])} or has no content of its own; accepted are ${known}, with data: URLs`,
    { param },
  );
}
