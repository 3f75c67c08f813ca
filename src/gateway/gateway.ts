// The doors of the gateway: the owner's unix socket and the HTTP endpoints. Both bring messages to the pipeline and carry
// back what comes of them; neither decides anything but who may knock.
import { createConnections } from "./connections/connections.ts";
import { endStale } from "./connections/doorkeeper.ts";
import { attachNodes } from "./connections/nodes.ts";
import { paceConnections } from "./door/pace.ts";
import { createEdge } from "./edge.ts";
import type { EdgeDeps, GatewaySettings } from "./edge.ts";
import { createHttpEdge } from "./http.ts";
import type { HttpBounds } from "./http.ts";
import { createLive } from "./live.ts";
import { listenOn } from "./listen.ts";
import type { ListenAddress, ListenTarget } from "./listen.ts";
import { createGreeting } from "./rpc/greeting.ts";
import { createHandlers } from "./rpc/handlers.ts";
import { createRuns, refuseWhileDraining, untilIdle } from "./run.ts";
import { createSpeakers } from "./speakers.ts";

export { createLockedGateway } from "./speakers.ts";
export type { ListenTarget } from "./listen.ts";
export type { AccessSettings, EdgeDeps, EdgeLog, GatewayAgent, GatewaySettings } from "./edge.ts";
export { createAgentWorkspace, createRemotePorts } from "./edge.ts";
export type { PageSettings } from "./edge.ts";

export type Gateway = {
  /** Answers where it really listens. */
  listen(targets: {
    readonly http?: readonly ListenTarget[];
    readonly socket?: ListenTarget;
  }): Promise<{ readonly http: readonly ListenAddress[] }>;
  /** Takes effect at the next request: tokens, agents, endpoints. */
  configure(settings: GatewaySettings): void;
  /**
   * Refuses new work at once, lets what is being answered end within `graceMs`, then closes every connection. The
   * pipeline is its creator's to stop, at the same time.
   */
  close(graceMs: number): Promise<void>;
};

export function createGateway(
  deps: EdgeDeps & { readonly settings: GatewaySettings; readonly bounds?: Partial<HttpBounds> },
): Gateway {
  let settings = deps.settings;
  let draining = false;
  const edge = createEdge(deps, { settings: () => settings, isDraining: () => draining });
  const runs = refuseWhileDraining(createRuns({ ...deps, now: deps.clock.now }), () => draining);
  const http = createHttpEdge({ edge, runs, connections: () => countConnections(), bounds: deps.bounds ?? {} });
  const connections = createConnections();
  const live = createLive(edge, connections);
  const { broadcast } = live;
  const countConnections = () => ({ sockets: connections.count(), http: http.openRequests() });
  const isConnected = (deviceId: string): boolean =>
    connections.list().some(({ client }) => client.session.deviceId === deviceId);
  const handlers = createHandlers({
    edge,
    runs,
    broadcast,
    isConnected,
    presence: () => live.snapshot().presence,
    connections: countConnections,
  });
  const speakers = createSpeakers({ edge, connections, handlers, greet: createGreeting(edge, live) });
  speakers.attach(http.server);
  const stopPacing = paceConnections(http.server, (address) => settings.access.proxies.has(address));
  const stopNodes = attachNodes(deps, connections);

  return {
    async listen(targets) {
      if (targets.socket !== undefined) await listenOn(speakers.server, targets.socket);
      return { http: await http.listen(targets.http ?? []) };
    },
    configure(next) {
      settings = next;
      http.renew(next.tls);
      endStale(connections, next.access);
    },
    async close(graceMs) {
      draining = true;
      stopPacing();
      const httpClosed = http.close(graceMs);
      await untilIdle(deps.pipeline, graceMs);
      stopNodes();
      live.close();
      connections.publish("shutdown", { reason: "stop" }, { needed: true });
      await Promise.all([httpClosed, speakers.close()]);
    },
  };
}
