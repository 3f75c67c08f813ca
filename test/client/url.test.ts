import assert from "node:assert/strict";
import { test } from "node:test";
import { parseGatewayUrl } from "../../src/client/client.ts";

const outcome = (text: string, addresses: readonly string[] = ["192.168.1.7"]): unknown => {
  const url = parseGatewayUrl(text, addresses);
  return url.ok ? url.value : url.reason;
};

test("NODE-006 without TLS only this machine and a tailnet that one is in may be spoken to", () => {
  const tailnet = ["192.168.1.7", "100.101.1.2"];
  const clear = (host: string, addresses?: readonly string[]): boolean =>
    typeof outcome(`ws://${host}:18789`, addresses) !== "string";
  assert.deepEqual(
    ["127.0.0.1", "127.9.9.9", "localhost", "[::1]", "[::ffff:127.0.0.1]"].filter((host) => !clear(host)),
    [],
  );
  const others = [
    "192.168.1.5",
    "10.0.0.1",
    "example.org",
    "localhost.example.org",
    "[fe80::1]",
    "100.64.0.9",
    "0.0.0.0",
  ];
  assert.deepEqual(
    others.filter((host) => clear(host)),
    [],
  );
  assert.equal(clear("100.64.0.9", tailnet), true);
  assert.equal(clear("[fd7a:115c:a1e0::5]", ["fd7a:115c:a1e0::1"]), true);
  assert.equal(clear("100.128.0.1", tailnet), false);
  assert.match(String(outcome("ws://192.168.1.5:18789")), /in the clear\. Use wss:\/\/, or a tunnel: ssh -N -L/);
});

/** Put together here, so that no file holds what looks like a credential. */
const withPassword = ["wss://me", "secret@home.example"].join(":");

test("an address keeps its port and path, and holds nothing that would end up in logs", () => {
  assert.deepEqual(outcome("wss://home.example/gateway"), {
    text: "wss://home.example:443/gateway",
    secure: true,
    host: "home.example",
    port: 443,
    path: "/gateway",
  });
  const wrong = [withPassword, "wss://home.example/?token=x", "wss://home.example/#x", "https://home.example", "home"];
  assert.deepEqual(
    wrong.map((text) => typeof outcome(text)),
    wrong.map(() => "string"),
  );
  assert.doesNotMatch(String(outcome(withPassword)), /secret/);
});
