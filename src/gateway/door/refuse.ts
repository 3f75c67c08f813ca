// The two refusals that any path may need.
import type { IncomingMessage } from "node:http";
import { HttpProblem } from "../http/answer.ts";

export function allow(req: IncomingMessage, ...verbs: readonly string[]): void {
  if (verbs.includes(req.method ?? "")) return;
  throw new HttpProblem(405, `use ${verbs.join(" or ")}`, { headers: { allow: verbs.join(", ") } });
}

export function notFound(path: string): HttpProblem {
  return new HttpProblem(404, `nothing is at ${path.slice(0, 128).replace(/[^\x21-\x7e]/g, "?")}`);
}
