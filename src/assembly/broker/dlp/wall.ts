// The wall at the way out, which a gateway cannot skip: the bodies, addresses and headers of its requests are looked at
// where the values are. What the gateway should have taken out before ends the request here.
import type { BrokerEgress, OutgoingRequest } from "../../../egress/egress.ts";
import { LoricaError } from "../../../base/errors.ts";
import { newId } from "../../../base/ids.ts";
import { isRecord, parseJson } from "../../../base/json.ts";
import { limits } from "../../../base/limits.ts";
import { guardBody } from "../../../dlp/body-guard.ts";
import { markerValue } from "../../../dlp/known/known.ts";
import { createSeenTexts } from "../../../dlp/seen-texts.ts";
import type { SeenTexts } from "../../../dlp/seen-texts.ts";
import type { LocalInspector } from "../../../dlp/dlp.ts";
import { isUpload, screenUpload } from "./uploads.ts";

export function screenEgress(
  egress: BrokerEgress,
  inspector: LocalInspector,
  sendsUnread: () => boolean = () => true,
): BrokerEgress {
  const seen = createSeenTexts(inspector.known);
  return {
    async fetch(request, signal, tried) {
      // What the owner asks about before the config names it is not the gateway's request.
      if (tried !== undefined) return egress.fetch(request, signal, tried);
      const place = placeOf(request);
      const way = { place, id: newId(), inspector, sendsUnread, seen };
      screenHead(request, way);
      const body = await screenBody(request, way, signal);
      const answer = await egress.fetch({ ...request, body }, signal);
      // The far side refused it, so what the owner let through once has not been through.
      if (answer.status >= 400) inspector.incidents.giveBack(way.id);
      return answer;
    },
    close: () => egress.close(),
  };
}

/** One request: where it goes, and its name among those that the owner may have let through. */
type Way = {
  readonly place: Place;
  readonly id: string;
  readonly inspector: LocalInspector;
  readonly sendsUnread: () => boolean;
  readonly seen: SeenTexts;
};

type Place = { readonly point: "model" | "channel"; readonly to: string };

function placeOf({ resource }: OutgoingRequest): Place {
  if ("provider" in resource) return { point: "model", to: resource.provider };
  return { point: "channel", to: `${resource.channel}:${resource.account}` };
}

/** Nothing of ours belongs into an address or a header: credentials are put there after this. */
function screenHead(request: OutgoingRequest, { place, id, inspector }: Way): void {
  const coding = Object.entries(request.headers).find(([name]) => name.toLowerCase() === "content-encoding")?.[1];
  if (coding !== undefined && coding !== "identity")
    throw new LoricaError(
      "forbidden",
      `a request to ${place.to} is compressed (${coding}), so nobody can look into it`,
    );
  const text = [request.resource.url, ...Object.values(request.headers)].join("\n");
  const findings = inspector.find(text, { id, step: place.point, sessionKey: "", to: place.to });
  if (findings.length === 0) return;
  const incident = inspector.report({ ...place, ...nobody, verdict: "block", findings, text });
  throw refused(`the address or a header of a request to ${place.to}`, incident.id);
}

async function screenBody(request: OutgoingRequest, way: Way, signal: AbortSignal): Promise<OutgoingRequest["body"]> {
  const { body, bodyBytes = limits.fetchBodyMaxBytes } = request;
  if (body === undefined) return undefined;
  const { place, inspector, seen } = way;
  if (place.point === "channel") {
    const bytes = await readAll(body, bodyBytes);
    const contentType =
      Object.entries(request.headers).find(([name]) => name.toLowerCase() === "content-type")?.[1] ?? "";
    if (!isUpload(bytes, contentType)) return once(await screenWhole(bytes, way, signal));
    await screenUpload({ bytes, contentType, place: place.to, id: way.id }, way, signal);
    return once(bytes);
  }
  return ReadableStream.from(
    guardBody(body, {
      known: inspector.known,
      seen,
      // The prompt that holds the marker is on its way to where it belongs.
      counts: ({ value }) => value !== markerValue,
      onFound(hits, text) {
        // Of what is only taken out the gateway hears nothing, so no part of a value is counted as a guess.
        const findings = hits.map(
          ({ start, end }) => ({ rule: "vault.value", severity: "critical", disguised: false, start, end }) as const,
        );
        inspector.report({ ...place, ...nobody, verdict: "redact", findings, text });
      },
    }),
  );
}

/** A message is short enough to be read before any of it leaves, and goes on what the recipient was sent before. */
async function screenWhole(bytes: Buffer, { place, id, inspector }: Way, signal: AbortSignal): Promise<Buffer> {
  const raw = bytes.toString("utf8");
  const said = wordsOf(raw);
  // The gateway's own view of a recipient is kept apart: there each message would count twice.
  const to = said === undefined ? undefined : `wall ${place.to}:${said.recipient}`;
  const passage = { id, to: `${place.to}:${said?.recipient ?? ""}` };
  const texts = said === undefined || said.text === raw ? [raw] : [raw, said.text];
  const [whole, words] = await Promise.all(
    texts.map((text, at) =>
      inspector.inspect(
        { ...nobody, passage, point: place.point, to: at === texts.length - 1 ? to : undefined, texts: [text] },
        signal,
      ),
    ),
  );
  for (const answer of [whole, words])
    if (answer?.verdict === "block" || answer?.verdict === "hold")
      throw new LoricaError("forbidden", `a message to ${place.to} was stopped: it holds ${answer.reason}`);
  // An owner's own pattern may take something out; what is no JSON then does not leave.
  if (whole?.verdict !== "redact") return bytes;
  const [text = ""] = whole.texts;
  if (!parseJson(text).ok)
    throw new LoricaError("forbidden", `a message to ${place.to} was stopped by logging.redactPatterns`);
  return Buffer.from(text);
}

const nobody = { agentId: "", sessionKey: "" } as const;
const wordKeys = new Set(["text", "caption", "content", "body", "message", "html", "markdown", "title"]);

/** What of a message people read, and who; undefined for a request that says nothing, such as one for news. */
function wordsOf(raw: string): { readonly text: string; readonly recipient: string } | undefined {
  const json = parseJson(raw);
  if (!json.ok || !isRecord(json.value)) return { text: raw, recipient: "" };
  const { value } = json;
  const words = Object.entries(value).flatMap(([key, word]) =>
    wordKeys.has(key) && typeof word === "string" ? [word] : [],
  );
  if (words.length === 0) return undefined;
  const recipient = value["chat_id"] ?? value["channel"] ?? value["to"] ?? "";
  return { text: words.join("\n"), recipient: String(recipient).slice(0, limits.nameMaxChars) };
}

async function readAll(body: ReadableStream<Uint8Array>, saidBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > Math.min(saidBytes, limits.fetchBodyMaxBytes))
      throw new LoricaError("invalid_request", "a body that is longer than was said");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function once(bytes: Buffer): ReadableStream<Uint8Array> {
  return ReadableStream.from([new Uint8Array(bytes)]);
}

function refused(what: string, incident: string): LoricaError {
  return new LoricaError("forbidden", `${what} was stopped: it holds a value from the vault (incident ${incident})`);
}
