// Model servers on the owner's own machine: on which ports they usually listen, and how to ask them what they have.
import { isRecord } from "../base/json.ts";
import { limits } from "../base/limits.ts";

export type LocalServer = {
  /** The id of its entry in `knownProviders`. */
  readonly provider: string;
  readonly baseUrl: string;
  /** Where it lists its models. */
  readonly listUrl: string;
  /** What starts it, for the person who finds that nothing answers. */
  readonly start: string;
};

/** Gets a URL and parses its JSON; throws where nothing listens or no JSON comes back. */
export type FetchJson = (url: string) => Promise<{ readonly status: number; readonly body: unknown }>;

export type Probe =
  | { readonly kind: "found"; readonly server: LocalServer; readonly models: readonly string[] }
  | { readonly kind: "absent"; readonly server: LocalServer; readonly reason: string };

/** In the order in which they are offered. */
export const localServers: readonly LocalServer[] = [
  {
    provider: "ollama",
    baseUrl: "http://127.0.0.1:11434/v1",
    listUrl: "http://127.0.0.1:11434/api/tags",
    start: "start it with `ollama serve`",
  },
  {
    provider: "lmstudio",
    baseUrl: "http://127.0.0.1:1234/v1",
    listUrl: "http://127.0.0.1:1234/v1/models",
    start: "start the server in LM Studio's Developer tab, or with `lms server start`",
  },
  dockerModels("http://127.0.0.1:12434/v1"),
  dockerModels("http://127.0.0.1:12434/engines/v1"),
  // The name that Docker gives its model runner inside a container.
  dockerModels("http://model-runner.docker.internal/v1"),
  {
    provider: "vllm",
    baseUrl: "http://127.0.0.1:8000/v1",
    listUrl: "http://127.0.0.1:8000/v1/models",
    start: "start it with `vllm serve <model>`",
  },
  {
    provider: "litellm",
    baseUrl: "http://127.0.0.1:4000/v1",
    listUrl: "http://127.0.0.1:4000/v1/models",
    start: "start it with `litellm --config <file>`",
  },
];

/** Asks one server what it has. Never throws: a server that is not there is an answer. */
export async function probeServer(target: LocalServer, fetchJson: FetchJson): Promise<Probe> {
  let reply: Awaited<ReturnType<FetchJson>>;
  try {
    reply = await fetchJson(target.listUrl);
  } catch {
    return absent(target, `nothing answers at ${target.listUrl}; ${target.start}`);
  }
  if (reply.status === 401 || reply.status === 403)
    return absent(
      target,
      `${target.listUrl} asks for a key (HTTP ${reply.status}); configure the provider with its key`,
    );
  const models = parseModelList(reply.body);
  if (reply.status !== 200 || models === undefined)
    return absent(
      target,
      `${target.listUrl} answered HTTP ${reply.status} and no model list; is another program on that port?`,
    );
  return { kind: "found", server: target, models };
}

/** Asks all of them at once and keeps the first that answers for each provider. */
export async function probeLocalServers(fetchJson: FetchJson): Promise<readonly Probe[]> {
  const probes = await Promise.all(localServers.map((target) => probeServer(target, fetchJson)));
  const best = new Map<string, Probe>();
  for (const probe of probes) {
    const known = best.get(probe.server.provider);
    if (known === undefined || (known.kind === "absent" && probe.kind === "found"))
      best.set(probe.server.provider, probe);
  }
  return [...best.values()];
}

/** A probe for a base URL that is not on the list. */
export function serverAt(provider: string, baseUrl: string): LocalServer {
  const known = localServers.find((candidate) => candidate.baseUrl === baseUrl);
  if (known !== undefined) return known;
  const base = baseUrl.replace(/\/+$/, "");
  const start = "check that the server runs and that the base URL is right";
  return { provider, baseUrl: base, listUrl: `${base}/models`, start };
}

/** The lists of OpenAI's format (`data[].id`) and of Ollama's own (`models[].name`). */
export function parseModelList(body: unknown): readonly string[] | undefined {
  if (!isRecord(body)) return undefined;
  const rows: unknown = body.data ?? body.models;
  if (!Array.isArray(rows)) return undefined;
  const names = rows.slice(0, limits.modelListMax).map((row: unknown) => {
    const name: unknown = isRecord(row) ? (row.id ?? row.name) : undefined;
    return typeof name === "string" ? name.slice(0, 200) : undefined;
  });
  return names.filter((name) => name !== undefined);
}

function dockerModels(baseUrl: string): LocalServer {
  const start = "enable it with `docker desktop enable model-runner --tcp 12434`";
  return { provider: "docker-model-runner", baseUrl, listUrl: `${baseUrl}/models`, start };
}

function absent(target: LocalServer, reason: string): Probe {
  return { kind: "absent", server: target, reason };
}
