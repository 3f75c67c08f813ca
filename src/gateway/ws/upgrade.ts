// From an HTTP request to a WebSocket, or to a plain refusal.
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import { newId } from "../../base/ids.ts";
import { limits } from "../../base/limits.ts";
import { addressGroup } from "../../network/network.ts";
import { HttpProblem } from "../http/answer.ts";
import { answerRaw } from "../http/raw.ts";
import type { Edge } from "../edge.ts";
import type { Accept, Doorkeeper, Refused, Upgrade } from "./door.ts";
import { preauthMaxBytes } from "./visitor.ts";
import type { Visitors } from "./visitors.ts";

/** Upstream speaks other protocols there; none of them is built. */
const reservedPaths = new Set(["/__openclaw__/worker", "/desktop/observe"]);

const options = {
  noServer: true,
  clientTracking: false,
  perMessageDeflate: false,
  maxPayload: preauthMaxBytes,
  maxFragments: limits.wsFragmentsMax,
  maxBufferedChunks: limits.wsChunksMax,
  // Known to `ws`, and not to its types.
  closeTimeout: limits.wsCloseTimeoutMs,
};

type UpgradeDeps = {
  readonly edge: Pick<Edge, "isDraining">;
  readonly doorkeeper: Doorkeeper;
  readonly onRefused: (refused: Refused) => void;
  readonly visitors: Visitors;
  readonly accept: Accept;
};

export function createUpgrades(deps: UpgradeDeps): Upgrade {
  const server = new WebSocketServer(options);
  server.on("wsClientError", (error, socket, req) => refuse(req, socket, new HttpProblem(400, error.message)));

  function refuse(req: IncomingMessage, socket: Duplex, error: unknown): void {
    const id = newId();
    answerRaw(socket, error, id);
    const code = error instanceof HttpProblem ? error.status : 500;
    const reason = error instanceof Error ? error.message : String(error);
    // Nearer than that nobody is known yet.
    deps.onRefused({ code, reason, address: addressGroup(req.socket.remoteAddress ?? "") });
  }

  return (req, socket, head) => {
    // Until `ws` listens itself: a peer that goes away now is no news.
    socket.on("error", ignore);
    try {
      const address = check(req, deps);
      server.handleUpgrade(req, socket, head, (ws) => deps.accept(ws, req, address));
    } catch (error) {
      refuse(req, socket, error);
    }
  };
}

/** Answers the client's address. */
function check(req: IncomingMessage, { doorkeeper, edge, visitors }: UpgradeDeps): string {
  const [path = "/"] = (req.url ?? "/").split(/[?#]/, 1);
  if (reservedPaths.has(path)) throw new HttpProblem(404, "no WebSocket is here");
  const { address, isLocal } = doorkeeper.check(req);
  if (edge.isDraining()) throw new HttpProblem(503, "the gateway is stopping", { retryAfterMs: 2_000 });
  const problem = visitors.problem(address, isLocal);
  if (problem === "total") throw new HttpProblem(503, "too many connections", { retryAfterMs: 5_000 });
  if (problem === "address")
    throw new HttpProblem(429, "too many connections from this address", { retryAfterMs: 5_000 });
  return address;
}

function ignore(): void {}
