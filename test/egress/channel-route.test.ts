// How a channel reaches its platform: the token goes into the path on the way out, and nowhere else.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import type { TestContext } from "node:test";
import fc from "fast-check";
import { LoricaError } from "../../src/base/errors.ts";
import { parseAction } from "../../src/broker/serve/action.ts";
import { createBrokerEgress } from "../../src/egress/route/route.ts";
import type { ProviderCeiling } from "../../src/egress/route/target.ts";
import { channelCeilings } from "../../src/assembly/settings/channels.ts";
import { channelIdentity } from "../../src/config/identity/outgoing.ts";
import { pathTokenPlaceholder } from "../../src/protocol/known/channels.ts";
import { loadGood } from "../config/harness.ts";

const token = "123456:AAtest-Token_of-nobody0123456789";
const place = `bot${pathTokenPlaceholder}`;

async function serve(
  context: TestContext,
  options: {
    readonly token?: string | undefined;
    readonly ownerNamed?: boolean;
    readonly identity?: ProviderCeiling["identity"];
  } = {},
) {
  const asked: string[] = [];
  const agents: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    agents.push(request.headers["user-agent"]);
    response.setHeader("x-echo", request.url ?? "");
    response.setHeader("location", `https://elsewhere.example${request.url ?? ""}`);
    response.end(`you asked ${request.url ?? ""} or ${encodeURIComponent(request.url ?? "")}`);
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const route: ProviderCeiling = {
    baseUrl,
    credential: { kind: "path-token", prefix: "bot" },
    secret: "channel:telegram.default.bottoken",
    ownerNamed: options.ownerNamed ?? true,
    identity: { ...options.identity },
  };
  const kept = "token" in options ? options.token : token;
  const egress = createBrokerEgress({
    ceiling: () => ({ providers: new Map(), agents: new Map(), channels: new Map([["telegram/default", route]]) }),
    readSecret: async (name) => (name === route.secret ? kept : undefined),
  });
  context.after(async () => {
    await egress.close();
    server.closeAllConnections();
    server.close();
  });
  const ask = async (path: string, account = "default", tried?: ProviderCeiling) => {
    const resource = {
      channel: "telegram",
      account,
      method: "GET",
      url: path.startsWith("http") ? path : `${baseUrl}${path}`,
    } as const;
    const request = { resource, headers: {}, bodyBytes: undefined, body: undefined };
    const response = await egress.fetch(request, AbortSignal.timeout(5_000), tried);
    const chunks: Uint8Array[] = [];
    for await (const chunk of response.body) chunks.push(chunk);
    return { status: response.status, headers: response.headers, text: Buffer.concat(chunks).toString() };
  };
  return { asked, agents, ask, route };
}

const coded = (wanted: string) => (error: unknown) =>
  error instanceof LoricaError && error.code === wanted && !error.message.includes(token);

test("the token takes the placeholder's place, and is in nothing that comes back", async (context) => {
  const { asked, ask } = await serve(context);
  const { status, headers, text } = await ask(`/${place}/getUpdates?offset=7`);
  assert.deepEqual([status, asked], [200, [`/bot${token}/getUpdates?offset=7`]]);
  assert.ok(!JSON.stringify(headers).includes(token) && !text.includes(token), text);
  await ask(`/file/${place}/photos/a.jpg`);
  assert.equal(asked.at(-1), `/file/bot${token}/photos/a.jpg`);
});

test("CH-015 ID-001 a file of a platform is fetched under the name that the config gives, and under none where it is empty", async (context) => {
  const named = async (given: string | undefined) => {
    const { config } = await loadGood(given === undefined ? {} : { identity: { mediaUserAgent: given } });
    const { agents, ask } = await serve(context, { identity: channelIdentity(config) });
    await ask(`/file/${place}/photos/a.jpg`);
    return agents;
  };
  assert.deepEqual(await named(undefined), ["OpenClaw-Gateway/1.0"]);
  assert.deepEqual(await named("family-bot/2"), ["family-bot/2"]);
  assert.deepEqual(await named(""), [undefined]);
});

test("only the first segment that is exactly the placeholder is filled, and never the query", async (context) => {
  const { asked, ask } = await serve(context);
  await ask(`/x${place}/${place}/${place}?q=${place}`);
  assert.deepEqual(asked, [`/x${place}/bot${token}/${place}?q=${place}`]);
});

test("ADV-018 a request without a place for the token, to another host or for another account does not leave", async (context) => {
  const { asked, ask } = await serve(context);
  await assert.rejects(ask("/getMe"), coded("forbidden"));
  await assert.rejects(ask(`/?a=${place}`), coded("forbidden"));
  await assert.rejects(ask(`https://api.telegram.org/${place}/getMe`), coded("forbidden"));
  await assert.rejects(ask(`https://api.telegram.org.evil.example/${place}/getMe`), coded("forbidden"));
  await assert.rejects(ask(`/a%2f..%2f${place}/getMe`), coded("forbidden"));
  await assert.rejects(ask(`/${place}/getMe`, "work"), coded("forbidden"));
  assert.deepEqual(asked, []);
});

test("a platform that the config does not name may not turn out to be in the owner's network", async (context) => {
  const { asked, ask } = await serve(context, { ownerNamed: false });
  await assert.rejects(ask(`/${place}/getMe`), coded("forbidden"));
  assert.deepEqual(asked, []);
});

test("without a token, or with one that could mean another path, nothing leaves and the reason says what to do", async (context) => {
  const without = await serve(context, { token: undefined });
  await assert.rejects(without.ask(`/${place}/getMe`), (error: unknown) => {
    return coded("unauthorized")(error) && /lorica channels add/.test(String(error));
  });
  const strange = await serve(context, { token: "123/../../other?x=" });
  await assert.rejects(strange.ask(`/${place}/getMe`), coded("config_invalid"));
  assert.deepEqual([without.asked, strange.asked], [[], []]);
});

test("a token is tried before it is stored, with the account's own route", async (context) => {
  const { asked, ask, route } = await serve(context, { token: undefined });
  await ask(`/${place}/getMe`, "new", { ...route, value: "999:another-token" });
  assert.deepEqual(asked, ["/bot999:another-token/getMe"]);
});

test("whatever path a gateway makes up, the token is asked for under the base URL only, and never comes back", async (context) => {
  const { asked, ask } = await serve(context);
  const segments = fc.array(
    fc.oneof(fc.constantFrom(place, "..", ".", "%2f", "\\", "file", "?", "#", "@x", "//"), fc.string({ maxLength: 8 })),
    { maxLength: 6 },
  );
  await fc.assert(
    fc.asyncProperty(segments, async (parts) => {
      const answer = await ask(`/${parts.join("/")}`).catch((error: unknown) => error);
      assert.ok(answer instanceof LoricaError || !JSON.stringify(answer).includes(token));
      if (answer instanceof LoricaError) assert.ok(!answer.message.includes(token));
    }),
    { numRuns: 150 },
  );
  for (const url of asked) assert.match(url, /\/bot123456:/);
});

test("a channel's request is read field by field", () => {
  const action = {
    verb: "channel.request",
    agentId: "",
    sessionKey: "",
    principal: { id: "channel:telegram", kind: "system", account: "default" },
    label: { integrity: "owner", readers: ["*"] },
    resource: { channel: "telegram", account: "default", method: "GET", url: "https://x.example/", more: 1 },
  };
  const { more: _, ...resource } = action.resource;
  assert.deepEqual(parseAction("channel.request", action), { ok: true, value: { ...action, resource } });
  for (const change of [{ method: "DELETE" }, { channel: 1 }, { account: "x".repeat(5_000) }])
    assert.equal(parseAction("channel.request", { ...action, resource: { ...resource, ...change } }).ok, false);
});

test("a token that comes back spelt otherwise, or without its number, does not get through", async (context) => {
  const { ask, asked } = await serve(context);
  const secretPart = token.slice(token.indexOf(":") + 1);
  const { headers, text } = await ask(`/${place}/as-percent`);
  assert.equal(asked.length, 1);
  assert.match(text, /you asked .* or /);
  assert.ok(!`${JSON.stringify(headers)} ${text}`.includes(secretPart), text);
});

/** What comes back says what the platform was asked; `calls` as the config's own account has them. */
async function servePlatform(context: TestContext, webhookUrl?: string) {
  const asked: { readonly path: string; readonly body: string }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      asked.push({ path: request.url ?? "", body: Buffer.concat(chunks).toString() });
      response.end("{}");
    });
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const apiRoot = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const telegram = { enabled: true, apiRoot, ...(webhookUrl === undefined ? {} : { webhookUrl }) };
  const { config } = await loadGood({ channels: { telegram } });
  const egress = createBrokerEgress({
    ceiling: () => ({ providers: new Map(), channels: channelCeilings(config) }),
    readSecret: async () => token,
  });
  context.after(async () => {
    await egress.close();
    server.closeAllConnections();
    server.close();
  });
  return {
    asked,
    async call(name: string, text?: string, headers: Readonly<Record<string, string>> = json) {
      const method = text === undefined ? ("GET" as const) : ("POST" as const);
      const path = name.includes("/") ? name : `/${place}/${name}`;
      const resource = { channel: "telegram", account: "default", method, url: `${apiRoot}${path}` } as const;
      const bytes = text === undefined ? undefined : new Uint8Array(Buffer.from(text));
      const body = bytes && ReadableStream.from([bytes]);
      const answer = await egress.fetch(
        { resource, headers: text === undefined ? {} : headers, bodyBytes: bytes?.length, body },
        AbortSignal.timeout(5_000),
      );
      for await (const _ of answer.body) continue;
      return answer.status;
    },
  };
}

const json = { "content-type": "application/json" };

test("THR-011 of a platform only what a channel needs is called, in its own spelling", async (context) => {
  const { call, asked } = await servePlatform(context);
  for (const name of ["getMe", "getUpdates?offset=1", `/file/${place}/photos/a.jpg`])
    assert.equal(await call(name), 200);
  assert.equal(await call("sendMessage", `{"chat_id":7,"text":"hello"}`), 200);
  const before = asked.length;
  const others = ["logOut", "close", "sendGift", "getmyname", "GetMe", "getMe/", "getMe/x", "", "%67etMe", "getMe;x"];
  for (const name of others) await assert.rejects(call(name), coded("forbidden"), name);
  await assert.rejects(call(`/file/${place}/a`, "{}"), coded("forbidden"));
  await assert.rejects(call(`/${place}/file/${place}/getMe`), coded("forbidden"));
  assert.equal(asked.length, before);
});

test("THR-011 a platform is told to deliver to the config's own address and to no other", async (context) => {
  const url = "https://home.example/telegram/webhook";
  const { call, asked } = await servePlatform(context, url);
  const good = { url, secret_token: "x".repeat(32), allowed_updates: ["message"], max_connections: 4 };
  assert.equal(await call("setWebhook", JSON.stringify(good)), 200);
  assert.deepEqual(asked, [{ path: `/bot${token}/setWebhook`, body: JSON.stringify(good) }]);
  const evil = "https://evil.example/";
  const form = { "content-type": "application/x-www-form-urlencoded" };
  await assert.rejects(call("setWebhook", JSON.stringify({ ...good, url: evil })), coded("forbidden"));
  await assert.rejects(call("setWebhook", JSON.stringify({ ...good, ip_address: "192.0.2.1" })), coded("forbidden"));
  await assert.rejects(call(`setWebhook?url=${evil}`, JSON.stringify(good)), coded("forbidden"));
  await assert.rejects(call(`setWebhook?url=${evil}`), coded("forbidden"));
  await assert.rejects(call("setWebhook", `url=${evil}`, form), coded("forbidden"));
  await assert.rejects(
    call("setWebhook", JSON.stringify(good), { ...form, "Content-Type": json["content-type"] }),
    coded("forbidden"),
  );
  await assert.rejects(call("setWebhook", "x".repeat(20_000)), coded("forbidden"));
  assert.equal(asked.length, 1);
  // Of two keys of one name only the one that was looked at goes out.
  assert.equal(await call("setWebhook", `{"url":"${evil}","url":"${url}"}`), 200);
  assert.deepEqual(asked[1]?.body, JSON.stringify({ url }));
  const polling = await servePlatform(context);
  await assert.rejects(polling.call("setWebhook", JSON.stringify(good)), coded("forbidden"));
  assert.equal(await polling.call("deleteWebhook", "{}"), 200);
});
