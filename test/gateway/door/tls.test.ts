// The port with a certificate: TLS from the first byte, and a way on for whoever comes without.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { get } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { connect } from "node:tls";
import { WebSocket } from "ws";
import { openEdge } from "../../faux/edge.ts";
import { requestRaw } from "../../faux/raw-http.ts";

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;
const skip = hasOpenssl ? false : "openssl is not installed";

function makePair(name: string): { readonly cert: string; readonly key: string } {
  const folder = mkdtempSync(join(tmpdir(), "lorica-tls-"));
  try {
    const [cert, key] = [join(folder, "cert"), join(folder, "key")];
    const words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
    execFileSync("openssl", [...words, "-subj", `/CN=${name}`, "-keyout", key, "-out", cert], { stdio: "ignore" });
    return { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

type Seen = { readonly status: number | undefined; readonly hsts: string | undefined; readonly subject: string };

function ask(port: number, path = "/health"): Promise<Seen> {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, path, rejectUnauthorized: false, agent: false };
    const request = get(options, (response) => {
      const { subject } = (response.socket as ReturnType<typeof connect>).getPeerCertificate();
      const hsts = response.headers["strict-transport-security"];
      response.resume().on("end", () => resolve({ status: response.statusCode, hsts, subject: String(subject.CN) }));
    });
    request.on("error", reject);
  });
}

test(
  "NET-030 NET-023 with a certificate the port speaks TLS, for HTTP and WebSockets, and says so",
  { skip },
  async (t) => {
    const edge = await openEdge(t, { settings: { tls: makePair("first") } });
    const hsts = "max-age=63072000";
    assert.deepEqual(await ask(edge.port), { status: 200, hsts, subject: "first" });
    assert.deepEqual(await ask(edge.port, "/nowhere"), { status: 404, hsts, subject: "first" });
    const challenge = await new Promise((resolve, reject) => {
      const ws = new WebSocket(`wss://127.0.0.1:${edge.port}/`, { rejectUnauthorized: false });
      ws.on("message", (data) => {
        resolve((JSON.parse(String(data)) as { event: string }).event);
        ws.terminate();
      });
      ws.on("error", reject);
    });
    assert.equal(challenge, "connect.challenge");
  },
);

test("NET-030 whoever comes without TLS is sent to it, and never served", { skip }, async (t) => {
  const edge = await openEdge(t, { settings: { tls: makePair("first") } });
  const moved = await requestRaw(edge.port, "GET /chat?x=1 HTTP/1.1\r\nHost: localhost:18789\r\n\r\n");
  assert.match(moved, /^HTTP\/1\.1 308 [^]*\r\nlocation: https:\/\/localhost:18789\/chat\?x=1\r\n/);
  assert.match(moved, /\r\nx-content-type-options: nosniff\r\n/);
  const posted = await requestRaw(
    edge.port,
    "POST /tools/invoke HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
  );
  assert.match(posted, /^HTTP\/1\.1 400 [^]*this port speaks HTTPS/);
  for (const bytes of [
    "\0\0\0",
    "GET http://evil.example/ HTTP/1.1\r\nHost: a b\r\n\r\n",
    "GET //evil.example HTTP/1.1\r\nHost: a\r\n\r\n",
  ])
    assert.match(await requestRaw(edge.port, bytes), /^HTTP\/1\.1 400 /, bytes);
});

test("NET-031 a renewed certificate is shown to the next client, without a restart", { skip }, async (t) => {
  const edge = await openEdge(t, { settings: { tls: makePair("first") } });
  assert.equal((await ask(edge.port)).subject, "first");
  edge.configure({ tls: makePair("second") });
  assert.equal((await ask(edge.port)).subject, "second");
});

test("versions of TLS before 1.2 are not spoken, and who says nothing is hung up on", { skip }, async (t) => {
  const edge = await openEdge(t, {
    settings: { tls: makePair("first") },
    bounds: { headersTimeoutMs: 150, checkIntervalMs: 50 },
  });
  await new Promise<void>((resolve) => {
    const socket = connect({
      host: "127.0.0.1",
      port: edge.port,
      rejectUnauthorized: false,
      maxVersion: "TLSv1.1",
      minVersion: "TLSv1",
    });
    socket.on("secureConnect", () => assert.fail("an old version was accepted"));
    socket.on("error", () => resolve());
  });
  assert.equal(await requestRaw(edge.port, ""), "");
});
