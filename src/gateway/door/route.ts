// What a path of the HTTP edge is, and what it is given.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Peer } from "../../pairing/pairing.ts";
import type { Scope } from "../../protocol/scopes.ts";
import type { StatusResult } from "../../protocol/shapes.ts";
import type { Edge } from "../edge.ts";
import type { Runs } from "../run.ts";
import type { HttpCaller } from "./caller.ts";

/** Only tests set other ones than the limits say. */
export type HttpBounds = {
  readonly headersTimeoutMs: number;
  readonly bodyTimeoutMs: number;
  readonly checkIntervalMs: number;
  readonly commentIntervalMs: number;
};

export type Exchange = {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly path: string;
  readonly peer: Peer;
};

export type RoutesDeps = {
  readonly edge: Edge;
  readonly runs: Runs;
  readonly connections: () => StatusResult["connections"];
  readonly bounds: HttpBounds;
};

export type Route = {
  readonly verbs: readonly string[];
  readonly scope: Scope;
  readonly rate?: "chat" | "tools";
  readonly answer: (exchange: Exchange, caller: HttpCaller) => Promise<void> | void;
};
