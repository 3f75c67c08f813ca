// config.schema.lookup: one key as the schema describes it, and what is directly below it.
import { LoricaError } from "../../../base/errors.ts";
import { isRecord } from "../../../base/json.ts";
import type { Json } from "../../../base/json.ts";
import type { Path } from "../../../config/config.ts";
import type { ConfigKey } from "../../../protocol/methods/config.ts";

type Node = Readonly<Record<string, Json>>;
type Reload = "hot" | "restart";
type Found = { readonly node: Node; readonly reload: Reload };

export async function lookUpKey(schema: Json, text: string): Promise<ConfigKey> {
  const { parseConfigPath } = await import("../../../config/config.ts");
  const path = await parseConfigPath(text);
  if (!path.ok) throw new LoricaError("invalid_request", path.reason);
  const found = nodeAt(schema as Node, path.value);
  if (found === undefined)
    throw new LoricaError("not_found", `the config has no key ${JSON.stringify(text.slice(0, 128))}`);
  const children = Object.entries(propertiesOf(found.node)).map(([key, node]) => {
    const below = `${text}.${key}`;
    const hasChildren = Object.keys(propertiesOf(node)).length > 0;
    const reloadKind = reloadOf(node, found.reload);
    return { key, path: below, required: false as const, hasChildren, reloadKind, hint: hintOf(node), hintPath: below };
  });
  return {
    path: text,
    schema: found.node,
    reloadKind: found.reload,
    hint: hintOf(found.node),
    hintPath: text,
    children,
  };
}

/** The nearest word on the way down says when a key takes effect; a key that nobody classified needs a restart. */
function nodeAt(root: Node, path: Path): Found | undefined {
  let found: Found = { node: root, reload: "restart" };
  for (const step of path) {
    const { additionalProperties, items } = found.node;
    const properties = propertiesOf(found.node);
    const named = Object.hasOwn(properties, step) ? properties[String(step)] : undefined;
    const next = named ?? (typeof step === "number" ? items : additionalProperties);
    if (!isRecord(next)) return undefined;
    found = { node: next as Node, reload: reloadOf(next as Node, found.reload) };
  }
  return found;
}

function propertiesOf({ properties }: Node): Readonly<Record<string, Node>> {
  return isRecord(properties) ? (properties as Record<string, Node>) : {};
}

function reloadOf(node: Node, above: Reload): Reload {
  const own = node["x-reload"];
  return own === "hot" || own === "restart" ? own : above;
}

function hintOf(node: Node): { readonly help: string; readonly sensitive: boolean } {
  const help = typeof node["description"] === "string" ? node["description"] : "";
  return { help, sensitive: node["x-secret"] === true || node["x-secret-values"] === true };
}
