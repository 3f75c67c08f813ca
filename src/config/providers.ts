// catalogue
// Model providers that are known by name: where they are, what they speak, which variables hold their keys. A config
// that names one of them needs nothing but a key.
import type { ProviderConfig } from "./schema/schema.ts";

export type ProviderPreset = {
  readonly baseUrl: string;
  readonly api: NonNullable<ProviderConfig["api"]>;
  /** Environment variables that may hold its key, the first one that is set counts. */
  readonly keys: readonly string[];
  /** Runs on this machine or beside it and needs no key. */
  readonly local: boolean;
};

const openai = "openai-completions";

function hosted(baseUrl: string, keys: readonly string[], api: ProviderPreset["api"] = openai): ProviderPreset {
  return { baseUrl, api, keys, local: false };
}

function local(baseUrl: string): ProviderPreset {
  return { baseUrl, api: openai, keys: [], local: true };
}

export const providerPresets: Readonly<Record<string, ProviderPreset>> = {
  anthropic: hosted("https://api.anthropic.com/v1", ["ANTHROPIC_API_KEY"], "anthropic-messages"),
  openai: hosted("https://api.openai.com/v1", ["OPENAI_API_KEY"], "openai-responses"),
  google: hosted(
    "https://generativelanguage.googleapis.com/v1beta",
    ["GEMINI_API_KEY", "GOOGLE_API_KEY"],
    "google-generative-ai",
  ),
  openrouter: hosted("https://openrouter.ai/api/v1", ["OPENROUTER_API_KEY"]),
  moonshot: hosted("https://api.moonshot.ai/v1", ["MOONSHOT_API_KEY"]),
  minimax: hosted("https://api.minimax.io/v1", ["MINIMAX_API_KEY"]),
  perplexity: hosted("https://api.perplexity.ai", ["PERPLEXITY_API_KEY"]),
  xai: hosted("https://api.x.ai/v1", ["XAI_API_KEY"]),
  zai: hosted("https://api.z.ai/api/paas/v4", ["ZAI_API_KEY", "ZHIPU_API_KEY"]),
  mistral: hosted("https://api.mistral.ai/v1", ["MISTRAL_API_KEY"]),
  groq: hosted("https://api.groq.com/openai/v1", ["GROQ_API_KEY"]),
  deepseek: hosted("https://api.deepseek.com/v1", ["DEEPSEEK_API_KEY"]),
  together: hosted("https://api.together.xyz/v1", ["TOGETHER_API_KEY"]),
  ollama: local("http://127.0.0.1:11434/v1"),
  lmstudio: local("http://127.0.0.1:1234/v1"),
  "docker-model-runner": local("http://127.0.0.1:12434/v1"),
  vllm: local("http://127.0.0.1:8000/v1"),
  litellm: local("http://127.0.0.1:4000/v1"),
  // Not an AI: the built-in rehearsal model, which no request ever leaves for.
  rehearsal: { baseUrl: "http://rehearsal.invalid", api: "rehearsal", keys: [], local: true },
};

/** The protocol of a host that speaks only one, so that a base URL alone says enough (C-16). */
export function apiOfHost(host: string): ProviderPreset["api"] | undefined {
  if (host === "api.anthropic.com") return "anthropic-messages";
  if (host === "generativelanguage.googleapis.com") return "google-generative-ai";
  return undefined;
}

/** Variables that hold other keys, and the secrets that they become. */
export const otherKeys: Readonly<Record<string, string>> = {
  BRAVE_API_KEY: "tool:brave",
  TELEGRAM_BOT_TOKEN: "channel:telegram.default.bottoken",
  DISCORD_BOT_TOKEN: "channel:discord.default.token",
  SLACK_BOT_TOKEN: "channel:slack.default.bottoken",
  SLACK_APP_TOKEN: "channel:slack.default.apptoken",
};
