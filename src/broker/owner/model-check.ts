// Asks a provider which models it has, with the stored credential: the cheapest question that needs the right key.
import { codeOf, LoricaError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import { bounded } from "../../base/wait.ts";
import { explainStatus, parseModelIds } from "../../egress/egress.ts";
import type { OwnerParamsOf, OwnerResultOf } from "../../protocol/owner-methods.ts";
import type { Ceiling } from "../serve/ceiling.ts";
import type { BrokerEgress } from "../../egress/egress.ts";

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
      return { ...answer, ok: false, latencyMs: latencyMs(), reason: explainStatus(response.status) };
    const models = parseModelIds(text);
    const missing = model !== null && models.length > 0 && !models.includes(model);
    const reason = missing ? { reason: `it answers, but does not list the model ${model}` } : {};
    return { ...answer, ok: !missing, latencyMs: latencyMs(), models, ...reason };
  } catch (error) {
    if (signal.aborted || !(error instanceof LoricaError) || codeOf(error) === "forbidden") throw error;
    return { ...answer, ok: false, latencyMs: latencyMs(), reason: error.message };
  }
}

export async function readSome(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of body) {
    total += chunk.length;
    if (total > limits.ownerModelListMaxBytes) break;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
