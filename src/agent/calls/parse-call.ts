// What a model wrote as a call, parsed into one that may be proposed, or into the reason why not.
import type { z } from "zod";
import { limits } from "../../base/limits.ts";
import type { Tool } from "../../tool/tool.ts";
import type { CallPart } from "../journal.ts";
import type { CallScope } from "../scope.ts";

/** Parsed, and so far nothing more. */
export type ParsedCall =
  | { readonly kind: "ready"; readonly part: CallPart; readonly tool: Tool; readonly input: unknown }
  | { readonly kind: "wrong"; readonly part: CallPart; readonly reason: string };

const issuesShownMax = 6;

export function parseCall(scope: CallScope, part: CallPart): ParsedCall {
  const tool = scope.tools.get(part.tool);
  if (tool === undefined) return { kind: "wrong", part, reason: unknownTool(scope, part.tool) };
  if (JSON.stringify(part.input).length > limits.toolArgumentsMaxChars)
    return { kind: "wrong", part, reason: `the input is longer than ${limits.toolArgumentsMaxChars} characters` };
  const input = tool.input.safeParse(part.input);
  if (!input.success)
    return { kind: "wrong", part, reason: `the input does not fit ${tool.name}: ${renderIssues(input.error)}` };
  return { kind: "ready", part, tool, input: input.data };
}

function unknownTool(scope: CallScope, name: string): string {
  if (scope.unavailable.tools.includes(name)) return `${name} is not available: ${scope.unavailable.reason}`;
  const known = [...scope.tools.keys()].join(", ");
  return `there is no tool ${JSON.stringify(name.slice(0, 64))}; there are: ${known === "" ? "none" : known}`;
}

function renderIssues(error: z.ZodError): string {
  const shown = error.issues.slice(0, issuesShownMax);
  return shown.map(({ path, message }) => (path.length === 0 ? message : `${path.join(".")}: ${message}`)).join("; ");
}
