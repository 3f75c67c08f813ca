// The WebSocket edge on a port of its own, with a doorkeeper that lets in whoever shows the right word.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { createConnections } from "../../../src/gateway/connections/connections.ts";
import { createWebSocketEdge } from "../../../src/gateway/ws.ts";
import type { Doorkeeper, Refused } from "../../../src/gateway/ws.ts";
import { ownerSession, refusal } from "../../../src/protocol/handshake.ts";
import { isScope } from "../../../src/protocol/scopes.ts";
import type { ServerOptions } from "../../../src/protocol/server.ts";

export async function openWsEdge(
  t: TestContext,
  options: { readonly doorkeeper?: Partial<Doorkeeper>; readonly dispatch?: ServerOptions["dispatch"] } = {},
) {
  const refused: Refused[] = [];
  const state = { draining: false };
  const connections = createConnections();
  const edge = createWebSocketEdge({
    edge: { clock: { now: () => Date.now() }, isDraining: () => state.draining },
    doorkeeper: { check: () => ({ address: "192.0.2.1", isLocal: false }), authorize: byWord, ...options.doorkeeper },
    connections,
    dispatch: options.dispatch ?? (async (call) => ({ payload: { method: call.method } })),
    greet: () => ({
      version: "0",
      features: { methods: [], events: [] },
      snapshot: { presence: [], health: {}, stateVersion: { presence: 0, health: 0 }, uptimeMs: 1 },
    }),
    onRefused: (one) => refused.push(one),
  });
  const server = createServer();
  edge.attach(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  t.after(async () => {
    await edge.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { edge, connections, refused, state, port, url: `ws://127.0.0.1:${port}` };
}

const byWord: Doorkeeper["authorize"] = async (_, params) => {
  if (params.auth?.token === "wrong") return refusal("unauthorized", 1008, { code: "AUTH_TOKEN_MISMATCH" });
  const session = ownerSession((params.scopes ?? []).filter(isScope));
  return params.role === "node" ? { ...session, role: "node" } : session;
};
