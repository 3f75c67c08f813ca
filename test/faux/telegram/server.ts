// A Bot API server of our own, over real HTTP and as strict as Telegram's: it refuses what Telegram refuses. For what the
// third-party fake lacks: long polls, confirmed updates, HTML, files, topics, reactions, webhooks, limits.
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { perform } from "./methods.ts";
import type { Refusal, SentMessage, World } from "./methods.ts";
import { createUpdates } from "./updates.ts";
import { createWaits } from "./waits.ts";
import type { Update } from "./updates.ts";

export type { SentMessage } from "./methods.ts";

export type Call = { readonly method: string; readonly params: Readonly<Record<string, unknown>> };

/** What a call meets instead of its usual answer. */
export type Trouble =
  | Refusal
  /** Not in Telegram's format, as from something in between. */
  | { readonly status: number; readonly html: string }
  /** The connection ends before anything is done, or after it was. */
  | "reset before"
  | "reset after"
  /** Nothing comes until the test lets it. */
  | { readonly until: Promise<void> };

export type FauxTelegram = {
  readonly url: string;
  readonly token: string;
  readonly me: { readonly id: number; readonly username: string };
  readonly sent: readonly SentMessage[];
  readonly calls: readonly Call[];
  readonly reactions: World["reactions"];
  readonly commands: World["commands"];
  /** A message from somebody; answers the update's number. */
  say(message: Record<string, unknown>): number;
  update(update: Update): void;
  addFile(id: string, file: { readonly path: string; readonly bytes: Uint8Array; readonly size?: number }): void;
  /** The next calls of a method meet trouble, one each. */
  trouble(method: string, ...troubles: Trouble[]): void;
  /** The bot's token is this one from now on. */
  setToken(token: string): void;
  migrate(from: number, to: number): void;
  waiting(): readonly number[];
  confirmed(updateId: number): Promise<void>;
  sentCount(count: number): Promise<readonly SentMessage[]>;
  called(method: string, count?: number): Promise<Call>;
  webhook(): World["webhook"];
  [Symbol.asyncDispose](): Promise<void>;
};

export async function openFauxTelegram(
  token = "123456:test-token-of-the-fake-0123456789abcdef",
): Promise<FauxTelegram> {
  const me = { id: Number(token.split(":")[0]), is_bot: true, first_name: "Lorica", username: "lorica_bot" };
  const calls: Call[] = [];
  const troubles = new Map<string, Trouble[]>();
  const { until, notify } = createWaits();
  const state = { token, nextMessage: 1_000 };
  const updates = createUpdates(500);
  const world = worldOf(me, updates, () => state.nextMessage++);
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [, kind, token, rest = ""] = /^\/(file\/)?bot([^/]+)\/(.*)$/.exec(request.url ?? "") ?? [];
    if (token !== state.token) return reply(response, { error_code: 401, description: "Unauthorized" });
    if (kind !== undefined) return sendFile(world, decodeURIComponent(rest), response);
    const params = await readParams(request);
    calls.push({ method: rest, params });
    notify();
    const trouble = troubles.get(rest)?.shift();
    if (trouble === "reset before") return void request.socket.destroy();
    if (typeof trouble === "object" && "until" in trouble) await trouble.until;
    else if (typeof trouble === "object" && "html" in trouble)
      return void response.writeHead(trouble.status, { "content-type": "text/html" }).end(trouble.html);
    else if (typeof trouble === "object") return reply(response, trouble);
    const result = await perform(rest, params, world);
    notify();
    if (trouble === "reset after") return void request.socket.destroy();
    return reply(response, result);
  };
  server.listen(0, "127.0.0.1");
  await new Promise((listening) => server.once("listening", listening));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    token,
    me,
    sent: world.sent,
    calls,
    reactions: world.reactions,
    commands: world.commands,
    say: (message) => updates.add({ message: { message_id: state.nextMessage++, date: 1_700_000_000, ...message } }),
    update: (update) => updates.addRaw(update),
    addFile: (id, file) => void world.files.set(id, file),
    trouble: (method, ...more) => void troubles.set(method, [...(troubles.get(method) ?? []), ...more]),
    setToken: (next) => void (state.token = next),
    migrate: (from, to) => void world.migrated.set(from, to),
    waiting: () => updates.waiting(),
    confirmed: (id) => updates.confirmed(id),
    sentCount: (count) => until(() => (world.sent.length >= count ? world.sent : undefined)),
    called: (method, count = 1) => until(() => calls.filter((call) => call.method === method)[count - 1]),
    webhook: () => world.webhook,
    async [Symbol.asyncDispose]() {
      updates.end();
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

function worldOf(me: World["me"], updates: World["updates"], nextMessageId: () => number): World {
  const [files, migrated, commands] = [new Map(), new Map(), new Map()];
  return { me, updates, sent: [], reactions: [], commands, files, migrated, webhook: undefined, nextMessageId };
}

function reply(response: ServerResponse, answer: Refusal | { readonly result: unknown }): void {
  const refused = "error_code" in answer;
  const status = refused ? answer.error_code : 200;
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify({ ok: !refused, ...answer }));
}

function sendFile(world: World, path: string, response: ServerResponse): void {
  const file = [...world.files.values()].find((one) => one.path === path);
  if (file === undefined) return reply(response, { error_code: 404, description: "Not Found" });
  response.writeHead(200, { "content-type": "application/octet-stream" }).end(file.bytes);
}

async function readParams(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const type = request.headers["content-type"] ?? "";
  const body = Buffer.concat(chunks);
  if (type.startsWith("application/json")) return JSON.parse(body.toString() || "{}") as Record<string, unknown>;
  if (!type.startsWith("multipart/form-data")) return {};
  const form = await new Response(body, { headers: { "content-type": type } }).formData();
  const params: Record<string, unknown> = {};
  for (const [name, value] of form) params[name] = typeof value === "string" ? value : await fileOf(value);
  return attach(params);
}

async function fileOf(file: File): Promise<{ readonly name: string; readonly bytes: Uint8Array }> {
  return { name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) };
}

/** A file is a part of its own, and the parameter only names it. */
function attach(params: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => {
      const part = typeof value === "string" ? /^attach:\/\/(.+)$/.exec(value)?.[1] : undefined;
      return [name, part === undefined ? value : params[part]];
    }),
  );
}
