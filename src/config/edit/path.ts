// Paths as people type them: `agents.list[0].name`, `agents.list.main.name`, `models["openai/gpt"]`, `/json/pointer`.
import { z } from "zod";
import { parsed, rejected } from "../../base/parsed.ts";
import type { Parsed } from "../../base/parsed.ts";
import type { Path } from "../read/issue.ts";
import { configSchema } from "../schema/schema.ts";
import { bareOf, schemaAt } from "../schema/walk.ts";

const stepsMax = 64;

export function parsePath(text: string): Parsed<Path> {
  if (text.length > 1_024) return rejected("a key of more than 1024 characters");
  const steps = text.startsWith("/") ? pointerSteps(text) : dottedSteps(text);
  if (steps === undefined || steps.length === 0 || steps.length > stepsMax || steps.includes(""))
    return rejected(`not a key: ${JSON.stringify(text)}. Keys are written like gateway.port or agents.list[0].name`);
  if (steps.some((step) => ["__proto__", "constructor", "prototype"].includes(step)))
    return rejected(`not a key: ${JSON.stringify(text)}`);
  const path: (string | number)[] = [];
  for (const step of steps) {
    const schema = schemaAt(
      configSchema,
      path.map((part) => part),
    );
    const inList = schema !== undefined && bareOf(schema) instanceof z.ZodArray;
    path.push(inList && /^\d{1,6}$/.test(step) ? Number(step) : step);
  }
  return parsed(path);
}

function pointerSteps(text: string): readonly string[] {
  return text
    .slice(1)
    .split("/")
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function dottedSteps(text: string): readonly string[] | undefined {
  const steps: string[] = [];
  const part = /\.?([^.[\]"']+)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|\['([^']*)'\]/gy;
  let at = 0;
  while (at < text.length) {
    part.lastIndex = at;
    const match = part.exec(text);
    if (match === null) return undefined;
    steps.push(match[1] ?? match[2] ?? match[3]?.replace(/\\(.)/g, "$1") ?? match[4] ?? "");
    at = part.lastIndex;
  }
  return steps;
}
