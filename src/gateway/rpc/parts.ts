// What the handlers of all methods work with.
import type { StatusResult } from "../../protocol/shapes.ts";
import type { Broadcast } from "../broadcast.ts";
import type { Edge } from "../edge.ts";
import type { Runs } from "../run.ts";

export type Parts = {
  readonly edge: Edge;
  readonly runs: Runs;
  readonly broadcast: Broadcast;
  /** The gateway itself, and who is connected. */
  readonly presence: () => readonly Readonly<Record<string, unknown>>[];
  readonly isConnected: (deviceId: string) => boolean;
  readonly connections: () => StatusResult["connections"];
};
