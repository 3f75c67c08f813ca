// Which variables carry credentials, and under which names the vault knows them (ENV-013).
import { providerSecretName } from "./names.ts";

/** Variable → secret. Where several stand for one secret, the first that is set wins. */
export const secretVariables: readonly (readonly [variable: string, secret: string])[] = [
  ["ANTHROPIC_API_KEY", providerSecretName("anthropic")],
  ["AI_GATEWAY_API_KEY", providerSecretName("anthropic")],
  ["OPENAI_API_KEY", providerSecretName("openai")],
  ["OPENROUTER_API_KEY", providerSecretName("openrouter")],
  ["GEMINI_API_KEY", providerSecretName("google")],
  ["GOOGLE_GENERATIVE_AI_API_KEY", providerSecretName("google")],
  ["GOOGLE_API_KEY", providerSecretName("google")],
  ["MOONSHOT_API_KEY", providerSecretName("moonshot")],
  ["MINIMAX_API_KEY", providerSecretName("minimax")],
  ["PERPLEXITY_API_KEY", providerSecretName("perplexity")],
  ["XAI_API_KEY", providerSecretName("xai")],
  ["CUSTOM_API_KEY", providerSecretName("custom")],
  ["BRAVE_API_KEY", "search:brave"],
];

/** Empty values are not there: a compose file that passes an unset variable on passes an empty one. */
export function secretsFromEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [variable, secret] of secretVariables) {
    const value = environment[variable]?.trim();
    if (value !== undefined && value !== "" && !found.has(secret)) found.set(secret, value);
  }
  return found;
}
