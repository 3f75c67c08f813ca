// Headers that may come once.
import type { IncomingMessage } from "node:http";
import { HttpProblem } from "../http/answer.ts";

/** A name behind which only one of its kind may stand: two of them are a way to be understood differently by a proxy. */
const singleHeaders = /^(host|authorization|content-type|idempotency-key|x-openclaw-.*)$/;

export function checkSingles(req: IncomingMessage): void {
  const seen = new Set<string>();
  for (let index = 0; index < req.rawHeaders.length; index += 2) {
    const name = req.rawHeaders[index]?.toLowerCase() ?? "";
    if (!singleHeaders.test(name)) continue;
    if (seen.has(name)) throw new HttpProblem(400, `the header ${name} comes twice`);
    seen.add(name);
  }
}
