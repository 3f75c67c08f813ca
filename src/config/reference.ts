// What is printed from the schema: the reference for people, the JSON Schema for editors, one key for `config schema`.
import { z } from "zod";
import type { Json } from "../base/json.ts";
import { isRecord } from "../base/json.ts";
import type { Path } from "./read/issue.ts";
import { renderPath } from "./read/issue.ts";
import { reloadOf } from "./diff.ts";
import { configSchema } from "./schema/schema.ts";
import { metaOf, schemaAt } from "./schema/walk.ts";
import { withoutEffect } from "./schema/without-effect.ts";

export type KeyDescription = {
  readonly path: string;
  readonly description: string;
  readonly type: string;
  readonly default: Json | undefined;
  readonly reload: "hot" | "restart";
  /** The step that brings the feature; until then only the default is accepted. */
  readonly later: string | undefined;
  readonly secret: boolean;
};

type Node = Readonly<Record<string, Json>>;

const credential = {
  anyOf: [
    { type: "string" },
    { type: "object", properties: { secret: { type: "string" } }, required: ["secret"], additionalProperties: false },
    {
      type: "object",
      properties: { source: { enum: ["env", "store"] }, provider: { type: "string" }, id: { type: "string" } },
      required: ["source", "id"],
      additionalProperties: false,
    },
  ],
};

/** JSON Schema 2020-12 of the file. A credential may be written as text there, though no Config ever holds one. */
export function jsonSchema(): Json {
  const schema = z.toJSONSchema(configSchema, {
    io: "input",
    override({ jsonSchema: node }) {
      if (node["x-secret"] === true) {
        for (const name of ["type", "properties", "required", "additionalProperties"] as const) delete node[name];
        Object.assign(node, structuredClone(credential));
      }
      if (node["x-secret-values"] === true) node.additionalProperties = structuredClone(credential) as never;
    },
  });
  return { ...(schema as unknown as Node), title: "Lorica config" };
}

/** Every key, in the order of the schema. A map's entries are `<name>`, a list's items `[]`. */
export function describeKeys(): readonly KeyDescription[] {
  return [...describeNode(jsonSchema() as Node, { path: "", steps: [] })];
}

export function describeKey(path: Path): KeyDescription | undefined {
  if (schemaAt(configSchema, path) === undefined) return undefined;
  const wanted = renderPath(path.map((step) => (typeof step === "number" ? 0 : step)));
  return describeKeys().find((key) => matches(key.path, wanted));
}

function matches(described: string, wanted: string): boolean {
  const pattern = described
    .split(/(<name>|\[\])/)
    .map((part) => (part === "<name>" ? "[^.]+" : part === "[]" ? "\\[0\\]" : part.replace(/[.[\]$]/g, "\\$&")))
    .join("");
  return new RegExp(`^${pattern}$`).test(
    wanted.replace(/\["([^"]*)"\]/g, (_whole, name: string) => `.${name.replaceAll(".", "_")}`),
  );
}

type At = { readonly path: string; readonly steps: Path };

function* describeNode(node: Node, at: At): Generator<KeyDescription> {
  if (at.path !== "" && typeof node.description === "string") yield describeOne(node, at);
  if (node["x-secret"] === true || node["x-secret-values"] === true) return;
  const properties = isRecord(node.properties) ? node.properties : {};
  for (const [name, child] of Object.entries(properties))
    yield* describeNode(child as Node, {
      path: at.path === "" ? name : `${at.path}.${name}`,
      steps: [...at.steps, name],
    });
  if (isRecord(node.additionalProperties))
    yield* describeNode(node.additionalProperties as Node, { path: `${at.path}.<name>`, steps: [...at.steps, "x"] });
  if (isRecord(node.items)) yield* describeNode(node.items as Node, { path: `${at.path}[]`, steps: [...at.steps, 0] });
}

function describeOne(node: Node, { path, steps }: At): KeyDescription {
  const schema = schemaAt(configSchema, steps);
  const later = node["x-later"] ?? (schema === undefined ? undefined : metaOf(schema)["x-later"]);
  return {
    path,
    description: String(node.description),
    type: typeOf(node),
    default: isObjectNode(node) ? undefined : node.default,
    reload: reloadOf(steps),
    later: later === undefined ? undefined : String(later),
    secret: node["x-secret"] === true || node["x-secret-values"] === true,
  };
}

function isObjectNode(node: Node): boolean {
  return isRecord(node.properties);
}

function typeOf(node: Node): string {
  if (node["x-secret"] === true) return "secret";
  if (Array.isArray(node.enum)) return node.enum.map((value) => JSON.stringify(value)).join(" \\| ");
  if (node.const !== undefined) return JSON.stringify(node.const);
  if (node.type === "array") return `list of ${isRecord(node.items) ? typeOf(node.items as Node) : "anything"}`;
  if (node.type === "object") return isObjectNode(node) ? "object" : "map";
  if (Array.isArray(node.anyOf)) return (node.anyOf as readonly Node[]).map(typeOf).join(" \\| ");
  return typeof node.type === "string" ? node.type : "anything";
}

/** `docs/config.md`. */
export function renderReference(): string {
  const keys = describeKeys();
  const roots = keys.filter((key) => !/[.[]/.test(key.path));
  const parts = roots.map((root) => {
    const below = keys.filter((key) => key.path.startsWith(`${root.path}.`) || key.path.startsWith(`${root.path}[`));
    const rows = below.filter((key) => key.type !== "object").map(renderRow);
    const table =
      rows.length === 0
        ? ""
        : `\n| key | type | default | | takes effect |\n|---|---|---|---|---|\n${rows.join("\n")}\n`;
    return `## \`${root.path}\`\n\n${root.description}${below.length === 0 ? ` ${statusOf(root)}` : ""}\n${table}`;
  });
  return `${preface}\n${parts.join("\n")}`;
}

function renderRow(key: KeyDescription): string {
  const value = key.default === undefined ? "" : `\`${JSON.stringify(key.default).replaceAll("|", "\\|")}\``;
  const note = [key.description, statusOf(key)]
    .filter((part) => part !== "")
    .join(" ")
    .replaceAll("|", "\\|");
  return `| \`${key.path}\` | ${key.type} | ${value} | ${note} | ${key.reload === "hot" ? "at once" : "restart"} |`;
}

function statusOf(key: KeyDescription): string {
  if (key.later === undefined) return hasEffect(key.path) ? "" : "*(no effect yet)*";
  const when = key.later === "later" ? "not built yet" : `comes with step ${key.later}`;
  return `*(${when}; only the default is accepted)*`;
}

/** A key below a listed one shares its lot; an agent's own keys are listed as the defaults'. */
function hasEffect(path: string): boolean {
  const general = path.replace("agents.list[].", "agents.defaults.");
  return !withoutEffect.some(([listed]) => general === listed || general.startsWith(`${listed}.`));
}

const preface = `# Config

Printed from the schema by \`node tools/config-reference.ts\`; a test holds the two together.

The file is \`openclaw.json\` in the state directory, written as JSON5: comments, trailing commas and names without
quotes are fine. Every key has a default, so an empty file is a whole config. A key that does not exist, a key written
twice and a value of the wrong type are refused, with the line and the nearest right name.

- **Secrets.** A credential may be \`"\${VAR}"\`, which is read from the environment or from \`.env\` in the state directory
  when the file is read and never written back, or \`{ "secret": "provider:openai" }\`, the name of a secret that
  \`lorica secret set\` has stored. Plain text works and is reported, with the command that moves it.
- **Several files.** \`"$include": "file.json"\`, or a list of files, in any object. They stay in the folder of the config
  file and can be read by nobody else. Keys beside \`$include\` come before what is included; lists replace each other.
- **Dangerous values.** Some values are valid and seldom meant. They are refused until \`lorica config acknowledge\` has said
  for how long they are meant, and are not in force after that.
- **Not built yet.** A key whose feature is not there accepts only its default, and says so otherwise. A few that guides
  print with other values are understood without effect; whoever sets one is told so.
- **Durations** are \`500ms\`, \`30s\`, \`15m\`, \`2h\`, \`7d\`; **sizes** are bytes, or \`512m\`, \`10mb\`, \`1gb\`.
- **Paths** are absolute or start with \`~/\`.
`;
