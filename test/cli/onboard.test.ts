import assert from "node:assert/strict";
import { chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { IncomingHttpHeaders, Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { inferId } from "../../src/cli/onboard-plan.ts";
import { createCommandLine, fauxOffline } from "../faux/command-line.ts";

type Seen = { readonly method: string; readonly params: unknown };
type Asked = { readonly url: string | undefined; readonly headers: IncomingHttpHeaders; readonly body: unknown };

const line = createCommandLine();
const calls: Seen[] = [];
const asked: Asked[] = [];
let provider: Server;
let baseUrl = "";
let answer = { status: 200, body: '{"choices":[]}' };

before(async () => {
  provider = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      asked.push({ url: request.url, headers: request.headers, body: JSON.parse(Buffer.concat(chunks).toString()) });
      response.writeHead(answer.status).end(answer.body);
    });
  });
  await new Promise<void>((done) => provider.listen(0, "127.0.0.1", done));
  baseUrl = `http://127.0.0.1:${(provider.address() as AddressInfo).port}/v1`;
  const record = (method: string, result: unknown) => (params: unknown) => {
    calls.push({ method, params });
    return result;
  };
  Object.assign(line.overrides, {
    openOffline: fauxOffline({
      "vault.list": () => ({ secrets: [] }),
      "config.set": record("config.set", { hash: "h", changed: [], notices: [], secretsKept: [] }),
      "vault.set": record("vault.set", { name: "x", replaced: false }),
      "token.show": record("token.show", { token: "t".repeat(64), source: "vault" }),
    }),
  });
});
after(async () => {
  provider.closeAllConnections();
  await new Promise((done) => provider.close(done));
  await line.close();
});
beforeEach(() => {
  calls.length = 0;
  asked.length = 0;
  answer = { status: 200, body: '{"choices":[]}' };
  for (const name of Object.keys(line.env)) delete line.env[name];
});

const custom = (...rest: readonly string[]): string[] => [
  ..."onboard --non-interactive --custom-model-id m --custom-base-url".split(" "),
  baseUrl,
  ...rest,
];

function edits(id: string, api: string): Seen {
  return {
    method: "config.set",
    params: {
      edits: [
        { path: `models.providers.${id}.baseUrl`, value: baseUrl },
        { path: `models.providers.${id}.api`, value: api },
        { path: "agents.defaults.model.primary", value: `${id}/m` },
      ],
    },
  };
}

test("CLI-006 CLI-007 CLI-008 CLI-009 CLI-010 CLI-014 CLI-015 ENV-012 a custom provider: config without its key, the key for the vault, a gateway token, one call", async () => {
  line.env["CUSTOM_API_KEY"] = "key-from-variable";
  const { exit, stdout, stderr } = await line.run([...custom(), "--json"]);
  assert.deepEqual({ exit, stderr }, { exit: 0, stderr: "" });
  const id = inferId(baseUrl);
  assert.match(id, /^custom-127-0-0-1-\d+$/);
  assert.deepEqual(calls, [
    edits(id, "openai-completions"),
    { method: "vault.set", params: { name: `provider:${id}`, value: "key-from-variable" } },
    { method: "token.show", params: {} },
  ]);
  assert.equal(asked.length, 1);
  assert.equal(asked[0]?.url, "/v1/chat/completions");
  assert.equal(asked[0]?.headers.authorization, "Bearer key-from-variable");
  const { latencyMs, ...result } = JSON.parse(stdout) as Record<string, unknown>;
  assert.equal(typeof latencyMs, "number");
  assert.deepEqual(result, {
    config: join(line.stateDir, "openclaw.json"),
    provider: id,
    model: `${id}/m`,
    keyStored: true,
    checked: true,
    service: null,
  });
});

test("CLI-009 GAP-040 a key on the command line works with a warning, and goes before the variable", async () => {
  line.env["CUSTOM_API_KEY"] = "key-from-variable";
  const ran = await line.run(custom("--custom-api-key", "key-from-argv", "--custom-provider-id", "mine"));
  assert.equal(ran.exit, 0);
  assert.match(ran.stderr, /^warning: a key on the command line can be seen by others/);
  assert.deepEqual(calls[1], { method: "vault.set", params: { name: "provider:mine", value: "key-from-argv" } });
  assert.doesNotMatch(ran.stdout + ran.stderr, /key-from/);
});

test("GAP-040 a key comes from a file or from stdin, without the line end", async () => {
  const file = join(line.home, "key.txt");
  writeFileSync(file, "key-from-file\n");
  chmodSync(file, 0o600);
  await line.run(custom("--custom-provider-id", "mine", "--custom-api-key-file", file));
  assert.deepEqual(calls[1]?.params, { name: "provider:mine", value: "key-from-file" });
  await line.run(custom("--custom-provider-id", "mine", "--custom-api-key-file", "-"), { input: "key-from-stdin\n" });
  assert.deepEqual(calls[4]?.params, { name: "provider:mine", value: "key-from-stdin" });
});

test("CLI-010 CLI-011 CLI-012 the flags of the guides: custom-providerId, compatibility, and --auth-choice or any custom flag", async () => {
  const words = [
    "--custom-providerId",
    "ollama",
    "--custom-compatibility",
    "anthropic",
    "--auth-choice",
    "custom-api-key",
  ];
  assert.equal((await line.run(custom(...words))).exit, 0);
  assert.deepEqual(calls[0], edits("ollama", "anthropic-messages"));
  assert.equal(asked[0]?.url, "/v1/messages");
  assert.equal((await line.run(custom("--custom-compatibility", "other"))).exit, 2);
});

test("--skip-check asks nobody; a failed check says what is wrong after everything was written", async () => {
  assert.equal((await line.run(custom("--skip-check"))).exit, 0);
  assert.equal(asked.length, 0);
  answer = { status: 401, body: '{"error":{"message":"bad key"}}' };
  const refused = await line.run(custom("--custom-provider-id", "mine"));
  assert.deepEqual(refused, {
    exit: 8,
    stdout: "",
    stderr:
      "lorica: mine is configured, but the check failed: mine does not accept the key (HTTP 401): bad key\nCorrect it and run this again, or pass --skip-check\n",
  });
  answer = { status: 200, body: "<!doctype html><title>Router</title>" };
  assert.match((await line.run(custom())).stderr, /answers with a web page, not as a model provider/);
});

test("CLI-012 a known provider by --auth-choice or by its own key flag; without a key it says which variable it wants", async () => {
  const known = "onboard --non-interactive --skip-check --model m-1".split(" ");
  line.env["ANTHROPIC_API_KEY"] = "a-key";
  assert.equal((await line.run([...known, "--auth-choice", "anthropic-api-key"])).exit, 0);
  assert.deepEqual(calls[1]?.params, { name: "provider:anthropic", value: "a-key" });
  calls.length = 0;
  assert.equal((await line.run([...known, "--openai-api-key", "o-key"])).exit, 0);
  assert.deepEqual(calls[1]?.params, { name: "provider:openai", value: "o-key" });
  calls.length = 0;
  const missing = await line.run([...known, "--auth-choice", "openrouter-api-key"]);
  assert.equal(missing.exit, 2);
  assert.match(missing.stderr, /OpenRouter needs a key: set OPENROUTER_API_KEY/);
  assert.equal((await line.run([...known, "--auth-choice", "nobody-api-key"])).exit, 2);
  assert.deepEqual(calls, []);
});

test("what is wrong is refused before anything is written", async () => {
  const cases: [string[], number, RegExp][] = [
    [["onboard"], 2, /questions need a terminal.*onboard --non-interactive --help/],
    [
      "onboard --non-interactive --custom-base-url http://127.0.0.1:1/v1".split(" ").concat(),
      2,
      /--custom-model-id is missing/,
    ],
    [
      "onboard --non-interactive --custom-base-url ftp://x --custom-model-id m".split(" "),
      2,
      /http:\/\/ or https:\/\//,
    ],
    [custom("--custom-provider-id", "Not Good"), 2, /--custom-provider-id takes lower-case/],
    [custom("--custom-api-key", "two\nlines"), 2, /is no key/],
    [custom("--remote-url", "wss://x"), 2, /--remote-url is not taken here. Instead: set gateway.mode/],
    [custom("--gateway-token", "x".repeat(40)), 2, /would show the token to others/],
    [custom("--workspace", "relative"), 2, /absolute path/],
  ];
  for (const [words, exit, message] of cases) {
    const ran = await line.run(words);
    assert.equal(ran.exit, exit, words.join(" "));
    assert.match(ran.stderr, message);
  }
  assert.deepEqual([calls, asked], [[], []]);
});

test("CLI-013 the flags that other set-ups know are understood: some do, some are done already, none is silently lost", async () => {
  const words = custom(
    ..."--custom-provider-id mine --skip-check --workspace /tmp/somewhere --gateway-port 19001 --gateway-bind loopback".split(
      " ",
    ),
    ..."--gateway-auth token --mode local --flow quickstart --tailscale off --skip-channels --skip-skills --skip-ui".split(
      " ",
    ),
    ..."--daemon-runtime node --node-manager npm --accept-risk --no-install-daemon".split(" "),
  );
  assert.equal((await line.run(words)).exit, 0);
  assert.deepEqual((calls.map((call) => call.params) as { edits?: unknown[] }[])[0]?.edits?.slice(3), [
    { path: "gateway.port", value: 19_001 },
    { path: "gateway.bind", value: "loopback" },
    { path: "agents.defaults.workspace", value: "/tmp/somewhere" },
  ]);
});

test("CFG-033 afterwards the command stands where printed service units expect it, for its owner alone", async () => {
  await line.run(custom("--skip-check"));
  const path = join(line.stateDir, "bin", "openclaw");
  assert.equal(statSync(path).mode & 0o777, 0o700);
  assert.equal(readFileSync(path, "utf8"), `#!/bin/sh\nexec '${line.home}/lorica' "$@"\n`);
});
