// What may leave and where to: the ceiling, the addresses, the headers, and what comes back.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { limits } from "../../src/base/limits.ts";
import { checkAddress, createCheckedLookup } from "../../src/network/network.ts";
import { parseTarget } from "../../src/egress/route/target.ts";
import type { ProviderCeiling } from "../../src/egress/route/target.ts";
import { createBrokerEgress } from "../../src/egress/route/route.ts";

const never = new AbortController().signal;
const key = "sk-test-0123456789abcdef";

type Seen = { method: string | undefined; url: string | undefined; headers: IncomingMessage["headers"]; body: string };
type Answer = (response: ServerResponse, request: IncomingMessage) => void;

async function serve(context: TestContext, answer: Answer) {
  const seen: Seen[] = [];
  const closed: string[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      seen.push({ method: request.method, url: request.url, headers: request.headers, body });
      answer(response, request);
    });
    response.on("close", () => closed.push(request.url ?? ""));
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const { port } = server.address() as AddressInfo;
  const provider: ProviderCeiling = {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    credential: "bearer",
    secret: "provider:test",
    ownerNamed: true,
  };
  const providers = new Map([["test", provider]]);
  const egress = createBrokerEgress({
    ceiling: () => ({ providers, channels: new Map(), agents: new Map() }),
    readSecret: async (name) =>
      name === "provider:test" ? key : name === "provider:extra" ? "extra-value" : undefined,
  });
  context.after(async () => {
    await egress.close();
    server.closeAllConnections();
    server.close();
  });
  const ask = (path: string, change: Partial<Parameters<typeof egress.fetch>[0]> = {}, signal = never) =>
    egress.fetch(
      {
        resource: { provider: "test", method: "GET", url: `http://127.0.0.1:${port}${path}` },
        headers: {},
        bodyBytes: undefined,
        body: undefined,
        ...change,
      },
      signal,
    );
  return { port, seen, closed, providers, provider, ask, egress };
}

async function read(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

test("PRV-025 the credential is added on the way out, and what the gateway sends in its place is dropped", async (context) => {
  const { seen, ask, port } = await serve(context, (response) => response.end('{"ok":true}'));
  const text = '{"model":"m"}';
  const response = await ask("/v1/chat/completions?x=1", {
    resource: { provider: "test", method: "POST", url: `http://127.0.0.1:${port}/v1/chat/completions?x=1` },
    headers: {
      "Content-Type": "application/json",
      authorization: "Bearer forged",
      "x-api-key": "forged",
      cookie: "a=b",
      host: "evil.example",
      "x-title": "kept",
    },
    bodyBytes: text.length,
    body: new Blob([text]).stream(),
  });
  assert.equal(await read(response.body), '{"ok":true}');
  const { date: _date, ...headers } = response.headers;
  assert.deepEqual(headers, {});
  assert.deepEqual(seen, [
    {
      method: "POST",
      url: "/v1/chat/completions?x=1",
      headers: {
        host: `127.0.0.1:${port}`,
        connection: "keep-alive",
        "content-type": "application/json",
        "x-title": "kept",
        "accept-encoding": "identity",
        "content-length": String(text.length),
        authorization: `Bearer ${key}`,
      },
      body: text,
    },
  ]);
});

test("each provider gets its credential the way it wants it, and none where none is stored", async (context) => {
  const { seen, ask, providers, provider } = await serve(context, (response) => response.end());
  const shown = async (change: Partial<ProviderCeiling>): Promise<unknown> => {
    providers.set("test", { ...provider, ...change });
    await read((await ask("/v1/models")).body);
    const { host: _h, connection: _c, "accept-encoding": _a, ...rest } = seen.at(-1)?.headers ?? {};
    return rest;
  };
  assert.deepEqual(await shown({ credential: "x-api-key" }), { "x-api-key": key });
  assert.deepEqual(await shown({ credential: "x-goog-api-key" }), { "x-goog-api-key": key });
  assert.deepEqual(await shown({ credential: "none" }), {});
  assert.deepEqual(await shown({ secret: "provider:missing" }), {});
  assert.deepEqual(await shown({ credential: "none", secretHeaders: { "X-Extra": "provider:extra" } }), {
    "x-extra": "extra-value",
  });
});

test("nothing but the provider's own base URL is reached", () => {
  const provider: ProviderCeiling = {
    baseUrl: "https://api.example.com/v1",
    credential: "bearer",
    secret: "provider:x",
    ownerNamed: false,
  };
  const good = [
    "https://api.example.com/v1",
    "https://api.example.com/v1/chat",
    "https://API.example.com:443/v1/a?b=c#d",
  ];
  for (const url of good) assert.equal(parseTarget(url, provider).ok, true, url);
  const bad = [
    "http://api.example.com/v1/chat",
    "https://api.example.com:8443/v1/chat",
    "https://api.example.com.evil.net/v1/chat",
    "https://evil.net/v1/chat",
    "https://api.example.com@evil.net/v1/chat",
    "https://user:pass@api.example.com/v1/chat",
    "https://api.example.com/v1x",
    "https://api.example.com/",
    "https://api.example.com/v1/../admin",
    "https://api.example.com/v1/%2e%2e/admin",
    "https://api.example.com/v1/..%2fadmin",
    "https://api.example.com/v1/..%5Cadmin",
    "https://api.example.com/v1\\..\\admin",
    "https://api.example.com/v1/a%00b",
    "file:///etc/passwd",
    "//api.example.com/v1",
    "",
    `https://api.example.com/v1/${"x".repeat(limits.fetchUrlMaxChars)}`,
  ];
  for (const url of bad) assert.equal(parseTarget(url, provider).ok, false, url);
});

test("an unknown provider and a URL outside of it are refused before anything is sent", async (context) => {
  const { seen, ask, port } = await serve(context, (response) => response.end());
  await assert.rejects(ask("/v2/x"), { code: "forbidden", message: /\/v2\/x is not below/ });
  const resource = { provider: "other", method: "GET", url: `http://127.0.0.1:${port}/v1/x` } as const;
  await assert.rejects(ask("", { resource }), { code: "forbidden", message: /no provider "other"/ });
  assert.deepEqual(seen, []);
});

test("NET-036 addresses: metadata never, local ones only where the config names the host, in every spelling", () => {
  const verdict = (address: string): string =>
    (checkAddress(address, "public").ok ? "P" : "-") + (checkAddress(address, "owner-named").ok ? "O" : "-");
  const cases: Readonly<Record<string, readonly string[]>> = {
    PO: ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "64:ff9b::5db8:d822"],
    "-O": ["127.0.0.1", "10.1.2.3", "192.168.0.9", "172.16.0.1", "169.254.1.1", "100.64.0.1", "::1", "fe80::1"].concat([
      "fd12::1",
      "::ffff:10.0.0.1",
      "::ffff:7f00:1",
      "64:ff9b::7f00:1",
      "2002:7f00:1::",
      "::10.0.0.1",
    ]),
    "--": ["169.254.169.254", "::ffff:169.254.169.254", "::ffff:a9fe:a9fe", "64:ff9b::a9fe:a9fe", "fd00:ec2::254"]
      .concat(["169.254.170.2", "100.100.100.200", "0.0.0.0", "::", "255.255.255.255", "224.0.0.1", "ff02::1"])
      .concat(["192.0.2.1", "2001:db8::1", "not an address", "1.2.3.4.5"]),
  };
  for (const [expected, addresses] of Object.entries(cases))
    for (const address of addresses) assert.equal(verdict(address), expected, address);
});

test("a literal metadata address is refused even as a base URL", async (context) => {
  const { ask, providers, provider } = await serve(context, (response) => response.end());
  providers.set("test", { ...provider, baseUrl: "http://169.254.169.254/latest" });
  const resource = { provider: "test", method: "GET", url: "http://169.254.169.254/latest/meta-data" } as const;
  await assert.rejects(ask("", { resource }), { code: "forbidden", message: /metadata/ });
});

test("a name is judged by what it resolves to, and that address is dialled", async (context) => {
  const { ask, port, providers, provider } = await serve(context, (response) => response.end("here"));
  providers.set("test", { ...provider, baseUrl: `http://localhost:${port}/v1` });
  const resource = { provider: "test", method: "GET", url: `http://localhost:${port}/v1/x` } as const;
  assert.equal(await read((await ask("", { resource })).body), "here");
  providers.set("test", { ...provider, baseUrl: `http://localhost:${port}/v1`, ownerNamed: false });
  await assert.rejects(ask("", { resource }), { code: "forbidden", message: /localhost may not be dialled/ });
  const answer = await new Promise((done) =>
    createCheckedLookup("owner-named")("localhost", { family: 4 }, (...found) => done(found)),
  );
  assert.deepEqual(answer, [null, "127.0.0.1", 4]);
});

test("ADV-018 a redirect is an answer like any other, and the credential goes nowhere with it", async (context) => {
  const { seen, ask } = await serve(context, (response) => response.writeHead(302, { location: "/v1/other" }).end());
  const response = await ask("/v1/x");
  assert.equal(response.status, 302);
  await read(response.body);
  assert.equal(seen.length, 1);
});

test("PRV-025 a far side that repeats the credential does not hand it on, in a header or across two chunks", async (context) => {
  const { ask } = await serve(context, (response) => {
    response.writeHead(401, { "x-echo": `Bearer ${key}`, "set-cookie": "a=b" });
    response.write(`bad key ${key.slice(0, 9)}`);
    setImmediate(() => response.end(`${key.slice(9)} sk-test-012`));
  });
  const response = await ask("/v1/x");
  assert.equal(response.headers["x-echo"], "Bearer ***");
  assert.equal(response.headers["set-cookie"], undefined);
  assert.equal(await read(response.body), `bad key ${"*".repeat(key.length)} sk-test-012`);
});

test("whoever leaves closes the connection at once, before the answer and in the middle of it", async (context) => {
  const arrived = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const { ask, closed } = await serve(context, (response, request) => {
    if (request.url === "/v1/stream") response.write("first");
    arrived[request.url === "/v1/stream" ? 1 : 0]?.resolve();
  });
  const before = new AbortController();
  const waiting = ask("/v1/silent", {}, before.signal);
  await arrived[0]?.promise;
  before.abort();
  await assert.rejects(waiting, { code: "cancelled" });
  const during = new AbortController();
  const response = await ask("/v1/stream", {}, during.signal);
  const reader = response.body[Symbol.asyncIterator]();
  assert.equal(Buffer.from((await reader.next()).value as Uint8Array).toString(), "first");
  const next = reader.next();
  during.abort();
  await assert.rejects(next, { code: "cancelled" });
  while (closed.length < 2) await new Promise((turn) => setImmediate(turn));
  assert.deepEqual(closed, ["/v1/silent", "/v1/stream"]);
});

test("a far side that drops, refuses or answers what was not asked for gets a coded error", async (context) => {
  const { ask, providers, provider } = await serve(context, (response, request) => {
    if (request.url === "/v1/drop") return response.destroy();
    if (request.url === "/v1/gzip") return response.writeHead(200, { "content-encoding": "gzip" }).end("x");
    response.writeHead(200, { "content-length": "100" });
    response.write("part");
    setImmediate(() => response.destroy());
  });
  await assert.rejects(ask("/v1/drop"), { code: "upstream" });
  await assert.rejects(ask("/v1/gzip"), { code: "upstream", message: /encoding/ });
  await assert.rejects(read((await ask("/v1/half")).body), { code: "upstream" });
  providers.set("test", { ...provider, baseUrl: "http://127.0.0.1:1/v1" });
  const resource = { provider: "test", method: "GET", url: "http://127.0.0.1:1/v1/x" } as const;
  await assert.rejects(ask("", { resource }), { code: "unavailable", message: /cannot connect to 127.0.0.1:1/ });
});

test("headers that are none, or too many, are refused", async (context) => {
  const { ask, seen } = await serve(context, (response) => response.end());
  for (const headers of [
    { "a b": "c" },
    { a: "b\r\nc: d" },
    { a: "b\u0000" },
    { a: "x".repeat(limits.fetchHeaderMaxBytes + 1) },
  ])
    await assert.rejects(ask("/v1/x", { headers }), { code: "invalid_request" });
  const many = Object.fromEntries(Array.from({ length: limits.fetchHeadersMax + 1 }, (_, index) => [`h${index}`, "x"]));
  await assert.rejects(ask("/v1/x", { headers: many }), { code: "invalid_request" });
  assert.deepEqual(seen, []);
});

test("PRV-025 a stored credential that cannot stand in a header is named, not shown", async (context) => {
  const { provider } = await serve(context, (response) => response.end());
  const egress = createBrokerEgress({
    ceiling: () => ({
      channels: new Map(),
      providers: new Map([["test", provider]]),
      agents: new Map(),
    }),
    readSecret: async () => "sk-hidden\nvalue",
  });
  const resource = { provider: "test", method: "GET", url: `${provider.baseUrl}/x` } as const;
  const call = egress.fetch({ resource, headers: {}, bodyBytes: undefined, body: undefined }, never);
  await assert.rejects(
    call,
    (error: Error) => !error.message.includes("sk-hidden") && /authorization/.test(error.message),
  );
});
