// Takes what a platform delivers to our own port, for the channel that it is meant for.
import type { IncomingMessage } from "node:http";
import { limits } from "../../base/limits.ts";
import { addressGroup } from "../../network/network.ts";
import type { Peer } from "../../pairing/pairing.ts";
import type { Edge } from "../edge.ts";
import { HttpProblem, sendJson } from "../http/answer.ts";
import { readBytes } from "../http/body.ts";
import type { Exchange } from "./route.ts";
import { allow } from "./refuse.ts";

/** False where the path is nobody's. */
export type TakeDelivery = (exchange: Exchange) => Promise<boolean>;

/** A platform's own delivery. It proves itself to its channel, with the secret that they share. */
export function createTakeDelivery(edge: Edge): TakeDelivery {
  const read = createReader();
  return async ({ req, res, path, peer }) => {
    const webhook = edge.webhookFor?.(path);
    if (webhook === undefined) return false;
    allow(req, "POST");
    const body = await read(req, peer);
    const gone = new AbortController();
    res.once("close", () => gone.abort());
    const { status: code } = await webhook({ headers: plainHeaders(req), body }, gone.signal);
    sendJson(res, { status: code, body: { ok: code < 400 } });
    return true;
  };
}

/** Who delivers is known only once all of it is here, so there is a bound on how much of it strangers can have us keep. */
function createReader(): (req: IncomingMessage, peer: Pick<Peer, "address">) => Promise<Uint8Array> {
  const reading = new Map<string, number>();
  let total = 0;
  return async (req, { address }) => {
    const group = addressGroup(address);
    const ofGroup = reading.get(group) ?? 0;
    if (total >= limits.webhooksReadingMax || ofGroup >= limits.webhooksReadingPerAddressMax)
      throw new HttpProblem(503, "too many deliveries come in at once", { retryAfterMs: 1_000 });
    total += 1;
    reading.set(group, ofGroup + 1);
    try {
      return await readBytes(req, { timeoutMs: limits.httpBodyTimeoutMs, bytesMax: limits.channelWebhookMaxBytes });
    } finally {
      total -= 1;
      const left = (reading.get(group) ?? 1) - 1;
      if (left === 0) reading.delete(group);
      else reading.set(group, left);
    }
  };
}

function plainHeaders(req: IncomingMessage): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(req.headers).flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : [])),
  );
}
