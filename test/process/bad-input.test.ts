// Whatever comes in, and whatever a provider does: a coded error that helps, in time, and nothing else is harmed.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, suite, test } from "node:test";
import { checkDatabase } from "../../src/store/store.ts";
import { createInstallation } from "../faux/installation.ts";
import type { Installation } from "../faux/installation.ts";
import { startFauxProvider } from "../faux/provider.ts";
import type { FauxProvider, FauxReply } from "../faux/provider.ts";

/** What the provider does → what is said of it. Each has a provider of its own name, so that none is spared for another. */
const failures: Readonly<
  Record<string, { readonly reply: FauxReply; readonly ends: readonly [number, string, RegExp] }>
> = {
  stalls: { reply: { broken: "stall" }, ends: [504, "timeout", /longer than 3000 ms.*`timeoutSeconds`/] },
  hangs: {
    reply: { text: "one two three", broken: "stall_midway" },
    ends: [504, "timeout", /longer than 3000 ms.*`timeoutSeconds`/],
  },
  truncates: { reply: { text: "one two", broken: "truncate" }, ends: [502, "upstream", /broke off.*Try again/] },
  drops: {
    reply: { text: "one two", broken: "drop" },
    ends: [502, "upstream", /connection to 127.*configure a fallback/],
  },
  garbles: {
    reply: { text: "one two", broken: "malformed" },
    ends: [502, "upstream", /not its format.*`api` setting/],
  },
  "says-nothing": { reply: { text: "" }, ends: [502, "upstream", /empty answer\. Try again/] },
  overflows: {
    reply: { status: 400, errorType: "context_length_exceeded", message: "maximum context length is 8 tokens" },
    ends: [413, "too_large", /cannot take a conversation of this length.*reset the session/],
  },
  refuses: { reply: { status: 401, message: "bad key" }, ends: [502, "upstream", /HTTP 401.*lorica onboard/] },
  "is-a-page": {
    reply: { body: "<!doctype html><html><body>Sign in</body></html>", headers: { "content-type": "text/html" } },
    ends: [502, "upstream", /web page.*base URL/],
  },
  fails: { reply: { status: 500, message: "boom" }, ends: [502, "upstream", /HTTP 500.*configure a fallback/] },
  limits: {
    reply: { status: 429, message: "slow down", headers: { "retry-after": "60" } },
    ends: [503, "unavailable", /limit on requests.*Wait/],
  },
};

suite("bad input", { concurrency: false }, () => {
  let lorica: Installation;
  let provider: FauxProvider;
  const database = (): string => join(lorica.stateDir, "state/lorica.sqlite");

  before(async () => {
    provider = await startFauxProvider();
    provider.play(({ json }) => failures[String(json["model"])]?.reply ?? { text: "Fine." });
    lorica = await createInstallation();
    const entry = (id: string) => [
      id,
      { baseUrl: `${provider.url}/v1`, api: "openai-completions", timeoutSeconds: 3, models: [{ id }] },
    ];
    lorica.writeConfig({
      models: { providers: Object.fromEntries(["good", ...Object.keys(failures)].map(entry)) },
      agents: { defaults: { model: { primary: "good/good" } } },
      gateway: { http: { endpoints: { chatCompletions: { enabled: true }, responses: { enabled: true } } } },
    });
    await lorica.start();
  });
  after(async () => {
    await lorica?.remove();
    await provider?.close();
  });

  const post = async (body: string | Uint8Array, headers: Readonly<Record<string, string>> = {}) => {
    const response = await fetch(`http://127.0.0.1:${lorica.port}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${lorica.token}`, ...headers },
      body,
      signal: AbortSignal.timeout(20_000),
    });
    const text = await response.text();
    return { status: response.status, retryAfter: response.headers.get("retry-after"), text };
  };
  const ask = (headers: Readonly<Record<string, string>> = {}, extra: object = {}) =>
    post(JSON.stringify({ model: "openclaw", messages: [{ role: "user", content: "hi" }], ...extra }), headers);
  const errorOf = ({ text }: { readonly text: string }): { readonly code: string; readonly message: string } =>
    (JSON.parse(text) as { readonly error: { readonly code: string; readonly message: string } }).error;
  const assertFine = async (): Promise<void> => {
    const fine = await ask();
    assert.equal(fine.status, 200, fine.text);
    assert.match(fine.text, /Fine\./);
  };

  test("each way in which a provider can fail is told with its code and what to do, while others are answered", async () => {
    const asked = Object.entries(failures).map(async ([name, { ends }]) => {
      const model = { "x-openclaw-model": `${name}/${name}` };
      const [whole, streamed] = await Promise.all([ask(model), ask(model, { stream: true })]);
      const said = errorOf(whole);
      assert.deepEqual([whole.status, said.code], ends.slice(0, 2), name);
      assert.match(said.message, ends[2], name);
      // A stream that has begun says it in an event.
      const [, event = "{}"] = /data: (\{"error".*)\n/.exec(streamed.text) ?? [];
      assert.equal(errorOf({ text: event }).code, ends[1], streamed.text);
      return [name, whole.retryAfter] as const;
    });
    await assertFine();
    const waits = new Map(await Promise.all(asked));
    assert.deepEqual([waits.get("limits"), waits.get("fails")], ["60", null]);
    await assertFine();
  });

  test("the command line says the same, with an exit status that a script can use", async () => {
    const run = await lorica.run(["agent", "--model", "refuses/refuses", "--message", "hi"]);
    assert.equal(run.code, 8);
    assert.match(
      run.stderr,
      /^lorica: refuses\/refuses refused its credential \(HTTP 401\).*\(logged as [0-9a-f-]{36}\)$/m,
    );
  });

  test("a request that is no request is refused with what is wrong about it", async () => {
    const cases: readonly (readonly [name: string, ends: [number, string], says: RegExp, body: string | Uint8Array])[] =
      [
        ["half of it", [400, "invalid_request"], /not valid JSON/, '{"model":'],
        ["NUL", [400, "invalid_request"], /NUL/, '{"messages":[{"role":"user","content":"a\\u0000b"}]}'],
        ["no UTF-8", [400, "invalid_request"], /UTF-8/, Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d])],
        ["too large", [413, "too_large"], /1048576/, JSON.stringify({ messages: "x".repeat(1_100_000) })],
        [
          "nobody's",
          [404, "agent_not_found"],
          /there are: main/,
          '{"model":"openclaw/nobody","messages":[]}'.replace("[]", '[{"role":"user","content":"x"}]'),
        ],
      ];
    for (const [name, ends, says, body] of cases) {
      const refused = await post(body);
      const said = errorOf(refused);
      assert.deepEqual([refused.status, said.code], ends, name);
      assert.match(said.message, says, name);
    }
    const keys = ["agent:nobody:x", "cron:x", "../../etc/passwd", "x".repeat(2_000)];
    const refused = await Promise.all(keys.map((key) => ask({ "x-openclaw-session-key": key })));
    assert.deepEqual(
      refused.map(({ status }) => status),
      [404, 400, 400, 400],
    );
    await assertFine();
  });

  test("control characters do not reach the model", async () => {
    const answered = await post('{"messages":[{"role":"user","content":"a\\u0007b\\u001b[31mc\\td"}]}');
    assert.equal(answered.status, 200);
    const sent = JSON.stringify(provider.requests.at(-1)?.json["messages"]);
    assert.match(sent, /"ab\[31mc\\td"/);
  });

  test("the command line refuses what is not there and what is not text, each with its exit status", async () => {
    const bytes = (words: readonly string[], input: Uint8Array) => runWithBytes(lorica, words, input);
    const cases: readonly (readonly [
      exit: number,
      says: RegExp,
      ran: Promise<{ code: number | null; stderr: string }>,
    ])[] = [
      [5, /no agent "nobody"; there are: main/, lorica.run(["agent", "--agent", "nobody", "--message", "x"])],
      [5, /no session agent:main:nothere; `sessions list`/, lorica.run(["sessions", "reset", "nothere"])],
      [2, /stdin is not UTF-8 text/, bytes(["agent", "--message", "-"], Uint8Array.of(0x61, 0xff))],
      [2, /NUL/, bytes(["agent", "--message", "-"], Uint8Array.of(0x61, 0, 0x62))],
      [2, /there is no message/, bytes(["agent", "--message", "-"], new Uint8Array())],
      [2, /longer than 200000 characters/, bytes(["agent", "--message", "-"], Buffer.alloc(300_000, "y"))],
      [2, /longer than 16777216 bytes/, lorica.run(["sessions", "import", "/dev/zero"])],
      [2, /line 1 cannot be imported: it is not JSON/, bytes(["sessions", "import", "-"], Buffer.from("what?\n"))],
    ];
    for (const [exit, says, ran] of cases) {
      const { code, stderr } = await ran;
      assert.match(stderr, says);
      assert.equal(code, exit, stderr);
    }
    await assertFine();
  });

  test("a database that another program locks delays, is told, and is written when it is free again", async () => {
    const other = new DatabaseSync(database());
    other.exec("BEGIN IMMEDIATE");
    const [told, list] = await Promise.all([ask(), lorica.run(["sessions", "list"])]);
    assert.deepEqual([told.status, errorOf(told).code], [423, "locked"]);
    assert.match(errorOf(told).message, /locked by another process; stop the other program/);
    assert.equal(list.code, 0, "reading goes on");
    other.exec("ROLLBACK");
    other.close();
    await assertFine();
  });

  test("after all of that the database is whole", async () => {
    await lorica.stop();
    assert.deepEqual(checkDatabase(database()), []);
  });
});

function runWithBytes(
  { env }: Installation,
  words: readonly string[],
  input: Uint8Array,
): Promise<{ readonly code: number | null; readonly stderr: string }> {
  const entry = join(import.meta.dirname, "../../lorica.mjs");
  const child = spawn(process.execPath, [entry, ...words], { env, stdio: ["pipe", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  child.stdin.on("error", () => undefined).end(input);
  return new Promise((done) => child.once("close", (code) => done({ code, stderr })));
}
