// What of a platform a channel may call. A token opens far more than a channel needs: with it a gateway that is no longer
// ours could have everything delivered to another address, and that would go on after it has been put right.
import { LoricaError } from "../../base/errors.ts";
import { isRecord, parseJson } from "../../base/json.ts";
import { limits } from "../../base/limits.ts";
import { pathTokenPlaceholder } from "../../protocol/known/channels.ts";
import type { KnownCalls } from "../../protocol/known/channels.ts";
import type { OutgoingRequest } from "./route.ts";
import type { ProviderCeiling, Target } from "./target.ts";

export type ChannelCalls = KnownCalls & {
  /** The one address that the platform may be told to deliver to; undefined where it delivers nothing. */
  readonly deliverTo: string | undefined;
};

/** Answers the request as it is to leave; throws where it must not. */
export async function checkCall(
  request: OutgoingRequest,
  { path, host }: Target,
  { calls, credential }: ProviderCeiling,
): Promise<OutgoingRequest> {
  if (calls === undefined || typeof credential === "string") return request;
  const [bare = "", query] = path.split("?");
  const segments = bare.split("/");
  const at = segments.indexOf(`${credential.prefix}${pathTokenPlaceholder}`);
  if (at > 0 && segments[at - 1] === calls.files && request.resource.method === "GET") return request;
  const [name = "", ...more] = segments.slice(at + 1);
  if (at < 0 || more.length > 0 || !calls.names.includes(name))
    throw new LoricaError("forbidden", `no channel calls ${JSON.stringify(name.slice(0, 64))} at ${host}`);
  if (name !== calls.delivery.name) return request;
  if (query !== undefined) throw refused(host, "where to is not said in its body");
  return await checkDelivery(request, calls, host);
}

async function checkDelivery(request: OutgoingRequest, calls: ChannelCalls, host: string): Promise<OutgoingRequest> {
  const { delivery, deliverTo } = calls;
  if (deliverTo === undefined) throw refused(host, "the config names no webhookUrl");
  const types = Object.entries(request.headers).filter(([name]) => name.toLowerCase() === "content-type");
  if (types.length !== 1 || !/^application\/json\b/i.test(types[0]?.[1] ?? "")) throw refused(host, "it is no JSON");
  const wanted = parseJson(await readText(request, host));
  if (!wanted.ok || !isRecord(wanted.value)) throw refused(host, "it is no JSON object");
  const other = Object.keys(wanted.value).find((key) => key !== delivery.key && !delivery.others.includes(key));
  if (other !== undefined) throw refused(host, `it also says ${JSON.stringify(other.slice(0, 64))}`);
  if (wanted.value[delivery.key] !== deliverTo) throw refused(host, "not to the webhookUrl of the config");
  // Written anew: of two keys of one name the platform could take the other one.
  const body = Buffer.from(JSON.stringify(wanted.value));
  return { ...request, bodyBytes: body.length, body: ReadableStream.from([new Uint8Array(body)]) };
}

async function readText({ body }: OutgoingRequest, host: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > limits.fetchDeliveryMaxBytes) throw refused(host, "it is too long");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function refused(host: string, why: string): LoricaError {
  return new LoricaError("forbidden", `${host} is not told where to deliver: ${why}`);
}
