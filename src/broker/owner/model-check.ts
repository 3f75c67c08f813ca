// Asks a provider which models it has, with the stored credential: the cheapest question that needs the right key.
import { codeOf, LoricaError } from "../../base/errors.ts";
import { isRecord, parseJson } from "../../base/json.ts";
import { limits } from "../../base/limits.ts";
import { bounded } from "../../base/wait.ts";
import type { OwnerParamsOf, OwnerResultOf } from "../../protocol/owner-methods.ts";
import type { Ceiling } from "../serve/ceiling.ts";
import type { BrokerEgress } from "../serve/egress.ts";

type Deps = {
  readonly egress: BrokerEgress;
  readonly ceiling: () => Ceiling;
  readonly defaultModel: () => string | undefined;
};
type Answer = OwnerResultOf<"model.check">;

export async function checkModel(
  deps: Deps,
  params: OwnerParamsOf<"model.check">,
  signal: AbortSignal,
): Promise<Answer> {
  const { providers } = deps.ceiling();
  const wanted = params.model ?? (params.provider === undefined ? deps.defaultModel() : undefined);
  const slash = wanted?.indexOf("/") ?? -1;
  const provider = params.provider ?? (slash > 0 ? wanted?.slice(0, slash) : undefined) ?? [...providers.keys()][0];
  const settings = provider === undefined ? undefined : providers.get(provider);
  if (provider === undefined || settings === undefined)
    throw new LoricaError(
      "not_found",
      `no provider ${provider === undefined ? "is configured" : JSON.stringify(provider)}; set one up with: lorica onboard`,
    );
  const model = wanted?.startsWith(`${provider}/`) === true ? wanted.slice(provider.length + 1) : (wanted ?? null);
  const startedAt = performance.now();
  const answer = { provider, model, models: [] };
  const latencyMs = (): number => Math.round(performance.now() - startedAt);
  try {
    const url = `${settings.baseUrl.replace(/\/+$/, "")}/models`;
    const resource = { provider, method: "GET", url } as const;
    const headers = settings.credential === "x-api-key" ? { "anthropic-version": "2023-06-01" } : {};
    const within = bounded(signal, params.timeoutMs ?? limits.ownerModelCheckTimeoutMs);
    const response = await deps.egress.fetch({ resource, headers, bodyBytes: undefined, body: undefined }, within);
    const text = await readSome(response.body);
    if (response.status !== 200)
      return { ...answer, ok: false, latencyMs: latencyMs(), reason: reasonOf(response.status) };
    const models = modelIds(text);
    const missing = model !== null && models.length > 0 && !models.includes(model);
    const reason = missing ? { reason: `it answers, but does not list the model ${model}` } : {};
    return { ...answer, ok: !missing, latencyMs: latencyMs(), models, ...reason };
  } catch (error) {
    if (signal.aborted || !(error instanceof LoricaError) || codeOf(error) === "forbidden") throw error;
    return { ...answer, ok: false, latencyMs: latencyMs(), reason: error.message };
  }
}

function reasonOf(status: number): string {
  if (status === 401 || status === 403)
    return `it refuses the credential (${status}); set another with: lorica secret set`;
  if (status === 404) return "it has no list of models at this base URL (404); check the base URL";
  return `it answered ${status}`;
}

async function readSome(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of body) {
    total += chunk.length;
    if (total > limits.ownerModelListMaxBytes) break;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** OpenAI's and Anthropic's `data[].id`, Google's `models[].name`. */
function modelIds(text: string): readonly string[] {
  const json = parseJson(text);
  const value: unknown = json.ok ? json.value : undefined;
  if (!isRecord(value)) return [];
  const list: unknown = value["data"] ?? value["models"];
  if (!Array.isArray(list)) return [];
  return list
    .flatMap((entry: unknown) => {
      const id = isRecord(entry) ? (entry["id"] ?? entry["name"]) : undefined;
      return typeof id === "string" ? [id.replace(/^models\//, "").slice(0, 256)] : [];
    })
    .slice(0, limits.ownerModelListMax);
}
