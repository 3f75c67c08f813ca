// Takes what a platform delivers to our own port, for the channel that it is meant for.
import type { IncomingMessage } from "node:http";
import { limits } from "../../base/limits.ts";
import type { Edge } from "../edge.ts";
import { sendJson } from "../http/answer.ts";
import { readBytes } from "../http/body.ts";
import type { Exchange } from "./route.ts";
import { allow } from "./refuse.ts";

/** A platform's own delivery. It proves itself to its channel, with the secret that they share. */
export async function takeDelivery(edge: Edge, { req, res, path }: Exchange): Promise<boolean> {
  const webhook = edge.webhookFor?.(path);
  if (webhook === undefined) return false;
  allow(req, "POST");
  const body = await readBytes(req, { timeoutMs: limits.httpBodyTimeoutMs, bytesMax: limits.httpBodyMaxBytes });
  const gone = new AbortController();
  res.once("close", () => gone.abort());
  const { status: code } = await webhook({ headers: plainHeaders(req), body }, gone.signal);
  sendJson(res, { status: code, body: { ok: code < 400 } });
  return true;
}

function plainHeaders(req: IncomingMessage): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(req.headers).flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : [])),
  );
}
