// What a client may ask of the Responses API here.
import { isRecord } from "../../base/json.ts";
import { limits } from "../../base/limits.ts";
import { HttpProblem } from "./answer.ts";
import { parseContent } from "./content.ts";
import type { Said } from "./content.ts";
import { flag, given, isFilled, optionalCount, optionalText, refuse } from "./params.ts";

export type ResponsesRequest = {
  readonly model: string;
  readonly said: readonly Said[];
  readonly instructions: string | undefined;
  readonly user: string | undefined;
  readonly stream: boolean;
  readonly previousId: string | undefined;
  readonly outputTokensMax: number | undefined;
};

export function parseResponses(body: Record<string, unknown>): ResponsesRequest {
  refuseUnserved(body);
  const { said, instructions } = parseInput(body["input"]);
  const all = [optionalText(body, "instructions"), ...instructions].filter((text) => text !== undefined && text !== "");
  return {
    model: optionalText(body, "model") ?? "openclaw",
    said,
    instructions: all.length === 0 ? undefined : all.join("\n\n"),
    user: optionalText(body, "user"),
    stream: flag(body, "stream"),
    previousId: optionalText(body, "previous_response_id"),
    outputTokensMax: optionalCount(body, "max_output_tokens"),
  };
}

function parseInput(input: unknown): { readonly said: readonly Said[]; readonly instructions: readonly string[] } {
  if (typeof input === "string") return { said: [{ role: "user", text: input, media: [] }], instructions: [] };
  if (!Array.isArray(input) || input.length === 0)
    throw new HttpProblem(400, "input must be a string or a list of items", { param: "input" });
  if (input.length > limits.chatMessagesMax)
    throw new HttpProblem(400, `input holds more than ${limits.chatMessagesMax} items`, { param: "input" });
  const said: Said[] = [];
  const instructions: string[] = [];
  input.forEach((item: unknown, index) => {
    const param = `input[${index}]`;
    if (!isRecord(item)) throw new HttpProblem(400, `${param} must be an object`, { param });
    const type = item["type"] ?? "message";
    // What a model thought is of no use to another; clients send it back with the rest of an answer.
    if (type === "reasoning") return;
    if (type !== "message") refuse(param, `items of type ${JSON.stringify(type)} are not built; messages are`);
    const { text, media } = parseContent(item["content"], `${param}.content`);
    const role = item["role"];
    if (role === "system" || role === "developer") instructions.push(text);
    else if (role === "user" || role === "assistant") said.push({ role, text, media });
    else throw new HttpProblem(400, `${param}.role must be system, developer, user or assistant`, { param });
  });
  return { said, instructions };
}

function refuseUnserved(body: Record<string, unknown>): void {
  if (isFilled(body["tools"])) refuse("tools", "tools that the client runs are not built yet; the agent uses its own");
  if (body["background"] === true) refuse("background", "not built; the call has to wait or stream");
  if (given(body["conversation"])) refuse("conversation", "not built; use previous_response_id or user");
  const text = isRecord(body["text"]) ? body["text"]["format"] : undefined;
  const format = isRecord(text) ? text["type"] : undefined;
  if (given(format) && format !== "text") refuse("text.format", "only text is built; ask for JSON in words");
}
