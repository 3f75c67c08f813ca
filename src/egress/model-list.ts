// What a provider answers when it is asked for its models, as a person needs it.
import { isRecord, parseJson } from "../base/json.ts";
import { limits } from "../base/limits.ts";

/** OpenAI's and Anthropic's `data[].id`, Google's `models[].name`. */
export function parseModelIds(text: string): readonly string[] {
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

/** Why a provider gave no list, by its status. */
export function explainStatus(status: number): string {
  if (status === 401 || status === 403)
    return `it refuses the credential (${status}); set another with: lorica secret set`;
  if (status === 404) return "it has no list of models at this base URL (404); check the base URL";
  return `it answered ${status}`;
}
