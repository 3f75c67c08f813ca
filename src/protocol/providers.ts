// Which model providers are known by name: where they live, what they speak, how they authenticate. Data for config,
// onboarding, the broker and the models; a provider that is not listed works just as well with its own base URL.

/** The wire formats that a provider can speak. */
export type ProviderApi = "openai-completions" | "openai-responses" | "anthropic-messages" | "google-generative-ai";

/** Where the credential goes. The broker puts it there; nobody else has it. */
export type AuthRule = "bearer" | "x-api-key" | "x-goog-api-key" | "none";

export type KnownProvider = {
  readonly id: string;
  readonly name: string;
  readonly api: ProviderApi;
  /** Empty where it depends on the customer: then config has to name it. */
  readonly baseUrl: string;
  /** The variable that a key is taken from; undefined where there is none. */
  readonly keyVariable: string | undefined;
  readonly auth: AuthRule;
  /** On the owner's own machine: it needs no key, and what it computes costs nothing. */
  readonly local: boolean;
  /** Why it cannot be used yet. */
  readonly notBuilt?: string;
};

type Row = Pick<KnownProvider, "id" | "name" | "baseUrl"> & Partial<KnownProvider>;

export const knownProviders: readonly KnownProvider[] = [
  cloud({
    id: "anthropic",
    name: "Anthropic",
    baseUrl: "https://api.anthropic.com/v1",
    keyVariable: "ANTHROPIC_API_KEY",
    api: "anthropic-messages",
    auth: "x-api-key",
  }),
  cloud({
    id: "openai",
    name: "OpenAI",
    baseUrl: "https://api.openai.com/v1",
    keyVariable: "OPENAI_API_KEY",
    api: "openai-responses",
  }),
  cloud({
    id: "google",
    name: "Google Gemini",
    baseUrl: "https://generativelanguage.googleapis.com/v1beta",
    keyVariable: "GEMINI_API_KEY",
    api: "google-generative-ai",
    auth: "x-goog-api-key",
  }),
  cloud({
    id: "openrouter",
    name: "OpenRouter",
    baseUrl: "https://openrouter.ai/api/v1",
    keyVariable: "OPENROUTER_API_KEY",
  }),
  cloud({
    id: "moonshot",
    name: "Moonshot AI (Kimi)",
    baseUrl: "https://api.moonshot.ai/v1",
    keyVariable: "MOONSHOT_API_KEY",
  }),
  cloud({ id: "minimax", name: "MiniMax", baseUrl: "https://api.minimax.io/v1", keyVariable: "MINIMAX_API_KEY" }),
  cloud({
    id: "perplexity",
    name: "Perplexity",
    baseUrl: "https://api.perplexity.ai",
    keyVariable: "PERPLEXITY_API_KEY",
  }),
  cloud({ id: "xai", name: "xAI Grok", baseUrl: "https://api.x.ai/v1", keyVariable: "XAI_API_KEY" }),
  cloud({ id: "zai", name: "Z.AI (Zhipu GLM)", baseUrl: "https://api.z.ai/api/paas/v4", keyVariable: "ZAI_API_KEY" }),
  cloud({ id: "mistral", name: "Mistral", baseUrl: "https://api.mistral.ai/v1", keyVariable: "MISTRAL_API_KEY" }),
  cloud({ id: "groq", name: "Groq", baseUrl: "https://api.groq.com/openai/v1", keyVariable: "GROQ_API_KEY" }),
  cloud({ id: "deepseek", name: "DeepSeek", baseUrl: "https://api.deepseek.com/v1", keyVariable: "DEEPSEEK_API_KEY" }),
  cloud({ id: "together", name: "Together", baseUrl: "https://api.together.xyz/v1", keyVariable: "TOGETHER_API_KEY" }),
  // Each account's gateway has an address of its own, and stands in front of any of the formats.
  cloud({
    id: "cloudflare-ai-gateway",
    name: "Cloudflare AI Gateway",
    baseUrl: "",
    keyVariable: "CLOUDFLARE_AI_GATEWAY_API_KEY",
  }),
  cloud({
    id: "github-copilot",
    name: "GitHub Copilot",
    baseUrl: "https://api.githubcopilot.com",
    notBuilt: "GitHub Copilot signs in with a device code and short-lived tokens, which are not built yet",
  }),
  local({ id: "ollama", name: "Ollama", baseUrl: "http://127.0.0.1:11434/v1" }),
  local({ id: "lmstudio", name: "LM Studio", baseUrl: "http://127.0.0.1:1234/v1" }),
  local({ id: "docker-model-runner", name: "Docker Model Runner", baseUrl: "http://127.0.0.1:12434/v1" }),
  local({ id: "vllm", name: "vLLM", baseUrl: "http://127.0.0.1:8000/v1" }),
  // A proxy: what stands behind it may well cost money, and it may want a key.
  cloud({ id: "litellm", name: "LiteLLM", baseUrl: "http://127.0.0.1:4000/v1", keyVariable: "LITELLM_API_KEY" }),
];

export function findKnownProvider(id: string): KnownProvider | undefined {
  return knownProviders.find((provider) => provider.id === id);
}

/** What a base URL speaks, where its host or path says so (requirements C-16). */
export function inferApi(baseUrl: string): ProviderApi | undefined {
  if (!URL.canParse(baseUrl)) return undefined;
  const url = new URL(baseUrl);
  // Several providers, and gateways in front of them, offer that format beside their own, under this name.
  if (/\/anthropic(\/|$)/.test(url.pathname)) return "anthropic-messages";
  return ownerOfHost(baseUrl)?.api;
}

/** Why a base URL cannot belong to this provider and format; undefined where nothing speaks against it. */
export function baseUrlProblem(id: string, api: string, baseUrl: string): string | undefined {
  if (!URL.canParse(baseUrl)) return `the base URL of ${id} is not a URL: ${baseUrl}`;
  const url = new URL(baseUrl);
  if (url.protocol !== "http:" && url.protocol !== "https:") return `the base URL of ${id} is not http or https`;
  if (url.username !== "" || url.password !== "")
    return `the base URL of ${id} holds a password; store it as a secret instead`;
  if (url.protocol === "http:" && !isLocalHost(url.hostname))
    return `the base URL of ${id} would send its key unencrypted to ${url.host}; use https`;
  const owner = ownerOfHost(baseUrl);
  if (owner !== undefined && !speaks(owner, api) && inferApi(baseUrl) !== api)
    return `${url.host} is ${owner.name} and speaks ${owner.api}, but provider ${id} is set to ${api}`;
  return undefined;
}

/** Whether a provider computes on the owner's own machine or beside it: by its entry, else by where it is. */
export function isLocalProvider(id: string, baseUrl: string): boolean {
  const known = findKnownProvider(id);
  if (known !== undefined) return known.local;
  return URL.canParse(baseUrl) && isLocalHost(new URL(baseUrl).hostname);
}

/** Loopback, private networks, and the names that container engines give to their host. */
export function isLocalHost(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, "").toLowerCase();
  if (host === "localhost" || host === "::1" || /\.(localhost|local|internal|lan)$/.test(host)) return true;
  if (/^(127|10)\.\d+\.\d+\.\d+$/.test(host) || /^192\.168\.\d+\.\d+$/.test(host)) return true;
  if (/^172\.(1[6-9]|2\d|3[01])\.\d+\.\d+$/.test(host) || /^f[cd][0-9a-f]{2}:/.test(host)) return true;
  // A name without a dot is a service in the same compose network.
  return /^[a-z0-9-]+$/.test(host) && !/^\d+$/.test(host);
}

/** The well-known provider whose host a base URL names. */
export function ownerOfHost(baseUrl: string): KnownProvider | undefined {
  const host = hostOf(baseUrl);
  return host === "" ? undefined : knownProviders.find(({ baseUrl: at, local }) => !local && hostOf(at) === host);
}

/** Guides print some addresses without their path; at a known host there is only one that works. */
export function wholeBaseUrl(baseUrl: string): string {
  if (!URL.canParse(baseUrl) || new URL(baseUrl).pathname !== "/") return baseUrl;
  return ownerOfHost(baseUrl)?.baseUrl ?? baseUrl;
}

function speaks(provider: KnownProvider, api: string): boolean {
  if (provider.api === api) return true;
  return provider.api.startsWith("openai-") && api.startsWith("openai-");
}

function hostOf(baseUrl: string): string {
  return URL.canParse(baseUrl) ? new URL(baseUrl).host : "";
}

function cloud(row: Row): KnownProvider {
  return { api: "openai-completions", keyVariable: undefined, auth: "bearer", local: false, ...row };
}

function local(row: Row): KnownProvider {
  return { api: "openai-completions", keyVariable: undefined, auth: "none", local: true, ...row };
}
