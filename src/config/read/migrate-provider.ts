// `provider.{name,baseUrl,model,apiKey}`: the short form that guides print for one provider (C-15, C-16).
import { dotted, peek, put, renamed, take } from "./move.ts";
import type { Migrating } from "./move.ts";
import { emptyBranch, scalar } from "./tree.ts";
import type { Tree } from "./tree.ts";

/** The provider and model that a config uses now, for the short form's other keys. */
export function currentProvider(migrating: Migrating): string | undefined {
  const primary = textAt(migrating, "agents.defaults.model.primary");
  const slash = primary?.indexOf("/") ?? -1;
  if (primary !== undefined && slash > 0) return primary.slice(0, slash);
  const providers = peek(migrating, dotted("models.providers"));
  return providers?.kind === "object" && providers.members.size === 1 ? [...providers.members.keys()][0] : undefined;
}

export function migrateProvider(migrating: Migrating): void {
  const short = peek(migrating, ["provider"]);
  if (short?.kind !== "object") return;
  const from = ["provider"];
  const before = currentProvider(migrating);
  const id = textAt(migrating, "provider.name") ?? before ?? inferred(textAt(migrating, "provider.baseUrl"));
  if (id === undefined) {
    migrating.findings.refuse("provider.name", "say which provider is meant: set provider.name first", short.place);
    return;
  }
  for (const name of ["baseUrl", "apiKey", "api"]) {
    const value = take(migrating, ["provider", name]);
    if (value !== undefined) putBelow(migrating, { id, name, value });
  }
  putModel(migrating, id, before);
  const name = take(migrating, dotted("provider.name"));
  const providers = ["models", "providers", id];
  if (name !== undefined && peek(migrating, providers) === undefined)
    put(migrating, providers, { value: emptyBranch(name.place), from });
  renamed(migrating, { from, to: `models.providers.${id} and agents.defaults.model.primary`, value: short });
}

function putBelow(migrating: Migrating, { id, name, value }: { id: string; name: string; value: Tree }): void {
  put(migrating, ["models", "providers", id, name], { value, from: ["provider", name] });
}

/** A model's name belongs to its provider. Switching the provider alone keeps the model's name, as the guides do. */
function putModel(migrating: Migrating, id: string, before: string | undefined): void {
  const to = dotted("agents.defaults.model.primary");
  const model = take(migrating, dotted("provider.model"));
  const text = model?.kind === "scalar" && typeof model.value === "string" ? model.value : undefined;
  if (model !== undefined && text !== undefined) {
    const value = scalar(text.startsWith(`${id}/`) ? text : `${id}/${text}`, model.place);
    put(migrating, to, { value, from: ["provider", "model"] });
    return;
  }
  if (model !== undefined) put(migrating, to, { value: model, from: ["provider", "model"] });
  const primary = peek(migrating, to);
  if (before === undefined || before === id || primary?.kind !== "scalar") return;
  const kept = String(primary.value).slice(before.length + 1);
  take(migrating, to);
  put(migrating, to, { value: scalar(`${id}/${kept}`, primary.place), from: ["provider", "name"] });
}

function inferred(baseUrl: string | undefined): string | undefined {
  return baseUrl === undefined ? undefined : "custom";
}

function textAt(migrating: Migrating, path: string): string | undefined {
  const part = peek(migrating, dotted(path));
  return part?.kind === "scalar" && typeof part.value === "string" ? part.value : undefined;
}
