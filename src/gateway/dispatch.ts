// The boundary of the RPC doors: scope, params, handler, and the one place where what they throw becomes a frame.
import { LoricaError } from "../base/errors.ts";
import { newId } from "../base/ids.ts";
import { errorShape, failureOf } from "../protocol/failure.ts";
import type { ErrorShape } from "../protocol/frames.ts";
import { methods } from "../protocol/methods.ts";
import type { MethodHandlers, MethodName } from "../protocol/methods.ts";
import { parseParams } from "../protocol/params.ts";
import { holdsScope } from "../protocol/scopes.ts";
import type { Scope } from "../protocol/scopes.ts";
import type { Call, ServerOptions } from "../protocol/server.ts";
import type { EdgeLog } from "./edge.ts";

export type CallContext = {
  readonly call: Call;
  /** `local` is the owner's own socket; a caller from elsewhere may not open the rehearsal model's grammar. */
  readonly door: "local" | "network";
};

/** A run that ended badly: an error frame that carries the run's end as its payload. */
export class FailedRun extends LoricaError {
  readonly payload: unknown;
  readonly id: string | undefined;

  constructor(cause: LoricaError, payload: unknown, id: string | undefined) {
    super(cause.code, cause.message, { cause });
    this.payload = payload;
    this.id = id;
  }
}

export function createDispatch(deps: {
  readonly handlers: MethodHandlers<CallContext>;
  readonly door: CallContext["door"];
  readonly log: EdgeLog;
}): ServerOptions["dispatch"] {
  return async (call) => {
    try {
      const name = knownMethod(call.method);
      const method = methods[name];
      const params = parseParams(name, method.params as never, call.params);
      const scope: Scope =
        typeof method.scope === "function" ? (method.scope as (params: unknown) => Scope)(params) : method.scope;
      if (!holdsScope(call.connection.client()?.session.scopes ?? [], scope)) return missingScope(scope);
      // The table ties each handler to its own params; only the lookup by name loses sight of that.
      const handler = deps.handlers[name] as (params: unknown, context: CallContext) => Promise<unknown>;
      return { payload: await handler(params, { call, door: deps.door }) };
    } catch (error) {
      return answerFailure(error, call.method, deps.log);
    }
  };
}

function knownMethod(name: string): MethodName {
  if (Object.hasOwn(methods, name)) return name as MethodName;
  throw new LoricaError("invalid_request", `unknown method: ${name}`);
}

function answerFailure(
  error: unknown,
  method: string,
  log: EdgeLog,
): { readonly failed: ErrorShape; readonly payload: unknown } {
  const id = error instanceof FailedRun && error.id !== undefined ? error.id : newId();
  const failure = failureOf(error, id);
  const fields = { errorId: id, method, code: failure.code, ...(failure.concealed ? { error } : {}) };
  log(failure.concealed ? "error" : "info", `${method}: ${failure.message}`, fields);
  return { failed: errorShape(error, id), payload: error instanceof FailedRun ? error.payload : undefined };
}

function missingScope(scope: Scope): { readonly failed: ErrorShape; readonly payload: unknown } {
  const details = { code: "MISSING_SCOPE", missingScope: scope, requiredScopes: [scope], errorCode: "forbidden" };
  return { failed: { code: "FORBIDDEN", message: `missing scope: ${scope}`, details }, payload: undefined };
}
