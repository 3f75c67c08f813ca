import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { limits } from "../../src/base/limits.ts";
import { localServers, probeLocalServers, probeServer, serverAt } from "../../src/protocol/local-servers.ts";
import type { FetchJson, LocalServer } from "../../src/protocol/local-servers.ts";
import {
  baseUrlProblem,
  findKnownProvider,
  inferApi,
  isLocalHost,
  knownProviders,
} from "../../src/protocol/providers.ts";

test("each provider's key is taken from the variable that its makers and the guides name", () => {
  const variables = Object.fromEntries(knownProviders.map(({ id, keyVariable }) => [id, keyVariable]));
  assert.deepEqual(variables, {
    anthropic: "ANTHROPIC_API_KEY",
    openai: "OPENAI_API_KEY",
    google: "GEMINI_API_KEY",
    openrouter: "OPENROUTER_API_KEY",
    moonshot: "MOONSHOT_API_KEY",
    minimax: "MINIMAX_API_KEY",
    perplexity: "PERPLEXITY_API_KEY",
    xai: "XAI_API_KEY",
    zai: "ZAI_API_KEY",
    mistral: "MISTRAL_API_KEY",
    groq: "GROQ_API_KEY",
    deepseek: "DEEPSEEK_API_KEY",
    together: "TOGETHER_API_KEY",
    "cloudflare-ai-gateway": "CLOUDFLARE_AI_GATEWAY_API_KEY",
    "github-copilot": undefined,
    ollama: undefined,
    lmstudio: undefined,
    "docker-model-runner": undefined,
    vllm: undefined,
    litellm: "LITELLM_API_KEY",
  });
});

test("PRV-009 providers on the owner's own machine need no key", () => {
  const local = knownProviders.filter((provider) => provider.local);
  assert.deepEqual(
    local.map(({ id, auth }) => [id, auth]),
    [
      ["ollama", "none"],
      ["lmstudio", "none"],
      ["docker-model-runner", "none"],
      ["vllm", "none"],
    ],
  );
});

test("PRV-011 PRV-012 Ollama and LM Studio are where they listen by default", () => {
  assert.equal(findKnownProvider("ollama")?.baseUrl, "http://127.0.0.1:11434/v1");
  assert.equal(findKnownProvider("lmstudio")?.baseUrl, "http://127.0.0.1:1234/v1");
});

test("no provider's own entry is found wrong", () => {
  for (const { id, api, baseUrl } of knownProviders) {
    if (baseUrl !== "") assert.equal(baseUrlProblem(id, api, baseUrl), undefined, id);
  }
});

test("a base URL that would give a key to somebody else is found", () => {
  const problem = (baseUrl: string, api = "openai-completions"): string | undefined =>
    baseUrlProblem("x", api, baseUrl);
  assert.equal(problem("not a url"), "the base URL of x is not a URL: not a url");
  assert.equal(problem("ftp://example.org"), "the base URL of x is not http or https");
  assert.match(problem("https://user:pass@example.org") ?? "", /holds a password/);
  assert.match(problem("http://example.org/v1") ?? "", /unencrypted to example\.org; use https/);
  assert.equal(problem("https://example.org/v1"), undefined);
  for (const host of ["127.0.0.1:1", "[::1]:1", "192.168.1.5", "ollama:11434", "host.docker.internal"])
    assert.equal(problem(`http://${host}/v1`), undefined, host);
});

test("requirements C-16: the host says what is spoken, and a mismatch is an error", () => {
  assert.equal(inferApi("https://api.anthropic.com/v1"), "anthropic-messages");
  assert.equal(inferApi("https://api.minimax.io/anthropic"), "anthropic-messages");
  assert.equal(inferApi("https://gateway.example/account/anthropic"), "anthropic-messages");
  assert.equal(inferApi("http://127.0.0.1:1234/v1"), undefined);
  assert.equal(
    baseUrlProblem("openai", "openai-completions", "https://api.anthropic.com/v1"),
    "api.anthropic.com is Anthropic and speaks anthropic-messages, but provider openai is set to openai-completions",
  );
  assert.equal(baseUrlProblem("openai", "openai-completions", "https://api.openai.com/v1"), undefined);
  assert.equal(baseUrlProblem("minimax", "anthropic-messages", "https://api.minimax.io/anthropic"), undefined);
});

test("hosts that are not the owner's own are not taken for local", () => {
  for (const host of [
    "127.0.0.1",
    "::1",
    "[::1]",
    "localhost",
    "nas.local",
    "10.1.2.3",
    "172.31.0.1",
    "model-runner.docker.internal",
  ])
    assert.equal(isLocalHost(host), true, host);
  for (const host of [
    "127.0.0.1.example.org",
    "172.32.0.1",
    "8.8.8.8",
    "local.example",
    "2130706433",
    "localhost.evil.com",
  ])
    assert.equal(isLocalHost(host), false, host);
});

const ollama: LocalServer = localServers[0] ?? serverAt("ollama", "http://127.0.0.1:11434/v1");
const refuses: FetchJson = async () => {
  throw new Error("ECONNREFUSED");
};

test("PRV-007 a server that does not answer is absent, with what starts it", async () => {
  assert.deepEqual(await probeServer(ollama, refuses), {
    kind: "absent",
    server: ollama,
    reason: "nothing answers at http://127.0.0.1:11434/api/tags; start it with `ollama serve`",
  });
});

test("PRV-007 another program on the port, and a server that wants a key, are told apart", async () => {
  const reasons: string[] = [];
  for (const reply of [
    { status: 200, body: "<html>" },
    { status: 404, body: {} },
    { status: 401, body: {} },
  ]) {
    const probe = await probeServer(ollama, async () => reply);
    reasons.push(probe.kind === "absent" ? probe.reason : "found");
  }
  assert.match(reasons[0] ?? "", /HTTP 200 and no model list; is another program on that port/);
  assert.match(reasons[1] ?? "", /HTTP 404/);
  assert.match(reasons[2] ?? "", /asks for a key \(HTTP 401\)/);
});

test("PRV-005 PRV-006 Docker's models are found from the host and from inside a container", async () => {
  const here =
    (url: string): FetchJson =>
    async (asked) => {
      if (asked !== url) throw new Error("ECONNREFUSED");
      return { status: 200, body: { data: [{ id: "ai/llama3.2" }] } };
    };
  for (const url of ["http://127.0.0.1:12434/v1/models", "http://model-runner.docker.internal/v1/models"]) {
    const found = (await probeLocalServers(here(url))).filter((probe) => probe.kind === "found");
    assert.deepEqual(
      found.map((probe) => [probe.server.provider, `${probe.server.baseUrl}/models`, probe.models]),
      [["docker-model-runner", url, ["ai/llama3.2"]]],
    );
  }
});

test("each usual local server is asked once, and a list of models is bounded", async () => {
  const probes = await probeLocalServers(refuses);
  assert.deepEqual(
    probes.map((probe) => [probe.server.provider, probe.kind]),
    ["ollama", "lmstudio", "docker-model-runner", "vllm", "litellm"].map((id) => [id, "absent"]),
  );
  const models = Array.from({ length: limits.modelListMax + 5 }, (_, index) => ({ name: `m${index}` }));
  const probe = await probeServer(ollama, async () => ({ status: 200, body: { models: [...models, 7, null] } }));
  assert.equal(probe.kind === "found" ? probe.models.length : 0, limits.modelListMax);
});

test("PRV-010 docs/models.md names the recommended local models and each provider as the table has it", () => {
  const text = readFileSync(new URL("../../docs/models.md", import.meta.url), "utf8");
  const models = ["glm-4.7-flash", "qwen3-coder", "gpt-oss", "ai/qwen2.5-coder", "ai/llama3.2", "ai/mistral"];
  for (const name of [...models, "ai/gemma2", "ai/phi-4", "ai/deepseek-r1"])
    assert.ok(text.includes(`\`${name}\``), name);
  for (const { id, api, keyVariable, baseUrl, notBuilt } of knownProviders) {
    if (notBuilt !== undefined) continue;
    const row = `| \`${id}\` | ${api} | ${keyVariable === undefined ? "no key" : `\`${keyVariable}\``} | `;
    assert.ok(text.includes(baseUrl === "" ? row : `${row}${baseUrl}`), id);
  }
});
