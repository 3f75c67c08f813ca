import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createPage } from "../../../src/gateway/ui/ui.ts";
import type { PageSettings } from "../../../src/gateway/ui/ui.ts";

const folder = mkdtempSync(join(tmpdir(), "lorica-page-"));
let settings: PageSettings = { enabled: true, basePath: "" };
let peer = { isLocal: true, isSecure: false };
const page = createPage({ folder, settings: () => settings });
const server = createServer((req, res) => {
  const path = (req.url ?? "").split("?", 1)[0] ?? "/";
  if (!page.answer({ req, res, path, peer })) res.writeHead(404).end();
});

type Got = { readonly status: number; readonly headers: Headers; readonly text: string };

async function ask(path: string, init: RequestInit = {}): Promise<Got> {
  const { port } = server.address() as AddressInfo;
  const response = await fetch(`http://127.0.0.1:${port}${path}`, init);
  return { status: response.status, headers: response.headers, text: await response.text() };
}

before(() => new Promise<void>((done) => server.listen(0, "127.0.0.1", done)));

after(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

test("a page that is not built says how to build it", async () => {
  const { status, text } = await ask("/");
  assert.equal(status, 503);
  assert.match(text, /node tools\/build-web\.ts/);
});

test("UI-001 the page and its files are served, and nothing else", async () => {
  writeFileSync(join(folder, "index.html"), '<script src="{base}/app.ABCD1234.js"></script>');
  writeFileSync(join(folder, "app.ABCD1234.js"), "let a;");
  writeFileSync(join(folder, "notes.txt"), "not for the world");
  const statuses = async (...paths: readonly string[]): Promise<readonly number[]> =>
    Promise.all(paths.map(async (path) => (await ask(path)).status));
  assert.deepEqual(
    await statuses("/", "/index.html", "/chat", "/chat/agent%3Amain%3Amain", "/app.ABCD1234.js"),
    [200, 200, 200, 200, 200],
  );
  assert.deepEqual(
    await statuses("/notes.txt", "/app.js", "/..%2f..%2fetc%2fpasswd", "/chats", "/v1/models"),
    [404, 404, 404, 404, 404],
  );
  assert.equal((await ask("/", { method: "POST" })).status, 404);
  assert.equal((await ask("/")).text, '<script src="/app.ABCD1234.js"></script>');
});

test("UI-006 NET-024 NET-025 NET-026 NET-027 NET-028 the page runs no script but its own file", async () => {
  const { headers } = await ask("/");
  const kept = [
    "content-security-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "permissions-policy",
    "referrer-policy",
    "x-content-type-options",
    "x-frame-options",
  ];
  assert.deepEqual(Object.fromEntries(kept.map((name) => [name, headers.get(name)])), {
    "content-security-policy":
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
      "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
  });
});

test("files that are named after their content are kept for good, the index is asked for again", async () => {
  const index = await ask("/");
  const script = await ask("/app.ABCD1234.js");
  assert.equal(index.headers.get("cache-control"), "no-cache");
  assert.equal(script.headers.get("cache-control"), "public, max-age=31536000, immutable");
  const again = await ask("/", { headers: { "if-none-match": index.headers.get("etag") ?? "" } });
  assert.deepEqual([again.status, again.text], [304, ""]);
  const head = await ask("/", { method: "HEAD", headers: { "accept-encoding": "identity" } });
  assert.deepEqual([head.status, head.text, head.headers.get("content-length")], [200, "", String(index.text.length)]);
});

test("a token in the address is answered with how to sign in, and not looked at", async () => {
  for (const path of ["/?token=abc", "/chat?session=x&access_token=abc", "/?password=abc"]) {
    const { status, text } = await ask(path);
    assert.equal(status, 400);
    assert.match(text, /lorica dashboard/);
    assert.doesNotMatch(text, /abc/);
  }
});

test("UI-008 without encryption the page is for this machine only, and says which ways there are", async () => {
  peer = { isLocal: false, isSecure: false };
  const { status, text } = await ask("/");
  assert.equal(status, 403);
  assert.match(text, /ssh -N -L 18789:127\.0\.0\.1:18789 user@host/);
  peer = { isLocal: false, isSecure: true };
  assert.equal((await ask("/")).status, 200);
  peer = { isLocal: true, isSecure: false };
});

test("the page may have a path of its own, or be switched off", async () => {
  settings = { enabled: true, basePath: "/lorica" };
  assert.equal((await ask("/lorica/")).text, '<script src="/lorica/app.ABCD1234.js"></script>');
  assert.equal((await ask("/lorica")).status, 200);
  assert.equal((await ask("/lorica/app.ABCD1234.js")).status, 200);
  assert.equal((await ask("/")).status, 404);
  settings = { enabled: false, basePath: "" };
  assert.equal((await ask("/")).status, 404);
  settings = { enabled: true, basePath: "" };
});
