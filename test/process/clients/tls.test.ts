// Whom a client believes over TLS: a fingerprint that its owner gave, or an authority that this machine trusts.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { WebSocketServer } from "ws";
import {
  connectGateway,
  loadDevice,
  openClientFiles,
  parseGatewayUrl,
  probeGateway,
} from "../../../src/client/client.ts";
import type { GatewayOptions } from "../../../src/client/client.ts";

const never = new AbortController().signal;

/** A gateway that greets everybody, under a certificate that nobody vouches for. */
async function openGateway(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "lorica-tls-"));
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const words = [
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-nodes",
    "-subj",
    "/CN=home",
  ];
  execFileSync("openssl", [...words, "-days", "2", "-keyout", key, "-out", cert], { stdio: "ignore" });
  const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) });
  const heard: string[] = [];
  let upgrades = 0;
  const sockets = new WebSocketServer({ server });
  server.on("upgrade", () => (upgrades += 1));
  sockets.on("connection", (socket) => {
    socket.send('{"type":"event","event":"connect.challenge","payload":{"nonce":"n"}}');
    socket.on("message", (data) => {
      const { id } = JSON.parse(String(data)) as { readonly id: string };
      heard.push(String(data));
      const auth = { role: "operator", scopes: [], deviceToken: "given by the gateway" };
      const payload = { type: "hello-ok", auth, policy: { tickIntervalMs: 30_000 } };
      socket.send(JSON.stringify({ type: "res", id, ok: true, payload }));
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  t.after(() => {
    for (const socket of sockets.clients) socket.terminate();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const url = parseGatewayUrl(`wss://127.0.0.1:${(server.address() as AddressInfo).port}`);
  assert.ok(url.ok);
  const files = openClientFiles(join(folder, "identity", "gateways.json"));
  const options: GatewayOptions = {
    url: url.value,
    device: await loadDevice(join(folder, "identity", "device.json")),
    files,
    secret: { token: "the shared secret" },
    introduction: {
      client: { id: "cli", mode: "cli", version: "1", platform: "linux" },
      role: "operator",
      scopes: [],
      caps: [],
    },
  };
  const fingerprint = new X509Certificate(readFileSync(cert)).fingerprint256;
  return { options, files, fingerprint, heard, upgrades: () => upgrades };
}

test("NODE-005 a certificate that nobody vouches for is shown, and nothing is said before its owner gave it", async (t) => {
  const gateway = await openGateway(t);
  const plain = gateway.fingerprint.replaceAll(":", "").toLowerCase();
  await assert.rejects(connectGateway(gateway.options, never), {
    code: "forbidden",
    message: new RegExp(`not vouched for[^]*--tls-fingerprint ${plain}$`),
  });
  const other = "00".repeat(32);
  await assert.rejects(connectGateway({ ...gateway.options, fingerprint: other }, never), {
    message: /another certificate than the one it is known by/,
  });
  await assert.rejects(probeGateway({ url: gateway.options.url, fingerprint: undefined }, never), {
    code: "forbidden",
  });
  assert.deepEqual([gateway.upgrades(), gateway.heard], [0, []]);
});

test("NODE-005 a fingerprint that held is remembered for that address, and so is the token that came with it", async (t) => {
  const gateway = await openGateway(t);
  const first = await connectGateway({ ...gateway.options, fingerprint: gateway.fingerprint }, never);
  first.close();
  const { secret: _, ...withoutSecret } = gateway.options;
  const second = await connectGateway(withoutSecret, never);
  second.close();
  const shown = gateway.heard.map(
    (text) => (JSON.parse(text) as { readonly params: { readonly auth: unknown } }).params.auth,
  );
  assert.deepEqual(shown, [{ token: "the shared secret" }, { deviceToken: "given by the gateway" }]);
  await gateway.files.saveFingerprint(gateway.options.url.text, "00".repeat(32));
  await assert.rejects(connectGateway(gateway.options, never), { message: /another certificate/ });
});
