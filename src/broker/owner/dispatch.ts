// From a request to one of the owner's methods and back: its name, its scope, its parameters, and what went wrong.
import type { Log } from "../../audit/audit.ts";
import { LoricaError } from "../../base/errors.ts";
import { newId } from "../../base/ids.ts";
import { errorShape, failureOf } from "../../protocol/failure.ts";
import { ownerMethods } from "../../protocol/owner-methods.ts";
import type { OwnerMethodName } from "../../protocol/owner-methods.ts";
import { parseParams } from "../../protocol/params.ts";
import { holdsScope } from "../../protocol/scopes.ts";
import type { Call, ServerOptions } from "../../protocol/server.ts";
import type { OwnerContext, OwnerHandlers } from "./handlers.ts";

export type OwnerDoor = { readonly handlers: OwnerHandlers; readonly log: Log };

/** The boundary of this socket: what a handler throws becomes a frame here and nowhere else. */
export async function dispatchOwner(call: Call, options: OwnerDoor): ReturnType<ServerOptions["dispatch"]> {
  try {
    const held = call.connection.client()?.session.scopes ?? [];
    if (!holdsScope(held, "operator.admin")) throw new LoricaError("forbidden", "missing scope: operator.admin");
    return { payload: await callOwner(options.handlers, call) };
  } catch (error) {
    const id = newId();
    if (failureOf(error, id).concealed)
      options.log.error("an owner's request failed", { id, method: call.method, err: error });
    return { failed: errorShape(error, id), payload: undefined };
  }
}

/** One of the owner's methods by name, its parameters checked. Throws `invalid_request` for a name that is none. */
export async function callOwner(
  handlers: OwnerHandlers,
  call: { readonly method: string; readonly params: unknown; readonly signal: AbortSignal },
): Promise<unknown> {
  const { method, params, signal } = call;
  if (!isOwnerMethod(method)) throw new LoricaError("invalid_request", `unknown method: ${method.slice(0, 128)}`);
  const parsed = parseParams(method, ownerMethods[method].params as Parameters<typeof parseParams>[1], params);
  // The table types each handler by its own parameters; which one this is, is known only now.
  const handler = handlers[method] as (params: unknown, context: OwnerContext) => Promise<unknown>;
  return await handler(parsed, { signal });
}

function isOwnerMethod(name: string): name is OwnerMethodName {
  return Object.hasOwn(ownerMethods, name);
}
