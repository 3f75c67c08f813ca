// What every request passes before anybody asks what it wants, with proxies played by a header.
import assert from "node:assert/strict";
import { test } from "node:test";
import { newToken, sha256 } from "../../../src/base/ids.ts";
import { configSchema } from "../../../src/config/schema/schema.ts";
import { createAddressRanges } from "../../../src/network/network.ts";
import { doorSettings } from "../../../src/assembly/settings/access.ts";
import { hashPassword } from "../../../src/vault/password.ts";
import { openEdge, token } from "../../faux/edge.ts";
import { accessOf } from "../../faux/gateway/access.ts";
import { doneOutcome } from "../../faux/pipeline.ts";

const bearer = { authorization: `Bearer ${token}` };
/** Everybody on this machine is a proxy, so that a test can be anybody behind it. */
const proxied = (change = {}) =>
  accessOf({ tokenHashes: [sha256(token)], proxies: createAddressRanges(["127.0.0.1"]), ...change });
const from = (address: string, headers: Record<string, string> = {}) => ({ "x-forwarded-for": address, ...headers });
const hello = JSON.stringify({ model: "openclaw", messages: [{ role: "user", content: "hi" }] });

test("GW-011 status and particulars are for whoever shows a credential, and a probe tells strangers nothing", async (t) => {
  const edge = await openEdge(t);
  const get = async (path: string, headers: Record<string, string> = {}) => {
    const response = await fetch(edge.url + path, { headers });
    return [response.status, (await response.json()) as Record<string, unknown>] as const;
  };
  assert.equal((await get("/api/status"))[0], 401);
  const [status, body] = await get("/api/status", bearer);
  assert.deepEqual([status, body["runtimeVersion"], body["phase"]], [200, "0.0.0", "accepting"]);
  assert.deepEqual(await get("/readyz"), [200, { ready: true }]);
  assert.deepEqual(await get("/startupz"), [200, { ok: true, status: "started" }]);
  assert.deepEqual(Object.keys((await get("/readyz", bearer))[1]), ["ready", "version", "uptimeMs"]);
  assert.deepEqual(await get("/healthz", bearer), [200, { ok: true, status: "live" }]);
  assert.equal((await get("/readyz", { authorization: "Bearer wrong" }))[0], 401);
});

test("GW-022 a credential in the address is never read, and the answer says how it is sent", async (t) => {
  const edge = await openEdge(t);
  for (const name of ["token", "access_token", "TOKEN", "key", "api_key", "password", "apikey"]) {
    const response = await fetch(`${edge.url}/v1/models?a=1&${name}=${token}`, { headers: bearer });
    const { error } = (await response.json()) as { error: { message: string } };
    assert.deepEqual([response.status, /Authorization: Bearer/.test(error.message)], [400, true], name);
    assert.equal(error.message.includes(token), false);
  }
  assert.equal((await fetch(`${edge.url}/v1/models?limit=1`, { headers: bearer })).status, 200);
});

test("NET-016 NET-018 GAP-001 twenty requests at once pass, the next says when to come again, and others are not held up", async (t) => {
  const clock = { ms: 1_000_000 };
  const edge = await openEdge(t, { now: () => clock.ms, settings: { access: proxied() } });
  const ask = async (address: string) => {
    const response = await fetch(`${edge.url}/health`, { headers: from(address) });
    await response.arrayBuffer();
    return [response.status, response.headers.get("retry-after")] as const;
  };
  for (let count = 0; count < 20; count++) assert.deepEqual(await ask("203.0.113.9"), [200, null]);
  assert.deepEqual(await ask("203.0.113.9"), [429, "1"]);
  assert.deepEqual(await ask("203.0.113.10"), [200, null]);
  clock.ms += 100;
  assert.deepEqual(
    [await ask("203.0.113.9"), await ask("203.0.113.9")].map(([status]) => status),
    [200, 429],
  );
  // One subscriber's addresses are one client.
  for (let count = 0; count < 20; count++) await ask(`2001:db8:1:2::${count}`);
  assert.equal((await ask("2001:db8:1:2:9::9"))[0], 429);
  assert.equal((await ask("2001:db8:1:3::1"))[0], 200);
});

test("NET-017 a client asks the agent sixty times a minute and no more", async (t) => {
  const clock = { ms: 1_000_000 };
  const edge = await openEdge(t, {
    now: () => clock.ms,
    settings: { access: proxied() },
    script: ({ finish }) => finish(doneOutcome("ok")),
  });
  const ask = async () => {
    const init = { method: "POST", headers: from("203.0.113.9", bearer), body: hello };
    const response = await fetch(`${edge.url}/v1/chat/completions`, init);
    await response.arrayBuffer();
    clock.ms += 100;
    return response.status;
  };
  const statuses: number[] = [];
  for (let count = 0; count < 68; count++) statuses.push(await ask());
  // A tenth of a second apart, so the bucket gets back one place for every ten requests.
  assert.deepEqual([statuses.slice(0, 60).every((status) => status === 200), statuses.at(-1)], [true, 429]);
});

test("GAP-057 only what comes straight from this machine is spared the limits", async (t) => {
  const clock = { ms: 1_000_000 };
  const edge = await openEdge(t, { now: () => clock.ms });
  const ask = async (headers: Record<string, string>) => (await fetch(`${edge.url}/health`, { headers })).status;
  for (let count = 0; count < 40; count++) assert.equal(await ask({}), 200);
  const forwarded: number[] = [];
  for (let count = 0; count < 21; count++) forwarded.push(await ask(from("127.0.0.1")));
  assert.deepEqual([forwarded[19], forwarded[20]], [200, 429]);
});

test("NET-013 a proxy that nobody named is noted once, and its word is not taken", async (t) => {
  const edge = await openEdge(t);
  for (let count = 0; count < 3; count++) await fetch(`${edge.url}/health`, { headers: from("1.2.3.4") });
  const notes = edge.log.filter(({ fields }) => fields["check"] === "gateway.trusted_proxies_missing");
  assert.deepEqual(
    notes.map(({ level, fields }) => [level, fields["peer"]]),
    [["warn", "127.0.0.1"]],
  );
});

test("NET-019 guesses are counted by client and by kind, slowed down, and locked out for longer each time", async (t) => {
  const clock = { ms: 1_000_000 };
  const edge = await openEdge(t, { now: () => clock.ms, settings: { access: proxied() } });
  const guess = async (address: string, value = "guess") => {
    const response = await fetch(`${edge.url}/v1/models`, {
      headers: from(address, { authorization: `Bearer ${value}` }),
    });
    await response.arrayBuffer();
    return [response.status, response.headers.get("retry-after")] as const;
  };
  const pace: number[] = [];
  for (let count = 0; count < 6; count++) pace.push((await guess("203.0.113.9"))[0]);
  assert.deepEqual(pace, [401, 401, 401, 401, 401, 429], "five at once, then three a second");
  clock.ms += 1_000;
  const lock = async (): Promise<string | null> => {
    for (;;) {
      const [status, after] = await guess("203.0.113.9");
      if (status === 429 && Number(after) > 1) return after;
      clock.ms += 500;
    }
  };
  assert.equal(await lock(), "60");
  assert.equal((await guess("203.0.113.9", token))[0], 429, "a right token is not heard either");
  assert.equal((await guess("203.0.113.10", token))[0], 200, "nobody else is held up");
  clock.ms += 60_001;
  assert.equal(await lock(), "120");
});

test("NET-032 an allow list of addresses is kept for everybody but this machine", async (t) => {
  const allowedAddresses = createAddressRanges(["203.0.113.0/24"]);
  const edge = await openEdge(t, { settings: { access: proxied({ allowedAddresses }) } });
  const ask = async (headers: Record<string, string>) => (await fetch(`${edge.url}/health`, { headers })).status;
  assert.deepEqual([await ask(from("203.0.113.9")), await ask(from("198.51.100.1"))], [200, 403]);
  edge.configure({ access: accessOf({ allowedAddresses }) });
  assert.equal(await ask({}), 200);
});

test("GW-021 routing headers count only with a yes, and only from proxies that are named", async (t) => {
  const named = { ...bearer, "x-openclaw-agent-id": "beta" };
  const edge = await openEdge(t, { script: ({ finish }) => finish(doneOutcome("ok")) });
  const agentOf = async (headers: Record<string, string>): Promise<string | undefined> => {
    const response = await fetch(`${edge.url}/v1/chat/completions`, { method: "POST", headers, body: hello });
    await response.arrayBuffer();
    assert.equal(response.status, 200);
    return edge.handled.at(-1)?.request.agentId;
  };
  assert.equal(await agentOf(named), "beta");
  assert.equal(await agentOf(from("1.2.3.4", named)), "beta", "no proxies are named, so a token is enough");
  const elsewhere = createAddressRanges(["10.0.0.1"]);
  edge.configure({ access: accessOf({ tokenHashes: [sha256(token)], proxies: elsewhere }) });
  assert.equal(await agentOf(named), "beta", "straight from this machine");
  assert.equal(await agentOf(from("1.2.3.4", named)), "main", "through a proxy that is not named");
  edge.configure({ access: proxied() });
  assert.equal(await agentOf(from("1.2.3.4", named)), "beta");
});

test("UI-007 ADV-020 THR-014 a page of another site can change nothing", async (t) => {
  const edge = await openEdge(t, {
    settings: { access: accessOf({ tokenHashes: [sha256(token)], allowedOrigins: ["https://mine.example"] }) },
    script: ({ finish }) => finish(doneOutcome("ok")),
  });
  const post = async (headers: Record<string, string>) => {
    const init = { method: "POST", headers: { ...bearer, ...headers }, body: hello };
    const response = await fetch(`${edge.url}/v1/chat/completions`, init);
    await response.arrayBuffer();
    return response.status;
  };
  for (const origin of [
    "https://evil.example",
    "null",
    `http://127.0.0.1:${edge.port + 1}`,
    "https://mine.example.evil",
  ])
    assert.equal(await post({ origin }), 403, origin);
  for (const origin of [edge.url, "https://mine.example"]) assert.equal(await post({ origin }), 200, origin);
  assert.equal(edge.handled.length, 2);
});

test("UI-008 a browser elsewhere must come over TLS; a program with a token need not", async (t) => {
  const edge = await openEdge(t, {
    settings: { access: proxied({ allowedOrigins: ["http://mine.example", "https://mine.example"] }) },
    script: ({ finish }) => finish(doneOutcome("ok")),
  });
  const post = async (headers: Record<string, string>) => {
    const init = { method: "POST", headers: from("203.0.113.9", { ...bearer, ...headers }), body: hello };
    return (await fetch(`${edge.url}/v1/chat/completions`, init)).status;
  };
  assert.equal(await post({ origin: "http://mine.example" }), 403);
  assert.equal(await post({ origin: "https://mine.example", "x-forwarded-proto": "https" }), 200);
  const own = edge.url.replace("http://", "");
  assert.equal(await post({ origin: `https://${own}`, "x-forwarded-proto": "https" }), 200);
  assert.equal(
    await post({ origin: `http://${own}`, "x-forwarded-proto": "https" }),
    403,
    "a page that came in the clear",
  );
  assert.equal(await post({}), 200);
});

test("NET-023 GAP-003 TLS is asked for from now on where the proxy says that there is some, and nowhere else", async (t) => {
  const edge = await openEdge(t, { settings: { access: proxied() } });
  const header = async (headers: Record<string, string>, path = "/health") =>
    (await fetch(edge.url + path, { headers })).headers.get("strict-transport-security");
  assert.equal(await header(from("1.2.3.4", { "x-forwarded-proto": "https" })), "max-age=63072000");
  assert.equal(await header(from("1.2.3.4", { "x-forwarded-proto": "https" }), "/nowhere"), "max-age=63072000");
  assert.equal(await header(from("1.2.3.4")), null);
  edge.configure({ access: accessOf({ tokenHashes: [sha256(token)] }) });
  assert.equal(await header({ "x-forwarded-proto": "https" }), null, "nobody is believed who is not named");
});

test("a password opens the HTTP API where the mode is password, and the token then does not", async (t) => {
  const passwordHash = await hashPassword("correct horse battery");
  const access = accessOf({ mode: "password", passwordHash, tokenHashes: [sha256(token)] });
  const edge = await openEdge(t, { settings: { access } });
  const ask = async (value: string) =>
    (await fetch(`${edge.url}/v1/models`, { headers: { authorization: `Bearer ${value}` } })).status;
  assert.deepEqual([await ask("correct-horse"), await ask(token)], [401, 401]);
  const shown = { token: "correct horse battery" };
  const req = { headers: {}, socket: { remoteAddress: "127.0.0.1" } } as never;
  const { createAuth } = await import("../../../src/gateway/auth/auth.ts");
  const auth = createAuth({ access: () => access, now: Date.now });
  assert.deepEqual(await auth.prove(req, shown), { kind: "proved", method: "password" });
  assert.deepEqual(await auth.prove(req, { password: "correct horse battery" }), {
    kind: "proved",
    method: "password",
  });
});

test("GW-013 a proxy's user is the owner where the proxy, its headers and the user are all named", async (t) => {
  const trustedProxy = { userHeader: "x-user", requiredHeaders: ["x-seen"], allowUsers: ["me@example.org"] };
  const access = proxied({ mode: "trusted-proxy", trustedProxy });
  const edge = await openEdge(t, { settings: { access } });
  const ask = async (headers: Record<string, string>) =>
    (await fetch(`${edge.url}/v1/models`, { headers: from("1.2.3.4", headers) })).status;
  const good = { "x-user": "me@example.org", "x-seen": "1" };
  assert.equal(await ask(good), 200);
  assert.equal(await ask({ "x-user": "me@example.org" }), 401);
  assert.equal(await ask({ ...good, "x-user": "you@example.org" }), 401);
  assert.equal(await ask({ "x-seen": "1" }), 401);
  assert.equal(await ask({ ...good, "x-openclaw-scopes": "operator.pairing" }), 403, "narrowed by its own choice");
  edge.configure({ access: { ...access, proxies: createAddressRanges(["10.0.0.1"]) } });
  assert.equal(await ask(good), 401, "the same from somewhere else");
});

test("NET-040 without authentication the HTTP API still asks for a token", async (t) => {
  const edge = await openEdge(t, { settings: { access: accessOf({ mode: "none", tokenHashes: [sha256(token)] }) } });
  const ask = async (headers: Record<string, string>) => (await fetch(`${edge.url}/v1/models`, { headers })).status;
  assert.deepEqual([await ask({}), await ask({ authorization: "Bearer x" }), await ask(bearer)], [401, 401, 200]);
});

test("ROT-002 two tokens count while one follows the other, and the earlier ends with its time", async (t) => {
  const next = newToken();
  const edge = await openEdge(t);
  const ask = async (value: string) =>
    (await fetch(`${edge.url}/v1/models`, { headers: { authorization: `Bearer ${value}` } })).status;
  edge.configure({ access: accessOf({ tokenHashes: [sha256(next), sha256(token)] }) });
  assert.deepEqual([await ask(next), await ask(token)], [200, 200]);
  edge.configure({ access: accessOf({ tokenHashes: [sha256(next)] }) });
  assert.deepEqual([await ask(next), await ask(token)], [200, 401]);
});

test("NET-037 what a header says reaches the log in one short line of plain characters", async (t) => {
  const edge = await openEdge(t);
  const long = `${"x".repeat(2_000)}`;
  await fetch(`${edge.url}/v1/chat/completions`, {
    method: "POST",
    headers: { ...bearer, "content-encoding": `\u00e9[31m${long}` },
    body: hello,
  });
  await fetch(`${edge.url}/%1b%5b31m${long}`, { headers: { origin: "https://evil.example/\u00e9" } });
  const lines = edge.log.map(({ message }) => message);
  assert.equal(lines.length > 0, true);
  for (const line of lines) assert.match(line, /^[\x20-\x7e\u00e9\u2026]{1,400}$/);
});

test("NET-032 the addresses that the config lets in are the ones that the door lets in", () => {
  const written = { gateway: { allowedAddresses: ["192.0.2.0/24"] } };
  const proof = { tokenHashes: [], passwordHash: undefined };
  const { allowedAddresses } = doorSettings(configSchema.parse(written), proof);
  assert.deepEqual(
    ["192.0.2.9", "198.51.100.9"].map((address) => allowedAddresses?.has(address)),
    [true, false],
  );
  assert.equal(doorSettings(configSchema.parse({}), proof).allowedAddresses, undefined);
});
