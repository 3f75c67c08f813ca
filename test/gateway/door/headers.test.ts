// What every answer of the port carries, and what stays out of the log.
import assert from "node:assert/strict";
import { connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { sha256 } from "../../../src/base/ids.ts";
import { limits } from "../../../src/base/limits.ts";
import { createRates } from "../../../src/gateway/door/rates.ts";
import { accessOf } from "../../faux/gateway/access.ts";
import { openEdge, token } from "../../faux/edge.ts";
import { requestRaw } from "../../faux/raw-http.ts";

const bearer = { authorization: `Bearer ${token}` };
const tokenHashes = [sha256(token)];

const wanted: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "permissions-policy": "camera=(), microphone=(), geolocation=()",
};

function parseRaw(answer: string): { readonly status: number; readonly headers: Headers } {
  const [first = "", ...lines] = (answer.split("\r\n\r\n")[0] ?? "").split("\r\n");
  const headers = new Headers();
  for (const line of lines) headers.append(line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1));
  return { status: Number(first.split(" ")[1]), headers };
}

test("GAP-002 NET-024 NET-025 NET-026 NET-027 NET-028 NET-029 every answer of the port carries the headers, whoever made it", async (t) => {
  const edge = await openEdge(t, { settings: { access: accessOf({ tokenHashes }) } });
  const raw = (first: string) => requestRaw(edge.port, `${first}\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  const upgrade =
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
  const answers: readonly (readonly [name: string, status: number, answer: string])[] = [
    ["probe", 200, await raw("GET /health HTTP/1.1")],
    ["nowhere", 404, await raw("GET /a/b/c HTTP/1.1")],
    ["unauthorized", 401, await raw("GET /api/status HTTP/1.1")],
    ["authorized", 200, await raw(`GET /api/status HTTP/1.1\r\nAuthorization: Bearer ${token}`)],
    ["method", 405, await raw("DELETE /health HTTP/1.1")],
    ["broken", 400, await requestRaw(edge.port, "BROKEN\r\n\r\n")],
    ["too large", 431, await raw(`GET / HTTP/1.1\r\nX-Big: ${"y".repeat(20_000)}`)],
    [
      "other host",
      421,
      await requestRaw(edge.port, "GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"),
    ],
    ["upgrade", 421, await requestRaw(edge.port, `GET / HTTP/1.1\r\nHost: evil.example\r\n${upgrade}\r\n\r\n`)],
  ];
  for (const [name, status, answer] of answers) {
    const { status: seen, headers } = parseRaw(answer);
    assert.equal(seen, status, name);
    assert.deepEqual(Object.fromEntries(Object.keys(wanted).map((key) => [key, headers.get(key)])), wanted, name);
    const policy = headers.get("content-security-policy") ?? "";
    assert.match(policy, /default-src '(self|none)'/, name);
    assert.match(policy, /frame-ancestors 'none'/, name);
    for (const telling of ["server", "x-powered-by", "strict-transport-security"])
      assert.equal(headers.get(telling), null, `${name}: ${telling}`);
  }
});

test("GAP-032 GW-011 GW-013 THR-008 THR-018 whatever is behind the port asks who it is before it looks at anything, plugins' paths too", async (t) => {
  const edge = await openEdge(t);
  for (const path of [
    "/api/status",
    "/tools/invoke",
    "/v1/models",
    "/v1/chat/completions",
    "/v1/responses",
    "/v1/any",
  ]) {
    for (const method of ["GET", "POST", "PUT", "DELETE"])
      assert.equal((await fetch(edge.url + path, { method })).status, 401, `${method} ${path}`);
  }
  for (const path of ["/plugins/x", "/hooks/wake", "/api/", "/api/anything", "/admin", "/metrics", "/debug"]) {
    for (const headers of [{}, bearer]) assert.equal((await fetch(edge.url + path, { headers })).status, 404, path);
  }
  const status = await fetch(`${edge.url}/api/status`, { headers: bearer });
  assert.deepEqual([status.status, Object.hasOwn((await status.json()) as object, "phase")], [200, true]);
});

test("NET-037 no control of a terminal reaches the log, of either half of Latin-1, and nothing long", async (t) => {
  const edge = await openEdge(t);
  const forged = `/x%0a{"level":"info","msg":"owner%20signed%20in"}${"y".repeat(5_000)}`;
  await requestRaw(edge.port, `GET ${forged} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  const latin = `POST /v1/x HTTP/1.1\r\nHost: localhost\r\nOrigin: a\x9b2Jb\tc\r\nConnection: close\r\n\r\n`;
  await requestRaw(edge.port, Buffer.from(latin, "latin1"));
  const cross = `POST /v1/x HTTP/1.1\r\nHost: localhost\r\nOrigin: https://${"e".repeat(9_000)}\r\nConnection: close\r\n\r\n`;
  await requestRaw(edge.port, cross);
  const text = edge.log.map(({ message, fields }) => message + JSON.stringify(fields));
  assert.equal(text.length, 3, JSON.stringify(text));
  for (const line of text) {
    // oxlint-disable-next-line no-control-regex
    assert.doesNotMatch(line, /[\u0000-\u001f\u007f-\u009f]/);
    assert.ok(line.length < 1_000, `${line.length}`);
  }
});

test("NET-005 what comes through a tunnel to this machine is this machine's own, by any port on the other side", async (t) => {
  const edge = await openEdge(t, { now: () => 1_000_000 });
  // As sshd does it: a connection of its own to the loopback, with the bytes as they are.
  const tunnel = createServer((near) => {
    const far = connect(edge.port, "127.0.0.1");
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) socket.on("error", () => undefined);
  });
  await new Promise<void>((ready) => tunnel.listen(0, "127.0.0.1", ready));
  t.after(() => tunnel.close());
  const { port } = tunnel.address() as AddressInfo;
  const ask = async (method: string, origin: string) =>
    (await fetch(`http://127.0.0.1:${port}/v1/models`, { method, headers: { ...bearer, origin } })).status;
  const near = `http://127.0.0.1:${port}`;
  // Not paced, as nothing of this machine is; and the page that it brought over may call, where another may not.
  for (let count = 0; count < 2 * limits.httpBurst; count++) assert.equal(await ask("GET", near), 200);
  assert.deepEqual([await ask("POST", near), await ask("POST", `http://127.0.0.1:${port + 1}`)], [405, 403]);
});

test("NET-018 what is remembered of clients has an end", () => {
  const rates = createRates(() => 1_000_000);
  for (let count = 0; count < limits.rateAddressesMax + 100; count++)
    rates.take("general", { address: `10.${count >> 16}.${(count >> 8) & 255}.${count & 255}`, isLocal: false });
  assert.equal(rates.size(), limits.rateAddressesMax);
});
