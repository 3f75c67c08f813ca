// The gateway while its vault is locked: it listens, says that it lives, and answers everything else with what to do. It
// was given no key, so it holds no conversation, runs no channel and has nothing to show.
import { LoricaError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import type { TlsPair } from "../../network/network.ts";
import { createConnections } from "../connections/connections.ts";
import type { Edge } from "../edge.ts";
import { answerError, sendJson } from "../http/answer.ts";
import { answerRaw } from "../http/raw.ts";
import { listenOn } from "../listen.ts";
import type { ListenTarget } from "../listen.ts";
import { createListener } from "../port/listener.ts";
import { refusal } from "../../protocol/handshake.ts";
import { createSocketEdge } from "../socket.ts";
import { paceConnections } from "./pace.ts";

export type LockedGateway = {
  listen(targets: { readonly http: readonly ListenTarget[]; readonly socket: ListenTarget }): Promise<void>;
  renew(tls: TlsPair | undefined): void;
  close(): Promise<void>;
};

const probes: Readonly<Record<string, string>> = {
  "/health": "live",
  "/healthz": "live",
  "/startup": "started",
  "/startupz": "started",
};

export function createLockedGateway(
  howToOpen: string,
  tls: TlsPair | undefined,
  edge: Pick<Edge, "clock" | "log">,
): LockedGateway {
  const locked = (): LoricaError =>
    new LoricaError("locked", `the vault is locked, so nothing is served yet. ${howToOpen}`, {
      details: { code: "VAULT_LOCKED" },
    });
  const bounds = {
    headersTimeoutMs: limits.httpHeadersTimeoutMs,
    bodyTimeoutMs: limits.httpBodyTimeoutMs,
    checkIntervalMs: limits.httpTimeoutCheckMs,
    commentIntervalMs: limits.sseCommentIntervalMs,
  };
  const listener = createListener(bounds, tls);
  listener.server.on("request", (req, res) => {
    const status = probes[req.url?.split("?", 1)[0] ?? ""];
    if (status !== undefined && (req.method === "GET" || req.method === "HEAD"))
      return sendJson(res, { status: 200, body: { ok: true, status } });
    res.setHeader("connection", "close");
    return answerError(res, locked(), () => undefined);
  });
  listener.server.on("upgrade", (_req, socket) => answerRaw(socket, locked(), "none"));
  listener.server.on("clientError", (_error, socket) => answerRaw(socket, locked(), "none"));
  const stopPacing = paceConnections(listener.server, () => false);
  const refused = refusal(locked().message, 1013, { code: "VAULT_LOCKED", errorCode: "locked" });
  const socket = createSocketEdge({
    edge,
    connections: createConnections(),
    authorize: () => refused,
    dispatch: () => Promise.reject(locked()),
    greet: () => {
      throw locked();
    },
  });

  return {
    async listen(targets) {
      await listenOn(socket.server, targets.socket);
      await listener.listen(targets.http);
    },
    renew: (next) => listener.renew(next),
    async close() {
      stopPacing();
      await Promise.all([listener.close(0), socket.close()]);
    },
  };
}
