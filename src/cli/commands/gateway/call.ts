// `gateway call`: any method by its name, for scripts and for looking at what a gateway answers.
import { LoricaError } from "../../../base/errors.ts";
import { parseJson } from "../../../base/json.ts";
import { stripControls } from "../../../base/text/controls.ts";
import { methods } from "../../../protocol/methods.ts";
import type { Scope } from "../../../protocol/scopes.ts";
import type { Invocation } from "../../context.ts";
import { readInput } from "../../input.ts";
import { withConnection } from "../../reach.ts";

export async function callMethod(invocation: Invocation): Promise<void> {
  const { io, options, args, signal } = invocation;
  const [method = ""] = args;
  const params = await readParams(invocation);
  const timeoutMs = options.duration("timeout") ?? 30_000;
  const result = await withConnection(
    invocation,
    (connection) => {
      // Some methods answer twice: that they have taken the order, and what came of it.
      if (options.flag("expectFinal")) return connection.request(method, params, signal, { timeoutMs: "none" });
      const first = Promise.withResolvers<unknown>();
      const final = connection.request(method, params, signal, { timeoutMs, onAccepted: first.resolve });
      return Promise.race([first.promise, final]);
    },
    { scopes: [scopeOf(method, params)], caps: ["node-progress"] },
  );
  io.result(result, () => io.line(stripControls(JSON.stringify(result, null, 2) ?? "null")));
}

async function readParams({ context, options }: Invocation): Promise<unknown> {
  const given = options.text("params");
  if (given === undefined) return {};
  const text = given === "-" ? await readInput(context, "-") : given;
  const params = parseJson(text);
  if (params.ok) return params.value;
  throw new LoricaError("invalid_request", `--params takes JSON, as '{"limit":5}': ${params.reason}`);
}

/** What the method asks for, and no more. A name that this version does not know may ask for anything. */
function scopeOf(name: string, params: unknown): Scope {
  const found = Object.hasOwn(methods, name) ? methods[name as keyof typeof methods] : undefined;
  if (found === undefined) return "operator.admin";
  if (typeof found.scope === "string") return found.scope;
  const parsed = found.params.safeParse(params);
  // What is wrong with the params is for the gateway to say.
  return parsed.success ? (found.scope as (value: unknown) => Scope)(parsed.data) : "operator.admin";
}
