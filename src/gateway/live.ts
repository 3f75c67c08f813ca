// What clients are told without asking: runs, stored messages, who is connected, how the gateway is, devices that ask.
import { createBroadcast } from "./broadcast.ts";
import type { Broadcast } from "./broadcast.ts";
import type { Connections } from "./connections/connections.ts";
import { watchDevices } from "./connections/devices.ts";
import { createHealthEvents } from "./connections/health.ts";
import { createMessageEvents } from "./connections/messages.ts";
import { createPresence } from "./connections/presence.ts";
import type { PresenceEntry } from "./connections/presence.ts";
import type { Edge } from "./edge.ts";
import { health } from "./rpc/info.ts";

export type Live = {
  readonly broadcast: Broadcast;
  /** What a client is greeted with; the events carry on from there. */
  snapshot(): {
    readonly presence: readonly PresenceEntry[];
    readonly health: Readonly<Record<string, unknown>>;
    readonly stateVersion: { readonly presence: number; readonly health: number };
  };
  close(): void;
};

export function createLive(edge: Edge, connections: Connections): Live {
  const stateVersion = { presence: 0, health: 0 };
  const broadcast = createBroadcast({
    publish: connections.publish,
    isHeard: () => connections.count() > 0,
    now: edge.clock.now,
  });
  const presence = createPresence({
    connections,
    version: () => edge.settings().version,
    stateVersion,
    now: edge.clock.now,
  });
  const healthEvents = createHealthEvents({
    connections,
    ask: () => health(edge),
    stateVersion,
    report: (error) => edge.log("warn", "the state of the gateway could not be told", { error }),
  });
  const messages = createMessageEvents(edge, connections);
  const stop = [
    edge.pipeline.watch((event, about) => broadcast.run(event, about)),
    edge.transcript.watch(messages.stored),
    edge.pipeline.channels.watch(healthEvents.changed),
    watchDevices(edge.devices, connections, edge.clock.now),
    connections.watch({ came: presence.changed, left: presence.changed }),
  ];

  return {
    broadcast,
    snapshot: () => ({
      presence: presence.list(),
      health: { ...healthEvents.last(), ts: edge.clock.now(), defaultAgentId: edge.settings().defaultAgentId },
      stateVersion: { ...stateVersion },
    }),
    close() {
      for (const end of stop) end();
      broadcast.close();
      presence.close();
      healthEvents.close();
    },
  };
}
