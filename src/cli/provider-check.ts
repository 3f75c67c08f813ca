// Talks to a model provider before a gateway does: does it answer, with this key and this model? One small call. The key
// is in this process because its owner has just given it.
import { errnoOf, LoricaError } from "../base/errors.ts";
import { isRecord, parseJson } from "../base/json.ts";
import { limits } from "../base/limits.ts";
import { bounded } from "../base/wait.ts";
import { parseModelList } from "../protocol/local-servers.ts";
import type { FetchJson } from "../protocol/local-servers.ts";
import type { ProviderApi } from "../protocol/providers.ts";

export type ProviderTarget = {
  readonly id: string;
  readonly api: ProviderApi;
  readonly baseUrl: string;
  readonly modelId: string;
  readonly key: string | undefined;
};

const bodyMaxBytes = 262_144;
const question = "Answer with one word: ready.";
const tokensMax = 16;

/** Returns how long it took; throws what is wrong and what to do about it. */
export async function checkProvider(target: ProviderTarget, signal: AbortSignal): Promise<number> {
  const startedAt = performance.now();
  const call = callOf(target);
  const response = await send(target, call, signal);
  const text = await readBounded(response);
  if (!response.ok) throw refusal(target, response.status, text);
  if (/^\s*</.test(text))
    throw new LoricaError(
      "upstream",
      `${target.baseUrl} answers with a web page, not as a model provider; check the base URL`,
    );
  return Math.round(performance.now() - startedAt);
}

/** What the provider offers; throws where it says nothing, or refuses the key. */
export async function listModels(
  target: Omit<ProviderTarget, "modelId">,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const whole = { ...target, modelId: "" };
  const { headers } = callOf(whole);
  const response = await send(whole, { path: "/models", headers }, signal);
  const text = await readBounded(response);
  if (!response.ok) throw refusal(whole, response.status, text);
  const json = parseJson(text);
  const models = json.ok ? parseModelList(json.value) : undefined;
  if (models === undefined) throw new LoricaError("upstream", `${target.baseUrl} has no list of its models`);
  // One provider puts the kind of thing in front of each name.
  return models.map((name) => name.replace(/^models\//, ""));
}

type Call = { readonly path: string; readonly headers: Readonly<Record<string, string>>; readonly body?: unknown };

function callOf({ api, key, modelId }: ProviderTarget): Call {
  const messages = [{ role: "user", content: question }];
  const bearer: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` };
  switch (api) {
    case "anthropic-messages":
      return {
        path: "/messages",
        headers: { "anthropic-version": "2023-06-01", ...(key === undefined ? {} : { "x-api-key": key }) },
        body: { model: modelId, max_tokens: tokensMax, messages },
      };
    case "openai-responses":
      return {
        path: "/responses",
        headers: bearer,
        body: { model: modelId, max_output_tokens: tokensMax, input: question },
      };
    case "google-generative-ai":
      return {
        path: `/models/${encodeURIComponent(modelId)}:generateContent`,
        headers: key === undefined ? {} : { "x-goog-api-key": key },
        body: {
          contents: [{ role: "user", parts: [{ text: question }] }],
          generationConfig: { maxOutputTokens: tokensMax },
        },
      };
    case "openai-completions":
      return { path: "/chat/completions", headers: bearer, body: { model: modelId, max_tokens: tokensMax, messages } };
  }
}

async function send(target: ProviderTarget, call: Call, signal: AbortSignal): Promise<Response> {
  const deadline = bounded(signal, limits.cliModelCheckTimeoutMs);
  try {
    return await fetch(`${target.baseUrl.replace(/\/+$/, "")}${call.path}`, {
      ...(call.body === undefined ? {} : { method: "POST", body: JSON.stringify(call.body) }),
      headers: { "content-type": "application/json", accept: "application/json", ...call.headers },
      // A redirect would carry the key to somebody else.
      redirect: "error",
      signal: deadline,
    });
  } catch (cause) {
    if (signal.aborted) throw cause;
    if (deadline.aborted)
      throw new LoricaError(
        "timeout",
        `${target.baseUrl} did not answer within ${limits.cliModelCheckTimeoutMs / 1_000} s`,
        { cause },
      );
    const reason =
      errnoOf(cause instanceof Error ? cause.cause : cause) ?? (cause instanceof Error ? cause.message : "");
    throw new LoricaError(
      "upstream",
      `nothing answers at ${target.baseUrl} (${reason}). Is it running, and is the URL right?`,
      { cause },
    );
  }
}

function refusal({ id, modelId, baseUrl, key }: ProviderTarget, status: number, body: string): LoricaError {
  // Some servers quote the key that they refuse.
  const said = key === undefined ? messageOf(body) : messageOf(body.replaceAll(key, "[the key]"));
  if (status === 401 || status === 403)
    return new LoricaError("upstream", `${id} does not accept the key (HTTP ${status})${said}`);
  if (status === 404)
    return new LoricaError(
      "upstream",
      `${baseUrl} knows no such address${modelId === "" ? "" : ` or no model ${modelId}`} (HTTP 404)${said}. Most base URLs end in /v1`,
    );
  return new LoricaError("upstream", `${id} answers with HTTP ${status}${said}`);
}

/** The provider's own words, shortened. */
function messageOf(body: string): string {
  const json = parseJson(body);
  const error = json.ok && isRecord(json.value) ? json.value["error"] : undefined;
  const message = isRecord(error) ? error["message"] : error;
  return typeof message === "string" ? `: ${message.slice(0, 300)}` : "";
}

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    // Enough to see what it is; some servers stream whatever was asked for.
    if (bytes > bodyMaxBytes) break;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** For looking around on this machine: short, without a key. */
export function fetchJson(signal: AbortSignal): FetchJson {
  return async (url) => {
    const response = await fetch(url, { redirect: "error", signal: bounded(signal, limits.cliDetectTimeoutMs) });
    const json = parseJson(await readBounded(response));
    if (!json.ok) throw new LoricaError("upstream", `${url} answers without JSON`);
    return { status: response.status, body: json.value };
  };
}
