// All methods of the owner's socket; the table in protocol/methods.ts makes a missing one an error of compilation.
import type { MethodHandlers } from "../../protocol/methods.ts";
import type { StatusResult } from "../../protocol/shapes.ts";
import type { Broadcast } from "../broadcast.ts";
import type { CallContext } from "../dispatch.ts";
import type { Edge } from "../edge.ts";
import type { Runs } from "../run.ts";
import { createHistoryMethods } from "./history.ts";
import { createInfoMethods } from "./info.ts";
import { createRunMethods } from "./runs.ts";
import { createSessionMethods } from "./sessions.ts";

export function createHandlers(parts: {
  readonly edge: Edge;
  readonly runs: Runs;
  readonly broadcast: Broadcast;
  readonly connections: () => StatusResult["connections"];
}): MethodHandlers<CallContext> {
  return {
    ...createInfoMethods(parts.edge, parts.connections),
    ...createRunMethods(parts.edge, parts.runs),
    ...createHistoryMethods(parts.edge),
    ...createSessionMethods(parts),
  };
}
