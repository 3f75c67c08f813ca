// A model provider on loopback that speaks the real wire formats and misbehaves on request. One server answers in all
// formats, by path: /v1/messages, /v1/chat/completions, /v1/responses, /v1beta/models/…, /v1/models, /api/tags.
import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { encodeStream, encodeStreamError, encodeWhole } from "./provider-wire.ts";
import type { FauxAnswer, WireFormat } from "./provider-wire.ts";

export type { FauxAnswer, WireFormat } from "./provider-wire.ts";

export type FauxReply = FauxAnswer & {
  /** Anything but 200 answers with an error of the format, or with `body`. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it is, in place of everything else. */
  readonly body?: string | Buffer;
  readonly message?: string;
  readonly errorType?: string;
  /** Splits the stream, so that characters and events are cut in the middle. */
  readonly chunkBytes?: number;
  readonly delayMs?: number;
  /** Nothing is sent before it resolves. */
  readonly until?: Promise<void>;
  readonly broken?:
    | "stall" // nothing is ever sent
    | "stall_midway" // half of the events, then silence
    | "truncate" // half of the events, then a clean end
    | "drop" // half of the events, then the connection breaks
    | "malformed" // a line that is not JSON in the middle
    | "error_midway"; // an error event in the middle
};

export type FauxRequest = {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  readonly json: Record<string, unknown>;
  /** Resolves when the caller has gone or has been answered: true where it went before the end of the answer. */
  readonly left: Promise<boolean>;
};

/** The replies in their order, the last of them again and again; or whatever a function says. */
export type FauxScript = readonly FauxReply[] | ((request: FauxRequest, index: number) => FauxReply);

export type FauxProvider = {
  /** `http://127.0.0.1:PORT`, without a path. */
  readonly url: string;
  /** What was asked of the models, without lists of models. */
  readonly requests: readonly FauxRequest[];
  /** The next replies. */
  play(script: FauxScript): void;
  close(): Promise<void>;
};

export type FauxOptions = {
  readonly script?: FauxScript;
  readonly models?: readonly string[];
  readonly port?: number;
  /** Whoever comes without it is refused. */
  readonly key?: string;
};

export async function startFauxProvider(options: FauxOptions = {}): Promise<FauxProvider> {
  const requests: FauxRequest[] = [];
  let script = options.script ?? [{ text: "Hello." }];
  let served = 0;
  const server = createServer((incoming, outgoing) => {
    void serve(incoming, outgoing).catch(() => outgoing.destroy());
  });

  async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const request = await readRequest(incoming, outgoing);
    if (options.key !== undefined && request.headers.authorization !== `Bearer ${options.key}`)
      return refuse({ message: "no such key" }, 401, outgoing);
    if (request.method === "GET") return listModels(request.path, options.models ?? ["m"], outgoing);
    requests.push(request);
    const index = served++;
    const reply = typeof script === "function" ? script(request, index) : script[Math.min(index, script.length - 1)];
    await answer(request, reply ?? {}, outgoing);
  }

  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    play(next) {
      script = next;
      served = 0;
    },
    close: () => closeServer(server),
  };
}

async function readRequest(incoming: IncomingMessage, outgoing: ServerResponse): Promise<FauxRequest> {
  const { promise: left, resolve } = Promise.withResolvers<boolean>();
  outgoing.once("close", () => resolve(!outgoing.writableFinished));
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks).toString("utf8");
  const json = body === "" ? {} : (JSON.parse(body) as Record<string, unknown>);
  return { method: incoming.method ?? "", path: incoming.url ?? "", headers: incoming.headers, body, json, left };
}

function listModels(path: string, models: readonly string[], outgoing: ServerResponse): void {
  const ollama = { models: models.map((name) => ({ name })) };
  const openai = { object: "list", data: models.map((id) => ({ id, object: "model" })) };
  const google = { models: models.map((name) => ({ name: `models/${name}` })) };
  const body = path === "/api/tags" ? ollama : path.startsWith("/v1beta/") ? google : openai;
  outgoing.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
}

async function answer(request: FauxRequest, reply: FauxReply, outgoing: ServerResponse): Promise<void> {
  if (reply.broken === "stall") return;
  await reply.until;
  if (reply.delayMs !== undefined) await new Promise((done) => setTimeout(done, reply.delayMs));
  const status = reply.status ?? 200;
  if (reply.body !== undefined) {
    outgoing.writeHead(status, { "content-type": "text/event-stream", ...reply.headers }).end(reply.body);
    return;
  }
  if (status !== 200) return refuse(reply, status, outgoing);
  const format = formatOf(request.path);
  if (format !== "google" && request.json.stream !== true) {
    outgoing.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(encodeWhole(format, reply)));
    return;
  }
  outgoing.writeHead(200, { "content-type": "text/event-stream", ...reply.headers });
  await sendEvents(spoil(format, reply), reply, outgoing);
}

function refuse(reply: FauxReply, status: number, outgoing: ServerResponse): void {
  const error = {
    type: reply.errorType ?? "error",
    code: reply.errorType ?? null,
    message: reply.message ?? "refused",
  };
  outgoing.writeHead(status, { "content-type": "application/json", ...reply.headers }).end(JSON.stringify({ error }));
}

/** The events of the reply up to where it breaks. */
function spoil(format: WireFormat, reply: FauxReply): readonly string[] {
  const events = encodeStream(format, reply);
  // Before the events that end an answer, and after the first words of it.
  const half = events.slice(0, Math.max(2, Math.floor(events.length / 2)));
  if (reply.broken === undefined) return events;
  if (reply.broken === "malformed") return [...half, "data: {not json\n\n", ...events.slice(half.length)];
  if (reply.broken === "error_midway") return [...half, encodeStreamError(format, "overloaded_error")];
  return half;
}

async function sendEvents(events: readonly string[], reply: FauxReply, outgoing: ServerResponse): Promise<void> {
  const bytes = Buffer.from(events.join(""));
  const size = reply.chunkBytes ?? bytes.length;
  for (let at = 0; at < bytes.length && !outgoing.destroyed; at += size) {
    if (!outgoing.write(bytes.subarray(at, at + size))) await once(outgoing, "drain");
    // Each piece in a packet of its own, as far as loopback allows.
    if (reply.chunkBytes !== undefined) await new Promise((done) => setImmediate(done));
  }
  if (reply.broken === "stall_midway") return;
  if (reply.broken === "drop") {
    // What was written has to arrive before the connection breaks.
    setTimeout(() => outgoing.destroy(), 20);
    return;
  }
  outgoing.end();
}

function formatOf(path: string): WireFormat {
  if (path.endsWith("/messages")) return "anthropic";
  if (path.endsWith("/responses")) return "responses";
  return path.includes(":streamGenerateContent") ? "google" : "chat";
}

async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, "close");
}
