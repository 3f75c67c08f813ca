import assert from "node:assert/strict";
import { test } from "node:test";
import type { Json } from "../../src/base/json.ts";
import { accepts, defaultsTo, issuesOf, loadGood, refuses, valueAt, waits, problemsOf } from "./harness.ts";

const token = "0123456789abcdef".repeat(4);

test("KEY-001 the gateway listens on loopback unless told otherwise, and only where a word for it exists", async () => {
  await defaultsTo("gateway.bind", "loopback");
  await accepts("gateway.bind", "loopback", "lan", "auto", "tailnet");
  await refuses("gateway.bind", /must be one of "loopback", "lan", "tailnet", "auto", "custom"/, "everywhere");
});

test("KEY-002 bind custom needs the address to listen on", async () => {
  assert.deepEqual(await issuesOf({ gateway: { bind: "custom" } }), [
    'gateway.customBindHost: is missing; bind: "custom" listens on the address it names',
  ]);
  assert.equal(
    await valueAt({ gateway: { bind: "custom", customBindHost: "10.0.0.2" } }, "gateway.customBindHost"),
    "10.0.0.2",
  );
  await refuses("gateway.customBindHost", /not an IP address/, "example.org", "10.0.0.0/8");
});

test("KEY-003 GW-002 the port is a port number, 18789 by default", async () => {
  await defaultsTo("gateway.port", 18_789);
  await accepts("gateway.port", 1, 65_535);
  await refuses("gateway.port", /too small|too large|must be a/, 0, 65_536, 1.5, "18789");
});

test("GW-003 the port comes from the command line, then the environment, then the file, then the default", async () => {
  const { loadBytes } = await import("../../src/config/load.ts");
  const { nowhere } = await import("./harness.ts");
  const port = async (given: { flag?: number; env?: string; file?: number }): Promise<number | undefined> => {
    const text = given.file === undefined ? "{}" : `{ gateway: { port: ${given.file} } }`;
    const env = given.env === undefined ? {} : { OPENCLAW_GATEWAY_PORT: given.env };
    const loaded = await loadBytes(new TextEncoder().encode(text), {
      paths: nowhere,
      env,
      overrides: { port: given.flag },
    });
    return loaded.kind === "loaded" ? loaded.config.gateway.port : undefined;
  };
  assert.deepEqual(
    [
      await port({ flag: 1, env: "2", file: 3 }),
      await port({ env: "2", file: 3 }),
      await port({ file: 3 }),
      await port({}),
    ],
    [1, 2, 3, 18_789],
  );
  await assert.rejects(port({ env: "http" }), {
    code: "invalid_request",
    message: /OPENCLAW_GATEWAY_PORT must be a port/,
  });
});

test("GW-027 NET-002 KEY-005 a gateway that others can reach asks who they are; one that nobody else reaches may be told not to", async () => {
  await defaultsTo("gateway.auth.mode", "token");
  await accepts("gateway.auth.mode", "token", "password");
  const none = (gateway: Record<string, Json>) =>
    problemsOf({
      gateway: { auth: { mode: "none" }, ...gateway },
      security: { acknowledged: ["gateway.auth.mode=none"] },
    });
  const reachable = ["gateway.auth.mode: a gateway that other machines can reach needs authentication"];
  for (const bind of ["lan", "tailnet"]) assert.deepEqual(await none({ bind }), reachable, bind);
  for (const customBindHost of ["0.0.0.0", "10.0.0.2", "::"])
    assert.deepEqual(await none({ bind: "custom", customBindHost }), reachable, customBindHost);
  for (const customBindHost of ["127.0.0.2", "::1"])
    assert.deepEqual(await none({ bind: "custom", customBindHost }), [], customBindHost);
  assert.deepEqual(await none({ bind: "loopback" }), []);
  assert.match(
    (await issuesOf({ gateway: { auth: { mode: "none" } } })).join(),
    /^gateway.auth.mode: every program .* add "gateway.auth.mode=none" to security.acknowledged/,
  );
});

test("KEY-006 the token has at least 32 characters and may be a reference", async () => {
  const plain = await loadGood({ gateway: { auth: { token } } });
  const reference = await loadGood({ gateway: { auth: { token: "${T}" } } }, { T: token });
  const named = await loadGood({ gateway: { auth: { token: { secret: "gateway:token" } } } });
  assert.deepEqual([...plain.secrets], [["gateway:token", token]]);
  assert.deepEqual([...reference.secrets], [["gateway:token", token]]);
  assert.deepEqual([...named.secrets], []);
  for (const loaded of [plain, reference, named])
    assert.deepEqual(loaded.config.gateway.auth.token, { secret: "gateway:token" });
  await refuses("gateway.auth.token", /at least 32 characters/, "short");
});

test("a token that a failed script left behind is refused", async () => {
  for (const bad of ["undefined", "null", "", null])
    assert.equal((await issuesOf({ gateway: { auth: { token: bad } } })).length, 1, String(bad));
  for (const bad of ["undefined", "null", "tooshort"])
    assert.match(
      (await issuesOf("{}", { OPENCLAW_GATEWAY_TOKEN: bad })).join(),
      /OPENCLAW_GATEWAY_TOKEN: (holds no token|is too short)/,
    );
});

test("KEY-007 the earlier name of the token is moved, once and with a notice", async () => {
  const loaded = await loadGood({ gateway: { auth: { secret: token } } });
  assert.deepEqual([...loaded.secrets], [["gateway:token", token]]);
  assert.deepEqual(loaded.notices.map(({ path, message }) => `${path} ${message}`).slice(0, 1), [
    "gateway.auth.secret is now written gateway.auth.token",
  ]);
});

test("KEY-008 a password is kept as a secret", async () => {
  const loaded = await loadGood({ gateway: { auth: { password: "correct horse" } } });
  assert.deepEqual([...loaded.secrets], [["gateway:password", "correct horse"]]);
  assert.deepEqual(loaded.config.gateway.auth.password, { secret: "gateway:password" });
});

test("KEY-009 Tailscale's identity headers are not trusted unless that is asked for", async () => {
  await defaultsTo("gateway.auth.allowTailscale", false);
  await accepts("gateway.auth.allowTailscale", true);
});

test("KEY-010 the earlier switch becomes a mode", async () => {
  assert.equal(await valueAt({ gateway: { auth: { enabled: true } } }, "gateway.auth.mode"), "token");
  assert.match((await issuesOf({ gateway: { auth: { enabled: false } } })).join(), /^gateway.auth.mode: every program/);
});

test("KEY-011 guessing is limited from the start, on loopback too", async () => {
  assert.deepEqual(await valueAt({}, "gateway.auth.rateLimit"), {
    maxAttempts: 10,
    windowMs: 60_000,
    lockoutMs: 300_000,
    exemptLoopback: false,
  });
  await waits("gateway.auth.rateLimit.exemptLoopback", false, true);
});

test("KEY-012 a proxy that names users is told apart by address, header and list, or not at all", async () => {
  const proxied = (change: Record<string, Json>, trustedProxies: Json = ["10.0.0.1"]) =>
    problemsOf({ gateway: { trustedProxies, auth: { mode: "trusted-proxy", trustedProxy: change } } });
  assert.deepEqual(await proxied({ userHeader: "X-User", allowUsers: ["me"], requiredHeaders: ["x-seen"] }), []);
  assert.match((await proxied({ allowUsers: ["me"] })).join(), /userHeader: is missing/);
  assert.match((await proxied({ userHeader: "x-user" })).join(), /allowUsers: is empty/);
  assert.match((await proxied({ userHeader: "x-user", allowUsers: ["me"] }, [])).join(), /trustedProxies: is empty/);
  await refuses("gateway.auth.trustedProxy.userHeader", /not the name of a header/, "x user", "");
});

test("KEY-013 KEY-014 Tailscale stays off, and its tidying up may be chosen", async () => {
  await defaultsTo("gateway.tailscale.mode", "off");
  await accepts("gateway.tailscale.mode", "serve");
  await defaultsTo("gateway.tailscale.resetOnExit", false);
  await accepts("gateway.tailscale.resetOnExit", true);
});

test("KEY-015 trusted proxies are addresses or ranges, none by default", async () => {
  await defaultsTo("gateway.trustedProxies", []);
  await accepts("gateway.trustedProxies", ["127.0.0.1"], ["10.0.0.0/8", "2400:cb00::/32"], ["cloudflare"]);
  await refuses("gateway.trustedProxies[0]", /not an IP address or CIDR range/, "localhost");
  await refuses("gateway.trustedProxies[0]", /anybody could claim any address/, "0.0.0.0/0");
});

test("KEY-016 KEY-017 signing in without a device or a secure context is never accepted", async () => {
  await waits("gateway.controlUi.dangerouslyDisableDeviceAuth", false, true);
  await waits("gateway.controlUi.allowInsecureAuth", false, true);
});

test("KEY-018 foreign origins are web origins, none by default", async () => {
  await defaultsTo("gateway.controlUi.allowedOrigins", []);
  await accepts("gateway.controlUi.allowedOrigins", ["https://example.org"], ["http://localhost:5173"]);
  await refuses("gateway.controlUi.allowedOrigins[0]", /https:\/\/host:port/, "file:///etc/passwd");
});

test("the page is served at the root unless it is told otherwise", async () => {
  await defaultsTo("gateway.controlUi.enabled", true);
  await defaultsTo("gateway.controlUi.basePath", "");
  await accepts("gateway.controlUi.basePath", "/lorica", "/a/b");
  await refuses("gateway.controlUi.basePath", /written like \/lorica/, "lorica", "/a/", "/../x", '/"');
});

test("KEY-019 HTTP endpoints are off until enabled, under their earlier names too", async () => {
  for (const name of ["chatCompletions", "responses"]) {
    await defaultsTo(`gateway.http.endpoints.${name}.enabled`, false);
    await accepts(`gateway.http.endpoints.${name}.enabled`, true);
    assert.equal(await valueAt({ [name]: { enabled: true } }, `gateway.http.endpoints.${name}.enabled`), true);
  }
});

test("KEY-020 tools over HTTP can be denied and, by name, added", async () => {
  await accepts("gateway.tools.deny", ["exec"]);
  await accepts("gateway.tools.allow", [], ["exec", "sessions_spawn"]);
});

test("KEY-021 node commands are exact names", async () => {
  await accepts("gateway.nodes.denyCommands", ["camera.snap"]);
  await refuses("gateway.nodes.denyCommands[0]", /command names are exact/, "camera.*", "/camera/");
  await defaultsTo("gateway.nodes.allowCommands", []);
  await accepts("gateway.nodes.allowCommands", ["camera.snap"]);
  await refuses("gateway.nodes.allowCommands[0]", /command names are exact/, "camera.*");
});

test("KEY-022 TLS needs both of its files, under their earlier names too", async () => {
  await defaultsTo("gateway.tls.enabled", false);
  assert.deepEqual(await problemsOf({ gateway: { tls: { enabled: true, cert: "/a.pem", key: "/b.pem" } } }), []);
  assert.match(
    (await issuesOf({ gateway: { tls: { enabled: true } } })).join("\n"),
    /certPath: is missing[\s\S]*keyPath: is missing/,
  );
  await waits("gateway.tls.autoGenerate", false, true);
});

test("addresses that may use the gateway at all, and the header that asks for TLS, are checked as they are written", async () => {
  await defaultsTo("gateway.allowedAddresses", []);
  await accepts("gateway.allowedAddresses", ["192.168.0.0/24", "2001:db8::7"]);
  await refuses("gateway.allowedAddresses[0]", /not an IP address/, "home", "*");
  const header = "gateway.http.securityHeaders.strictTransportSecurity";
  await accepts(header, false, "max-age=300", "max-age=63072000; includeSubDomains; preload");
  await refuses(header, /max-age=/, "yes", "max-age=1\r\nx: y");
});

test("GW-003 the place comes from the command line, then the environment, then the file", async () => {
  const { loadBytes } = await import("../../src/config/load.ts");
  const { nowhere } = await import("./harness.ts");
  const bind = async (given: { flag?: string; env?: string }): Promise<string | undefined> => {
    const env = given.env === undefined ? {} : { OPENCLAW_GATEWAY_BIND: given.env };
    const loaded = await loadBytes(new TextEncoder().encode('{ gateway: { bind: "auto" } }'), {
      paths: nowhere,
      env,
      overrides: { bind: given.flag },
    });
    return loaded.kind === "loaded" ? loaded.config.gateway.bind : undefined;
  };
  assert.deepEqual(
    [
      await bind({ flag: "lan", env: "loopback" }),
      await bind({ env: "tailnet" }),
      await bind({}),
      await bind({ flag: "127.0.0.1" }),
    ],
    ["lan", "tailnet", "auto", "loopback"],
  );
  await assert.rejects(bind({ flag: "everywhere" }), { code: "invalid_request", message: /--bind must be one of/ });
});

test("KEY-004 a gateway elsewhere has an address and a fingerprint", async () => {
  await defaultsTo("gateway.mode", "local");
  await accepts("gateway.mode", "remote");
  await accepts("gateway.remote.url", "wss://example.org", "ws://127.0.0.1:18789");
  await refuses("gateway.remote.url", /written like wss/, "https://example.org", "example.org");
  await accepts("gateway.remote.tlsFingerprint", "ab".repeat(32), `sha256:${"AB:".repeat(31)}AB`);
  await refuses("gateway.remote.tlsFingerprint", /SHA-256 of the certificate/, "abc");
});

test("KEY-023 the gateway announces the least of itself, or nothing, in either spelling", async () => {
  await defaultsTo("discovery.mdns.mode", "minimal");
  await accepts("discovery.mdns.mode", "off", "full");
  await accepts("discovery.mdns.hostName", "den");
  await refuses("discovery.mdns.hostName", /not a host name/, "den.local", "-x", "");
  assert.equal(await valueAt({ discovery: { mdns: "off" } }, "discovery.mdns.mode"), "off");
});

test("CFG-019 a value that is valid but dangerous is refused until the owner has written that it is meant", async () => {
  const meant = "gateway.trustedProxies[0]=0.0.0.0/0";
  assert.deepEqual(await issuesOf({ gateway: { trustedProxies: ["0.0.0.0/0"] } }), [
    `gateway.trustedProxies[0]: anybody could claim any address. If this is meant, say so: lorica config acknowledge ${JSON.stringify(meant)} --for 1d; for good: add ${JSON.stringify(meant)} to security.acknowledged`,
  ]);
  const loaded = await loadGood({ gateway: { trustedProxies: ["0.0.0.0/0"] }, security: { acknowledged: [meant] } });
  assert.deepEqual(
    loaded.notices.map(({ message }) => message),
    ["acknowledged, without an end: anybody could claim any address"],
  );
  const stale = await loadGood({ security: { acknowledged: [meant] } });
  assert.deepEqual(
    stale.notices.map(({ message }) => message),
    [`${JSON.stringify(meant)} acknowledges nothing that is set; delete it, unless that comes next`],
  );
});

test("a key that travels unencrypted to another network is a danger; on this machine it is not", async () => {
  const at = (baseUrl: string) => ({ models: { providers: { mine: { baseUrl } } } });
  assert.match((await issuesOf(at("http://api.example.org/v1"))).join(), /would cross the network unencrypted/);
  for (const near of [
    "http://127.0.0.1:1234/v1",
    "http://model-runner.docker.internal/v1",
    "http://192.168.1.4/v1",
    "http://[::1]:8000/v1",
  ])
    await loadGood(at(near));
});
