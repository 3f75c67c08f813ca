// Requests to providers through a proxy that the owner chose.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import type { ProviderCeiling } from "../../src/egress/route/target.ts";
import { createBrokerEgress } from "../../src/egress/route/route.ts";

const never = new AbortController().signal;
const key = "sk-test-0123456789abcdef";

async function serveProxy() {
  const asked: string[] = [];
  const heard: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    heard.push(JSON.stringify(request.headers));
    response.end("through the proxy");
  });
  server.on("connect", (request, socket) => {
    asked.push(`CONNECT ${request.url}`);
    heard.push(JSON.stringify(request.headers));
    socket.end("HTTP/1.1 403 no\r\n\r\n");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, asked, heard, port: (server.address() as AddressInfo).port };
}

function openEgress(providers: Readonly<Record<string, string>>, proxy: string | undefined) {
  const ceilings = Object.entries(providers).map(([id, baseUrl]): [string, ProviderCeiling] => [
    id,
    { baseUrl, credential: "bearer", secret: "provider", ownerNamed: true },
  ]);
  const egress = createBrokerEgress({
    ceiling: () => ({ providers: new Map(ceilings), channels: new Map() }),
    readSecret: async () => key,
    proxy: () => proxy,
  });
  const ask = async (provider: string): Promise<string> => {
    const resource = { provider, method: "GET", url: `${providers[provider]}/models` } as const;
    const { body } = await egress.fetch({ resource, headers: {}, bodyBytes: undefined, body: undefined }, never);
    const parts: Uint8Array[] = [];
    for await (const part of body) parts.push(part);
    return Buffer.concat(parts).toString();
  };
  return { egress, ask };
}

test("EGR-011 providers are asked through the owner's proxy, and what is near is asked directly", async () => {
  const proxy = await serveProxy();
  const near = createServer((_request, response) => response.end("directly"));
  near.listen(0, "127.0.0.1");
  await once(near, "listening");
  const providers = {
    plain: "http://models.example.com/v1",
    secure: "https://models.example.com/v1",
    near: `http://127.0.0.1:${(near.address() as AddressInfo).port}/v1`,
  };
  const { egress, ask } = openEgress(providers, `http://127.0.0.1:${proxy.port}`);
  try {
    assert.equal(await ask("plain"), "through the proxy");
    await assert.rejects(ask("secure"), { code: "upstream", message: /models\.example\.com through http:\/\/127/ });
    assert.equal(await ask("near"), "directly");
    assert.deepEqual(proxy.asked, ["GET http://models.example.com/v1/models", "CONNECT models.example.com:443"]);
    // A tunnel's proxy is told the name and nothing of the request.
    assert.equal(proxy.heard[1]?.includes(key), false);
  } finally {
    await egress.close();
    for (const server of [proxy.server, near]) {
      server.closeAllConnections();
      server.close();
    }
  }
});

test("a proxy that is not there, or is a cloud's metadata service, is named", async () => {
  const providers = { secure: "https://models.example.com/v1" };
  const closed = createServer().listen(0, "127.0.0.1");
  await once(closed, "listening");
  const { port } = closed.address() as AddressInfo;
  closed.close();
  await once(closed, "close");
  const gone = openEgress(providers, `http://127.0.0.1:${port}`);
  await assert.rejects(gone.ask("secure"), { message: new RegExp(`through http://127\\.0\\.0\\.1:${port}`) });
  await gone.egress.close();
  const metadata = openEgress(providers, "http://169.254.169.254");
  await assert.rejects(metadata.ask("secure"), { code: "forbidden", message: /metadata/ });
  await metadata.egress.close();
});
