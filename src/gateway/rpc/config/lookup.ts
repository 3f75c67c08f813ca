// config.schema.lookup: one key as the schema describes it, and what is directly below it.
import { LoricaError } from "../../../base/errors.ts";
import { isRecord } from "../../../base/json.ts";
import type { Json } from "../../../base/json.ts";
import { configJsonSchema, describeKey, parseConfigPath } from "../../../config/config.ts";
import type { Path } from "../../../config/config.ts";
import type { ConfigKey } from "../../../protocol/methods/config.ts";

type Node = Readonly<Record<string, Json>>;

export async function lookUpKey(text: string): Promise<ConfigKey> {
  const path = await parseConfigPath(text);
  if (!path.ok) throw new LoricaError("invalid_request", path.reason);
  const key = await describeKey(path.value);
  const node = nodeAt((await configJsonSchema()) as Node, path.value);
  if (key === undefined || node === undefined)
    throw new LoricaError("not_found", `the config has no key ${JSON.stringify(text.slice(0, 128))}`);
  const children = [];
  for (const [name, child] of Object.entries(isRecord(node["properties"]) ? node["properties"] : {})) {
    const described = await describeKey([...path.value, name]);
    if (described === undefined) continue;
    const below = `${text}.${name}`;
    children.push({
      key: name,
      path: below,
      required: false as const,
      hasChildren: isRecord((child as Node)["properties"]),
      reloadKind: described.reload,
      hint: { help: described.description, sensitive: described.secret },
      hintPath: below,
    });
  }
  const hint = { help: key.description, sensitive: key.secret };
  return { path: text, schema: node, reloadKind: key.reload, hint, hintPath: text, children };
}

function nodeAt(root: Node, path: Path): Node | undefined {
  let at: unknown = root;
  for (const step of path) {
    if (!isRecord(at)) return undefined;
    const { properties, additionalProperties, items } = at;
    const named = isRecord(properties) && Object.hasOwn(properties, step) ? properties[step] : undefined;
    at = named ?? (typeof step === "number" ? items : additionalProperties);
  }
  return isRecord(at) ? (at as Node) : undefined;
}
