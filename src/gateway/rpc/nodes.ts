// The methods on nodes.
import type { HandlersOf } from "../../protocol/methods/kit.ts";
import type { nodeMethods } from "../../protocol/methods/nodes.ts";
import type { CallContext } from "../dispatch.ts";

export function createNodeMethods(): HandlersOf<typeof nodeMethods, CallContext> {
  return {};
}
