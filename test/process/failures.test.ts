// Providers that fail in every way, and callers who leave at every moment, on a whole installation: each gets a clear
// end within its bound, and nobody else notices.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { after, before, suite, test } from "node:test";
import { createInstallation } from "../faux/installation.ts";
import type { Installation } from "../faux/installation.ts";
import { whyNoSandbox } from "../faux/outside/host.ts";
import { startFauxProvider } from "../faux/provider.ts";
import type { FauxProvider, FauxReply, FauxRequest } from "../faux/provider.ts";

type Failing = {
  readonly name: string;
  readonly reply: FauxReply;
  readonly status: number;
  readonly code: string;
  readonly says: RegExp;
  readonly requests: number;
};

const html = { headers: { "content-type": "text/html" }, body: "<!doctype html><title>Welcome</title>" };
const answer = { text: "Half of this is not enough." };
const failing: readonly Failing[] = [
  { name: "stalls", reply: { broken: "stall" }, status: 504, code: "timeout", says: /not answer in time/, requests: 1 },
  {
    name: "goes-silent",
    reply: { ...answer, broken: "stall_midway" },
    status: 504,
    code: "timeout",
    says: /not answer in time/,
    requests: 1,
  },
  {
    name: "truncates",
    reply: { ...answer, broken: "truncate" },
    status: 502,
    code: "upstream",
    says: /broke off/,
    requests: 2,
  },
  {
    name: "drops",
    reply: { ...answer, broken: "drop" },
    status: 502,
    code: "upstream",
    says: /broke off|failed/,
    requests: 2,
  },
  {
    name: "garbles",
    reply: { ...answer, broken: "malformed" },
    status: 502,
    code: "upstream",
    says: /not its format/,
    requests: 2,
  },
  { name: "says-nothing", reply: { text: "" }, status: 502, code: "upstream", says: /empty answer/, requests: 2 },
  {
    name: "overflows",
    reply: { status: 400, message: "maximum context length is 9" },
    status: 413,
    code: "too_large",
    says: /of this length/,
    requests: 1,
  },
  {
    name: "refuses-the-key",
    reply: { status: 401 },
    status: 502,
    code: "upstream",
    says: /refused its credential \(HTTP 401\)/,
    requests: 1,
  },
  { name: "serves-a-page", reply: html, status: 502, code: "upstream", says: /a web page/, requests: 1 },
  {
    name: "always-fails",
    reply: { status: 500 },
    status: 502,
    code: "upstream",
    says: /failed \(HTTP 500\)/,
    requests: 2,
  },
];

const boundMs = 8_000;

suite("a whole installation", { concurrency: false, skip: whyNoSandbox() ?? false }, () => {
  let lorica: Installation;
  let provider: FauxProvider;

  before(async () => {
    lorica = await createInstallation();
    provider = await startFauxProvider();
    const one = {
      baseUrl: `${provider.url}/v1`,
      api: "openai-completions",
      apiKey: "sk-none-at-all",
    };
    // Only who is to be too late is given a short time: on a busy machine everybody is late.
    const patience = new Map(failing.map(({ name, code }) => [name, code === "timeout" ? 2 : 60]));
    const providers = Object.fromEntries(
      ["fine", ...patience.keys()].map((name) => [
        name,
        { ...one, timeoutSeconds: patience.get(name) ?? 60, models: [{ id: "m", contextWindow: 128_000 }] },
      ]),
    );
    const small = { ...one, timeoutSeconds: 600, models: [{ id: "m", contextWindow: 12_000, maxTokens: 1_000 }] };
    lorica.writeConfig({
      gateway: { http: { endpoints: { chatCompletions: { enabled: true } } } },
      models: { providers: { ...providers, small } },
      agents: { defaults: { model: { primary: "fine/m" } } },
    });
    await lorica.start();
  });
  after(async () => {
    await lorica.remove();
    await provider.close();
  });

  const ask = async (session: string, text: string, more: Asking = {}): Promise<Response> =>
    fetch(`http://127.0.0.1:${lorica.port}/v1/chat/completions`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${lorica.token}`,
        "content-type": "application/json",
        "x-openclaw-session-key": session,
        "x-openclaw-model": `${more.provider ?? "fine"}/m`,
      },
      body: JSON.stringify({
        model: "openclaw",
        stream: more.stream ?? false,
        messages: [{ role: "user", content: text }],
      }),
      signal: more.signal ?? null,
    });

  test("each way in which a provider fails is a coded error within its bound, and no other session's", async () => {
    provider.play(
      (request) => failing.find(({ name }) => request.body.includes(`${name}!`))?.reply ?? { text: "Hello." },
    );
    const begun = performance.now();
    const results = await Promise.all(
      failing.map(async ({ name }) => {
        const response = await ask(name, `${name}!`, { provider: name });
        return { response, body: (await response.json()) as Body, ms: performance.now() - begun };
      }),
    );
    for (const [index, { name, status, code, says, requests }] of failing.entries()) {
      const { response, body, ms } = results[index] ?? assert.fail();
      assert.deepEqual([name, response.status, body.error?.code], [name, status, code]);
      assert.match(body.error?.message ?? "", says);
      assert.match(body.error?.id ?? "", /^[0-9a-f-]{36}$/);
      assert.ok(ms < boundMs, `${name} took ${ms} ms`);
      assert.equal(provider.requests.filter((request) => request.body.includes(`${name}!`)).length, requests, name);
    }
    const meanwhile = await ask("elsewhere", "hello");
    assert.equal(textOf((await meanwhile.json()) as Body), "Hello.");
    provider.play([{ text: "Mended." }]);
    for (const { name } of failing) {
      const response = await ask(name, "and now?", { provider: name });
      assert.deepEqual([name, textOf((await response.json()) as Body)], [name, "Mended."]);
    }
  });

  test("a stream that fails ends with the error and without the sentinel", async () => {
    provider.play([{ ...answer, broken: "stall_midway" }]);
    const response = await ask("streamed", "hello", { provider: "goes-silent", stream: true });
    const text = await response.text();
    assert.match(text, /"error":\{[^\n]*"code":"timeout"/);
    assert.doesNotMatch(text, /\[DONE\]/);
  });

  test("a caller who leaves before the first word, or in the middle, ends the provider's request", async () => {
    for (const broken of ["stall", "stall_midway"] as const) {
      const asked = onceAsked(provider, { ...answer, broken });
      const leaving = new AbortController();
      const call = ask("left", "hello", { provider: "small", stream: true, signal: leaving.signal }).then((response) =>
        response.text(),
      );
      const request = await asked;
      leaving.abort();
      await assert.rejects(call);
      assert.equal(await within(request.left), true);
      provider.play([{ text: "Free again." }]);
      assert.equal(textOf((await (await ask("left", "hello")).json()) as Body), "Free again.");
    }
  });

  test("a caller who leaves while a tool runs ends the command", async () => {
    const command = "sleep 4321.5; echo never";
    provider.play([{ calls: [{ id: "c1", name: "exec", input: JSON.stringify({ command }) }] }, { text: "never" }]);
    const leaving = new AbortController();
    const call = ask("working", "work", { signal: leaving.signal });
    await until(() => processes("sleep\x004321.5").length > 0);
    leaving.abort();
    await assert.rejects(call);
    await until(() => processes("sleep\x004321.5").length === 0);
    provider.play([{ text: "Free again." }]);
    assert.equal(textOf((await (await ask("working", "hello")).json()) as Body), "Free again.");
  });

  test("a caller who leaves during a compaction ends it, and what was said stays", async () => {
    const long = "lorem ipsum dolor ".repeat(700);
    provider.play([{ text: "Noted." }]);
    for (const turn of [1, 2]) assert.equal((await ask("long", `${turn} ${long}`, { provider: "small" })).status, 200);
    const asked = onceAsked(provider, { broken: "stall" });
    const leaving = new AbortController();
    const call = ask("long", `3 ${long}`, { provider: "small", signal: leaving.signal });
    const request = await asked;
    assert.match(request.body, /Condense the conversation/);
    leaving.abort();
    await assert.rejects(call);
    assert.equal(await within(request.left), true);
    provider.play([{ text: "Free again." }]);
    assert.equal(textOf((await (await ask("long", "hello", { provider: "small" })).json()) as Body), "Free again.");
    const exported = await lorica.run(["sessions", "export", "agent:main:long"]);
    for (const turn of [1, 2, 3]) assert.ok(exported.stdout.includes(`"${turn} lorem ipsum`), `message ${turn}`);
  });
});

type Asking = { readonly provider?: string; readonly stream?: boolean; readonly signal?: AbortSignal };
type Body = {
  readonly choices?: readonly { readonly message: { readonly content: string } }[];
  readonly error?: { readonly code: string; readonly message: string; readonly id: string };
};

function textOf(body: Body): string {
  return body.choices?.[0]?.message.content ?? JSON.stringify(body);
}

/** Plays a reply to every request, and answers the first. */
function onceAsked(provider: FauxProvider, reply: FauxReply): Promise<FauxRequest> {
  const { promise, resolve } = Promise.withResolvers<FauxRequest>();
  provider.play((request) => {
    resolve(request);
    return reply;
  });
  return promise;
}

async function within<T>(work: Promise<T>): Promise<T | "too late"> {
  return Promise.race([work, new Promise<"too late">((done) => setTimeout(done, 3_000, "too late"))]);
}

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    if (holds()) return;
    await new Promise((done) => setTimeout(done, 20));
  }
  assert.fail("it never came to be");
}

/** Processes of this host whose command line holds `words`. */
function processes(words: string): readonly string[] {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name) && commandLine(name).includes(words));
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}
