// Prints docs/methods.md from the two method tables, so that it cannot say anything else than they do.
import { z } from "zod";
import { events } from "./events.ts";
import type { EventRule } from "./events.ts";
import { methods } from "./methods.ts";
import type { Method } from "./methods/kit.ts";
import { ownerMethods } from "./owner-methods.ts";

type AnyMethod = Omit<Method<never, unknown>, "params"> & { readonly params: z.ZodType };
type JsonSchema = {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly not?: unknown;
  readonly const?: unknown;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
};

export function renderMethods(): string {
  return `${[
    "# Methods",
    "",
    "Printed from `src/protocol/methods/` and `src/protocol/owner-methods.ts` by `node tools/print-methods.ts`.",
    "Both sockets speak protocol 4, one JSON frame per line; params are closed objects.",
    "",
    "## `run/gateway.sock`",
    "",
    ...rows(methods),
    "",
    "Events: " +
      Object.entries<EventRule>(events)
        .map(([name, rule]) => `\`${name}\`${who(rule)}`)
        .join(", ") +
      ".",
    "",
    "## `run/owner.sock`",
    "",
    "Only the owner of the file can open it; every method needs `operator.admin`.",
    "",
    ...rows(ownerMethods),
  ].join("\n")}\n`;
}

function who({ scope, role, subscribed }: EventRule): string {
  const words = [scope, role === undefined ? undefined : "nodes", subscribed === undefined ? undefined : "subscribers"];
  const known = words.filter((word) => word !== undefined);
  return known.length === 0 ? "" : ` (${known.join(", ")})`;
}

function rows(table: Readonly<Record<string, unknown>>): readonly string[] {
  const lines = Object.entries(table).map(([name, value]) => {
    const method = value as AnyMethod;
    const scope = method.scopeNote ?? String(method.scope).replace("operator.", "");
    return `| \`${name}\` | ${scope} | ${method.summary} | ${cell(renderParams(method.params))} |`;
  });
  return ["| method | scope | what it does | params |", "|---|---|---|---|", ...lines];
}

function renderParams(schema: z.ZodType): string {
  const json = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as JsonSchema;
  return renderShape(json);
}

function renderShape(schema: JsonSchema): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join("|");
  if (schema.anyOf !== undefined) return schema.anyOf.map(renderShape).join(" | ");
  if (schema.type === "array")
    return `${renderShape(schema.items ?? {})}[]${schema.maxItems === undefined ? "" : `<=${schema.maxItems}`}`;
  if (schema.properties !== undefined || schema.type === "object") return renderFields(schema);
  const bounds = renderBounds(schema);
  return typeof schema.type === "string" ? `${schema.type}${bounds}` : "any";
}

function renderFields(schema: JsonSchema): string {
  const required = new Set(schema.required);
  // What is known only to be refused with a reason is nothing that can be sent.
  const possible = Object.entries(schema.properties ?? {}).filter(([, field]) => field.not === undefined);
  const fields = possible.map(([name, field]) => `${name}${required.has(name) ? "" : "?"}: ${renderShape(field)}`);
  return fields.length === 0 ? "{}" : `{ ${fields.join(", ")} }`;
}

function renderBounds(schema: JsonSchema): string {
  const low = schema.minimum ?? schema.minLength;
  const high = schema.maximum ?? schema.maxLength;
  // Safe-integer bounds say nothing that `integer` does not.
  const lowShown = low === undefined || low === Number.MIN_SAFE_INTEGER ? "" : String(low);
  const highShown = high === undefined || high === Number.MAX_SAFE_INTEGER ? "" : String(high);
  return lowShown === "" && highShown === "" ? "" : `[${lowShown}..${highShown}]`;
}

function cell(text: string): string {
  return `\`${text.replaceAll("|", "\\|")}\``;
}
