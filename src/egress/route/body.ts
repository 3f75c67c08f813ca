// What a request says. A short body is there as a whole before anything is dialled and leaves with its head, in one packet
// for most; a long one streams.
import { Readable } from "node:stream";
import type { ReadableStream as NodeReadableStream } from "node:stream/web";
import { LoricaError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import type { OutgoingRequest } from "./route.ts";

export async function openBody({ body, bodyBytes }: OutgoingRequest): Promise<Readable | Buffer | null> {
  if (body === undefined) return null;
  if (bodyBytes === undefined || bodyBytes > limits.fetchBodyAtOnceMaxBytes)
    return Readable.fromWeb(body as NodeReadableStream<Uint8Array>);
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of body) {
    bytes += part.length;
    parts.push(part);
    if (bytes > bodyBytes) break;
  }
  if (bytes === bodyBytes) return Buffer.concat(parts);
  const wrong = bytes > bodyBytes ? "more" : "less";
  throw new LoricaError("invalid_request", `a body with ${wrong} than the ${bodyBytes} bytes that were announced`);
}
