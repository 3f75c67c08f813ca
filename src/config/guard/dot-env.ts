// What a change of `.env` gives somebody: it says where the gateway listens, which token opens it and what `${NAME}` in the
// config stands for. The last shows in the config's own keys; this finds the rest.
import { diffConfigs } from "../diff.ts";
import type { LoadedConfig } from "../load.ts";
import { widensByHand } from "../widen.ts";
import { nameCredential } from "./approval.ts";

export function widensByDotEnv(before: LoadedConfig, after: LoadedConfig, dotEnvPath: string): readonly string[] {
  const [was, is] = [before, after].map(({ sources }) => Buffer.from(sources.get(dotEnvPath) ?? []));
  if (was?.equals(is ?? Buffer.alloc(0)) !== false) return [];
  // A key for a provider makes that provider usable, at its own place: what guides put there, and nobody reaches more by it.
  const changes = diffConfigs(before.config, after.config).filter(({ path }) => !path.startsWith("models.providers"));
  const opens = [...after.secrets.keys()].filter((name) => name.startsWith("gateway:") && !before.secrets.has(name));
  return [...widensByHand({ before: before.config, after: after.config, changes }), ...opens.map(nameCredential)];
}
