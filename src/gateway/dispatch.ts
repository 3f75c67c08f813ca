// The boundary of the RPC doors: role, scope, params, handler, and the one place where what they throw becomes a frame.
import type { z } from "zod";
import { LoricaError } from "../base/errors.ts";
import { newId } from "../base/ids.ts";
import { errorShape, failureOf } from "../protocol/failure.ts";
import type { Session } from "../protocol/handshake.ts";
import { methods } from "../protocol/methods.ts";
import type { MethodHandlers, MethodName } from "../protocol/methods.ts";
import type { Method } from "../protocol/methods/kit.ts";
import { parseParams } from "../protocol/params.ts";
import { holdsScope } from "../protocol/scopes.ts";
import type { Scope } from "../protocol/scopes.ts";
import type { Call, FailedAnswer, ServerOptions } from "../protocol/server.ts";
import type { EdgeLog } from "./edge.ts";
import { createWriteLimit } from "./connections/write-limit.ts";

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
  readonly now: () => number;
}): ServerOptions["dispatch"] {
  const writeLimit = createWriteLimit(deps.now);
  return async (call) => {
    try {
      const name = knownMethod(call.method);
      const method: Row = methods[name];
      const session = call.connection.client()?.session ?? nobody;
      if (!(method.roles ?? operators).includes(session.role)) return unauthorizedRole(session.role);
      // Who may not call a method in any way is not told what it takes either.
      if (typeof method.scope === "string" && !mayCall(session, method.scope))
        return missingScope(session, method.scope);
      const params = parseParams(name, method.params, call.params);
      const scope =
        typeof method.scope === "string" ? method.scope : (method.scope as (params: unknown) => Scope)(params);
      if (!mayCall(session, scope)) return missingScope(session, scope);
      if (method.writeLimited === true) writeLimit.count(name, session.deviceId ?? "owner");
      // The table ties each handler to its own params; only the lookup by name loses sight of that.
      const handler = deps.handlers[name] as (params: unknown, context: CallContext) => Promise<unknown>;
      return { payload: await handler(params, { call, door: deps.door }) };
    } catch (error) {
      return answerFailure(error, call.method, deps.log);
    }
  };
}

/** A row, with its ties to its own params undone. */
type Row = Omit<Method<never, unknown>, "params" | "scope"> & {
  readonly params: z.ZodType;
  readonly scope: Scope | ((params: never) => Scope);
};

const operators = ["operator"] as const;
const nobody = { role: "operator", scopes: [], deviceId: undefined } as const;

/** A node has no scopes: what it may call is what names its role. */
function mayCall(session: Pick<Session, "role" | "scopes">, scope: Scope): boolean {
  return session.role === "node" || holdsScope(session.scopes, scope);
}

function knownMethod(name: string): MethodName {
  if (Object.hasOwn(methods, name)) return name as MethodName;
  throw new LoricaError("invalid_request", `unknown method: ${name}`);
}

function answerFailure(error: unknown, method: string, log: EdgeLog): FailedAnswer {
  const id = error instanceof FailedRun && error.id !== undefined ? error.id : newId();
  const failure = failureOf(error, id);
  const fields = { errorId: id, method, code: failure.code, ...(failure.concealed ? { error } : {}) };
  log(failure.concealed ? "error" : "info", `${method}: ${failure.message}`, fields);
  return { failed: errorShape(error, id), payload: error instanceof FailedRun ? error.payload : undefined };
}

function unauthorizedRole(role: string): FailedAnswer {
  const details = { errorCode: "forbidden" };
  const failed = { code: "INVALID_REQUEST", message: `unauthorized role: ${role}`, details };
  return { failed, payload: undefined, unauthorized: true };
}

function missingScope(
  session: Pick<Session, "scopes"> & { readonly deviceId?: string | undefined },
  scope: Scope,
): FailedAnswer {
  const isBare = session.deviceId === undefined && session.scopes.length === 0;
  const details = {
    code: "MISSING_SCOPE",
    missingScope: scope,
    requiredScopes: [scope],
    errorCode: "forbidden",
    // A token alone has come far enough to ask, and has to be told why that is all.
    ...(isBare ? { hint: "connect as a device, with the scopes that you need; the owner approves it once" } : {}),
  };
  return { failed: { code: "FORBIDDEN", message: `missing scope: ${scope}`, details }, payload: undefined };
}
