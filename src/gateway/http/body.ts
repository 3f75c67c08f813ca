// Reads a request's body within its bounds and as JSON, or says exactly what is wrong with it.
import type { IncomingMessage } from "node:http";
import { isRecord, parseJson } from "../../base/json.ts";
import { limits } from "../../base/limits.ts";
import { HttpProblem } from "./answer.ts";

export type BodyBounds = { readonly timeoutMs: number; readonly bytesMax: number };

export async function readJson(
  req: IncomingMessage,
  timeoutMs: number,
  bytesMax: number = limits.httpBodyMaxBytes,
): Promise<Record<string, unknown>> {
  const bytes = await readBytes(req, { timeoutMs, bytesMax });
  const json = parseJson(decode(bytes));
  if (!json.ok) throw new HttpProblem(400, `the body is not valid JSON: ${whereOf(json.reason)}`);
  const body: unknown = json.value;
  if (!isRecord(body)) throw new HttpProblem(400, "the body must be a JSON object");
  checkStrings(body);
  return body;
}

export async function readBytes(req: IncomingMessage, bounds: BodyBounds): Promise<Uint8Array> {
  const encoding = req.headers["content-encoding"] ?? "identity";
  if (encoding !== "identity")
    throw new HttpProblem(415, `content-encoding ${clip(encoding)} is not accepted; send it plain`);
  if (Number(req.headers["content-length"] ?? 0) > bounds.bytesMax) throw tooLarge(bounds.bytesMax);
  return await collect(req, bounds);
}

function collect(req: IncomingMessage, { timeoutMs, bytesMax }: BodyBounds): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const timer = setTimeout(
    () => fail(new HttpProblem(408, `the body did not arrive within ${timeoutMs} ms`)),
    timeoutMs,
  );
  const fail = (error: Error): void => {
    clearTimeout(timer);
    req.off("data", take);
    reject(error);
  };
  const take = (chunk: Uint8Array): void => {
    bytes += chunk.length;
    if (bytes > bytesMax) return fail(tooLarge(bytesMax));
    chunks.push(chunk);
  };
  req.on("data", take);
  req.once("end", () => {
    clearTimeout(timer);
    resolve(Buffer.concat(chunks));
  });
  req.once("error", fail);
  req.once("close", () => {
    if (!req.readableEnded) fail(new HttpProblem(400, "the connection ended before the body did"));
  });
  return promise;
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new HttpProblem(400, "the body is not valid UTF-8", { cause });
  }
}

/** Walks without recursion: how deep it may go is what is being checked. */
function checkStrings(body: unknown): void {
  const open: { readonly value: unknown; readonly depth: number }[] = [{ value: body, depth: 0 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, depth } = next;
    if (depth > limits.jsonDepthMax) throw new HttpProblem(400, `the body nests deeper than ${limits.jsonDepthMax}`);
    if (typeof value === "string" && value.includes("\0")) throw new HttpProblem(400, "a text holds a NUL character");
    if (typeof value !== "object" || value === null) continue;
    for (const [key, part] of Object.entries(value)) {
      if (key.includes("\0")) throw new HttpProblem(400, "a name holds a NUL character");
      open.push({ value: part, depth: depth + 1 });
    }
  }
}

/** V8 quotes the body in its messages; only the place may go back. */
function whereOf(reason: string): string {
  return /position \d+(?: \(line \d+ column \d+\))?/.exec(reason)?.[0] ?? "it ends too early or is no JSON at all";
}

function tooLarge(bytesMax: number): HttpProblem {
  return new HttpProblem(413, `the body is larger than ${bytesMax} bytes`);
}

function clip(text: string): string {
  return JSON.stringify(text.slice(0, 64));
}
