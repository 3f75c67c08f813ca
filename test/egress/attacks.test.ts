// What a hostile command, or a hostile far side, tries on a proxy that it can reach: each beside what must go on working.
import assert from "node:assert/strict";
import { once } from "node:events";
import type { RequestListener } from "node:http";

import { test } from "node:test";
import { connect as connectTls } from "node:tls";
import { gzipSync } from "node:zlib";
import { fewAtOnce } from "../../src/egress/proxy/dial.ts";
import { allow, egressFor, publicAddress, withWayOut } from "../faux/network/way-out.ts";
import { fetchThrough, openTunnel, say, sayOn } from "../faux/network/through.ts";

const place = "api.example.com:443";
const names = { "api.example.com": [publicAddress] };
const secret = "tok-SECRET-12345";
const own = allow("api.example.com", { methods: ["GET", "POST"], credentials: ["forge"] });
const fill = async (asked: { readonly name: string }): Promise<string | undefined> =>
  asked.name === "forge" ? secret : undefined;

function request(line: string, ...headers: readonly string[]): string {
  return [`${line} HTTP/1.1`, "Host: api.example.com", "Connection: close", ...headers, "", ""].join("\r\n");
}

test("a far side that shows the credential in a cookie, in base64 or behind a compression does not hand it on", async () => {
  const basic = `Basic ${Buffer.from("x:vault:forge").toString("base64")}`;
  const sent = `x:${secret}`;
  const encoded = Buffer.from(sent).toString("base64");
  const answer: RequestListener = (from, to) => {
    if (from.url === "/cookie") to.setHeader("set-cookie", [`a=${secret}`, `b=${encoded}`]);
    if (from.url === "/packed") to.setHeader("content-encoding", "gzip");
    to.end(from.url === "/packed" ? gzipSync(`you sent ${encoded}`) : `you sent ${from.headers.authorization}`);
  };
  await withWayOut(egressFor(own), { names, fill, answer }, async ({ port, certificate }) => {
    const ask = (path: string, authorization: string) =>
      fetchThrough(port, {
        place,
        ca: certificate,
        request: request(`GET ${path}`, `Authorization: ${authorization}`),
      });
    for (const path of ["/plain", "/cookie"]) {
      const text = await ask(path, basic);
      assert.match(text, /200 OK/);
      assert.equal(text.includes(secret) || text.includes(encoded), false, text);
    }
    assert.match(await ask("/packed", basic), /^HTTP\/1\.1 502 .*encoding/);
    // Without a credential in the request a packed answer is none of our business.
    assert.match(await ask("/packed", "Bearer x"), /^HTTP\/1\.1 200/);
  });
});

test("a placeholder is called as the vault calls its secrets", async () => {
  const seen: unknown[] = [];
  const answer: RequestListener = (from, to) => {
    seen.push(from.headers.authorization);
    to.end();
  };
  const fillNamed = async ({ name }: { readonly name: string }) => (name === "service:forge.ci" ? secret : undefined);
  const named = egressFor(allow("api.example.com", { methods: ["GET"], credentials: ["service:forge.ci"] }));
  await withWayOut(named, { names, fill: fillNamed, answer }, async ({ port, certificate }) => {
    const ask = (authorization: string) =>
      fetchThrough(port, { place, ca: certificate, request: request("GET /", `Authorization: ${authorization}`) });
    assert.match(await ask("Bearer vault:service:forge.ci"), /200 OK/);
    assert.match(await ask(`Basic ${Buffer.from("x:vault:service:forge.ci").toString("base64")}`), /200 OK/);
    for (const other of ["vault:service:other", "vault:service", "vault:service:forge.cis"])
      assert.match(await ask(`Bearer ${other}`), /403 the secret .* is not bound/);
    assert.deepEqual(seen, [`Bearer ${secret}`, `Basic ${Buffer.from(`x:${secret}`).toString("base64")}`]);
  });
});

test("requests that do not wait for the answer open one connection at a time", async () => {
  const answer: RequestListener = () => undefined;
  await withWayOut(egressFor(own), { names, answer }, async ({ port, certificate, dialled }) => {
    const many = request("GET /").replace("Connection: close\r\n", "").repeat(200);
    await fetchThrough(port, { place, ca: certificate, request: many });
    assert(dialled.length <= 1, `${dialled.length} connections for one`);
  });
  await withWayOut(egressFor(own), { names }, async ({ port, certificate, far }) => {
    const first = request("GET /1").replace("Connection: close\r\n", "");
    const client = await openSecure(port, certificate);
    assert.match(await sayOn(client, first, "from afar"), /200 OK/);
    assert.match(await sayOn(client, request("GET /2")), /200 OK/);
    assert.deepEqual(far.seen, ["GET api.example.com/1", "GET api.example.com/2"]);
  });
});

test("a rule that denies a path denies every spelling of it", async () => {
  const rules = egressFor(allow("api.example.com"), {
    ...allow("api.example.com", { paths: ["/admin"] }),
    id: "no admin",
    verdict: "deny",
  });
  await withWayOut(rules, { names }, async ({ port, certificate, far }) => {
    const ask = (path: string) => fetchThrough(port, { place, ca: certificate, request: request(`GET ${path}`) });
    for (const path of ["/admin", "/ADMIN/x", "/%61dmin", "/%41DMIN/x", "/adm%69n?x"])
      assert.match(await ask(path), /^HTTP\/1\.1 403 /, path);
    assert.match(await ask("/%61dmire"), /^HTTP\/1\.1 200 /);
    assert.deepEqual(far.seen, ["GET api.example.com/%61dmire"]);
  });
});

test("headers that a server may take for another method, path or host do not pass where rules name these", async () => {
  const reading = egressFor(allow("api.example.com", { methods: ["GET"], paths: ["/mine"] }));
  await withWayOut(reading, { names }, async ({ port, certificate, far }) => {
    const ask = (header: string) =>
      fetchThrough(port, { place, ca: certificate, request: request("GET /mine", header) });
    for (const header of [
      "X-HTTP-Method-Override: DELETE",
      "X-HTTP-Method: DELETE",
      "X-Method-Override: DELETE",
      "X-Original-URL: /yours",
      "X-Rewrite-URL: /yours",
      "X-Forwarded-Host: other.example.com",
      "Forwarded: host=other.example.com",
    ])
      assert.match(await ask(header), /^HTTP\/1\.1 403 .*header/, header);
    assert.match(await ask("X-Mine: 1"), /^HTTP\/1\.1 200 /);
    assert.deepEqual(far.seen, ["GET api.example.com/mine"]);
  });
});

test("a secret that cannot be read now, or a look at the request that fails, stops the request and nothing else", async () => {
  const locked = async (): Promise<string> => await Promise.reject(new Error("the vault is locked"));
  await withWayOut(egressFor(own), { names, fill: locked }, async ({ port, certificate, far, records }) => {
    const text = request("GET /", "Authorization: Bearer vault:forge");
    assert.match(await fetchThrough(port, { place, ca: certificate, request: text }), /^HTTP\/1\.1 50\d /);
    assert.match(await fetchThrough(port, { place, ca: certificate, request: request("GET /") }), /200 OK/);
    assert.deepEqual(far.seen, ["GET api.example.com/"]);
    assert.deepEqual(
      records.map(({ verdict, rule }) => ({ verdict, rule })),
      [
        { verdict: "deny", rule: "failed" },
        { verdict: "allow", rule: own.id },
      ],
    );
  });
  const inspect = async (): Promise<"pass"> => await Promise.reject(new Error("no scanner"));
  await withWayOut(egressFor(allow("api.example.com")), { names, inspect }, async ({ port, dialled, records }) => {
    await say(port, `CONNECT ${place} HTTP/1.1\r\nHost: x\r\n\r\n`);
    assert.deepEqual([dialled, records.map(({ rule }) => rule)], [[], ["failed"]]);
  });
});

test("a name or a path that holds what must not leave is not written down as it is", async () => {
  const rules = egressFor(allow("*.example.com", { methods: ["GET"] }), allow("*.example.org"));
  const inspect = async ({ text }: { readonly text: string }) =>
    text.toLowerCase().includes("canary") ? ("block" as const) : ("pass" as const);
  await withWayOut(rules, { names, inspect }, async ({ port, certificate, records }) => {
    await say(port, `CONNECT canary.example.org:443 HTTP/1.1\r\nHost: x\r\n\r\n`);
    await fetchThrough(port, { place, ca: certificate, request: request("GET /CANARY") });
    assert.deepEqual(
      records.map(({ host, path, rule }) => ({ host, path, rule })),
      [
        { host: "(hidden)", path: undefined, rule: "dlp" },
        { host: "api.example.com", path: undefined, rule: "dlp" },
      ],
    );
  });
});

test("two lengths, two hosts, a folded header and a chunk that lies are no request", async () => {
  await withWayOut(egressFor(own), { names }, async ({ port, certificate, far }) => {
    const ask = (text: string) => fetchThrough(port, { place, ca: certificate, request: text });
    const smuggled = "GET /smuggled HTTP/1.1\r\nHost: api.example.com\r\n\r\n";
    for (const text of [
      `${request("POST /", "Content-Length: 5", "Content-Length: 6")}12345${smuggled}`,
      `${request("POST /", "Content-Length: 5", "Transfer-Encoding: chunked")}0\r\n\r\n${smuggled}`,
      `${request("POST /", "Transfer-Encoding: chunked", "Transfer-Encoding: identity")}0\r\n\r\n${smuggled}`,
      `${request("POST /", "Transfer-Encoding: xchunked")}0\r\n\r\n${smuggled}`,
      `${request("POST /", "Transfer-Encoding: chunked")}5;\r\n\n12345\r\n${smuggled}`,
      `${request("GET /", "X: 1\r\n folded: 1", "Transfer-Encoding : chunked")}${smuggled}`,
      request("GET /", "Host: evil.org"),
      `GET / HTTP/1.1\nHost: api.example.com\n\n`,
      `GET / HTTP/1.1\r\nHost: api.example.com\r\nX: a\0b\r\n\r\n`,
      `GET /a b HTTP/1.1\r\nHost: api.example.com\r\n\r\n`,
      `CONNECT evil.org:443 HTTP/1.1\r\nHost: api.example.com\r\n\r\n`,
      `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`,
    ])
      assert.match(await ask(text), /^(HTTP\/1\.1 (400|403|501)|broken|$)/, JSON.stringify(text));
    assert.deepEqual(
      far.seen.filter((line) => line.includes("smuggled")),
      [],
    );
    const chunked = `${request("POST /whole", "Transfer-Encoding: chunked")}5\r\n12345\r\n0\r\n\r\n`;
    assert.match(await ask(chunked), /200 OK/);
    assert.deepEqual(far.seen, ["POST api.example.com/whole"]);
  });
});

test("whatever bytes a request is made of, the proxy lives on", async () => {
  await withWayOut(egressFor(own), { names, fill }, async ({ port, certificate }) => {
    for (const line of [
      "GET /\x80\xff",
      "GET /\x7f",
      "M-SEARCH /",
      "QUERY /",
      "LINK /",
      "get /",
      "G\xc9T /",
      "GET /?\xe4",
      "GET /%zz",
    ])
      await fetchThrough(port, { place, ca: certificate, request: request(line) });
    for (const header of [
      "X: \x7f",
      "X: \xff\xfe",
      "X-\xe4: 1",
      ": 1",
      "Authorization: Basic !!!",
      `Cookie: ${"a".repeat(9_000)}`,
      "Expect: nothing",
      "Expect: 100-continue",
      "Upgrade: websocket",
      "Connection: host, authorization",
    ])
      await fetchThrough(port, { place, ca: certificate, request: request("GET /", header) });
    const text = await fetchThrough(port, { place, ca: certificate, request: request("GET /alive") });
    assert.match(text, /200 OK/);
  });
});

async function openSecure(port: number, ca: string, name = "api.example.com") {
  const { socket } = await openTunnel(port, `${name}:443`);
  const secure = connectTls({ socket, servername: name, ca });
  secure.on("error", () => undefined);
  await once(secure, "secureConnect");
  return secure;
}

test("a rule that is taken back ends what it has opened, and leaves what others have", async () => {
  const both = egressFor(allow("api.example.com"), allow("other.example.com"));
  const known = { ...names, "other.example.com": [publicAddress] };
  await withWayOut(both, { names: known, answer: () => undefined }, async ({ port, far, rules, recorded }) => {
    const opened = await Promise.all(
      Object.keys(known).map(async (name) => await openSecure(port, far.certificate, name)),
    );
    const [withdrawn, kept] = opened;
    assert(withdrawn !== undefined && kept !== undefined);
    const record = recorded();
    rules.current = egressFor(allow("other.example.com"));
    await once(withdrawn.resume(), "close");
    const { host, reason } = await record;
    assert.deepEqual({ host, reason }, { host: "api.example.com", reason: "its rule was taken back" });
    assert.equal(kept.destroyed, false);
    // Where methods count from now on, a tunnel in which none is seen ends too.
    rules.current = egressFor(allow("other.example.com", { methods: ["GET"] }));
    await once(kept.resume(), "close");
  });
  await withWayOut(
    egressFor(own),
    { names, answer: () => undefined },
    async ({ port, certificate, rules, recorded }) => {
      const client = await openSecure(port, certificate);
      client.write(request("GET /slow"));
      const record = recorded();
      rules.current = egressFor();
      await once(client.resume(), "close");
      assert.equal((await record).path, "/slow");
    },
  );
});

test("cells look up a few names at once, and wait for each other", async () => {
  const asked: string[] = [];
  const answers: (() => void)[] = [];
  const resolve = fewAtOnce(async (host) => {
    asked.push(host);
    await new Promise<void>((go) => answers.push(go));
    return [host];
  });
  const all = Promise.allSettled(Array.from({ length: 200 }, (_, at) => resolve(`h${at}`)));
  assert.deepEqual(asked, ["h0", "h1"]);
  while (asked.length < 130 || answers.length > 0) {
    answers.shift()?.();
    await new Promise((done) => setImmediate(done));
  }
  const results = await all;
  assert.equal(results.filter(({ status }) => status === "fulfilled").length, 130);
  const after = resolve("after");
  answers.shift()?.();
  assert.deepEqual(await after, ["after"]);
});
