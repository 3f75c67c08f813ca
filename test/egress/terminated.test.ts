import assert from "node:assert/strict";
import { test } from "node:test";
import type { Inspect } from "../../src/egress/proxy/proxy.ts";
import { allow, egressFor, publicAddress, withWayOut } from "../faux/network/way-out.ts";
import { fetchThrough, say } from "../faux/network/through.ts";

const place = "api.example.com:443";
const names = { "api.example.com": [publicAddress] };
const reading = allow("api.example.com", { methods: ["GET"], paths: ["/repos/mine"], credentials: ["forge"] });

function request(line: string, ...headers: readonly string[]): string {
  return [line, "Host: api.example.com", "Connection: close", ...headers, "", ""].join("\r\n");
}

test("rules about methods and paths hold on a host whose TLS ends here", async () => {
  await withWayOut(egressFor(reading), { names }, async ({ port, far, certificate, records }) => {
    const ask = (line: string, ...headers: readonly string[]) =>
      fetchThrough(port, { place, ca: certificate, request: request(line, ...headers) });
    assert.match(await ask("GET /repos/mine?page=1 HTTP/1.1"), /^HTTP\/1\.1 200 [^]*from afar/);
    for (const line of [
      "POST /repos/mine",
      "GET /gists",
      "GET /repos/mine/../../gists",
      "GET /repos/mine/%2e%2e/%2e%2e/gists",
    ])
      assert.match(await ask(`${line} HTTP/1.1`), /^HTTP\/1\.1 403 /, line);
    assert.match(await ask("GET https://evil.org/repos/mine HTTP/1.1"), /^HTTP\/1\.1 400 /);
    assert.deepEqual(far.seen, ["GET api.example.com/repos/mine?page=1"]);
    assert.deepEqual(records.map(({ transport, method, path, verdict }) => ({ transport, method, path, verdict }))[0], {
      transport: "tls",
      method: "GET",
      path: "/repos/mine",
      verdict: "allow",
    });
  });
});

test("SNI ≠ Host fronting: inside the TLS the Host header must be the tunnel's name", async () => {
  await withWayOut(egressFor(reading), { names }, async ({ port, far, certificate, records }) => {
    const fronted = "GET /repos/mine HTTP/1.1\r\nHost: evil.org\r\nConnection: close\r\n\r\n";
    assert.match(await fetchThrough(port, { place, ca: certificate, request: fronted }), /^HTTP\/1\.1 403 the Host/);
    assert.deepEqual([far.seen, records[0]?.rule], [[], "host"]);
  });
});

test("ADV-018 a placeholder becomes its credential at its own host, and the answer cannot show it", async () => {
  const seen: string[] = [];
  const fill = async (asked: { readonly name: string }) => (asked.name === "forge" ? "tok-SECRET-123" : undefined);
  const options = {
    names,
    fill,
    answer: (
      from: { headers: Record<string, unknown> },
      to: { setHeader(n: string, v: string): void; end(t: string): void },
    ) => {
      seen.push(String(from.headers["authorization"]));
      to.setHeader("x-echo", String(from.headers["authorization"]));
      to.end(`you sent ${String(from.headers["authorization"])}`);
    },
  };
  await withWayOut(egressFor(reading), options as never, async ({ port, certificate, far }) => {
    const ask = (authorization: string) =>
      fetchThrough(port, {
        place,
        ca: certificate,
        request: request("GET /repos/mine HTTP/1.1", `Authorization: ${authorization}`),
      });
    const answer = await ask("Bearer vault:forge");
    assert.match(answer, /200 OK/);
    assert.doesNotMatch(answer, /tok-SECRET-123/);
    const basic = Buffer.from("x:vault:forge").toString("base64");
    assert.match(await ask(`Basic ${basic}`), /200 OK/);
    assert.deepEqual(seen, ["Bearer tok-SECRET-123", `Basic ${Buffer.from("x:tok-SECRET-123").toString("base64")}`]);
    // One that is not bound to this host is refused, not sent as it stands.
    assert.match(await ask("Bearer vault:other"), /403 the secret other is not bound/);
    assert.equal(far.seen.length, 2);
  });
});

test("ADV-018 a redirect is the cell's to follow: its next request is judged anew and carries no credential", async () => {
  const both = egressFor(reading, allow("other.example.com", { methods: ["GET"] }));
  const options = {
    names: { ...names, "other.example.com": [publicAddress] },
    fill: async () => "tok-SECRET-123",
    answer: (_from: unknown, to: { writeHead(s: number, h: object): void; end(): void }) => {
      to.writeHead(302, { location: "https://other.example.com/steal" });
      to.end();
    },
  };
  await withWayOut(both, options as never, async ({ port, certificate, far }) => {
    const first = request("GET /repos/mine HTTP/1.1", "Authorization: Bearer vault:forge");
    assert.match(await fetchThrough(port, { place, ca: certificate, request: first }), /302 Found/);
    const next = first.replace("api.example.com", "other.example.com").replace("/repos/mine", "/steal");
    const answer = await fetchThrough(port, { place: "other.example.com:443", ca: certificate, request: next });
    assert.match(answer, /403 the secret forge is not bound to other\.example\.com/);
    assert.deepEqual(far.seen, ["GET api.example.com/repos/mine"]);
  });
});

test("INJ-015 what must not leave is found in the head and in the body before a byte of them is sent", async () => {
  const writing = egressFor(allow("api.example.com", { methods: ["GET", "POST"] }));
  const inspect: Inspect = async ({ text }) => (text.includes("CANARY") ? "block" : "pass");
  await withWayOut(writing, { names, inspect }, async ({ port, certificate, far, records }) => {
    const ask = (text: string) => fetchThrough(port, { place, ca: certificate, request: text });
    assert.match(await ask(request("GET /?q=CANARY HTTP/1.1")), /403 its head holds/);
    assert.match(await ask(request("GET / HTTP/1.1", "X-Note: CANARY")), /403 its head holds/);
    assert.match(await ask(`${request("POST / HTTP/1.1", "Content-Length: 6")}CANARY`), /403 its body holds/);
    assert.match(await ask(`${request("POST / HTTP/1.1", "Content-Length: 6")}canary`), /200 OK/);
    assert.deepEqual(far.seen, ["POST api.example.com/"]);
    assert.deepEqual(
      records.map(({ rule }) => rule),
      ["dlp", "dlp", "dlp", "allow api.example.com"],
    );
  });
});

test("the far side of a host whose TLS ends here must prove its name", async () => {
  await withWayOut(egressFor(reading), { names, trusted: [] }, async ({ port, certificate, far }) => {
    const answer = await fetchThrough(port, { place, ca: certificate, request: request("GET /repos/mine HTTP/1.1") });
    assert.match(answer, /^HTTP\/1\.1 502 api\.example\.com failed/);
    assert.deepEqual(far.seen, []);
  });
});

test("plain HTTP goes to port 80 where a rule lists it, under the same rules", async () => {
  const rules = egressFor(allow("api.example.com", { ports: [80], methods: ["GET"] }));
  await withWayOut(rules, { names }, async ({ port, far, resolved }) => {
    const ask = (line: string, host = "api.example.com") =>
      say(port, `${line} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nProxy-Authorization: x\r\n\r\n`);
    assert.match(await ask("GET http://api.example.com/a"), /200 OK/);
    assert.match(await ask("POST http://api.example.com/a"), /403/);
    assert.match(await ask("GET http://api.example.com/a", "evil.org"), /403/);
    assert.match(await ask("GET http://api.example.com:8080/a"), /403/);
    assert.match(await ask("GET http://127.0.0.1/a"), /403/);
    assert.match(await ask("GET http://x@api.example.com/a"), /400/);
    assert.match(await ask("GET /a"), /400/);
    assert.deepEqual([far.seen, resolved], [["GET api.example.com/a"], ["api.example.com"]]);
  });
});
