// Who is connected, as clients are shown it: the gateway itself and everybody who has introduced themselves. A change is
// told after a moment, so that many at once are one event, and the moment is longer the more it costs to tell everybody.
import { limits } from "../../base/limits.ts";
import type { StateVersion } from "../../protocol/frames.ts";
import type { Connected, Connections } from "./connections.ts";

export type PresenceEntry = Readonly<Record<string, unknown>> & { readonly ts: number };

export type Presence = {
  list(): readonly PresenceEntry[];
  /** Somebody came or went. */
  changed(): void;
  close(): void;
};

export type PresenceDeps = {
  readonly connections: Connections;
  readonly version: () => string;
  readonly stateVersion: { -readonly [K in keyof StateVersion]: StateVersion[K] };
  readonly now: () => number;
};

export function createPresence(deps: PresenceDeps): Presence {
  const { connections, stateVersion, now } = deps;
  const startedAt = now();
  let timer: NodeJS.Timeout | undefined;

  function list(): readonly PresenceEntry[] {
    const own = { mode: "gateway", reason: "self", version: deps.version(), ts: startedAt, onlineSince: startedAt };
    const others: PresenceEntry[] = [];
    for (const connected of connections.list()) {
      // The first of them: a list of thousands is of no use to anybody, and `status` has their number.
      if (others.length >= limits.presenceEntriesMax) break;
      others.push(entryOf(connected));
    }
    return [own, ...others];
  }

  function tell(): void {
    timer = undefined;
    if (!connections.isHeard("presence")) return;
    void connections.spread("presence", { presence: list() }, { stateVersion: { ...stateVersion } });
  }

  return {
    list,
    changed() {
      stateVersion.presence += 1;
      const share = Math.min(connections.count() / limits.presenceReadersPerSecond, limits.presenceDelayMaxMs / 1_000);
      timer ??= setTimeout(tell, Math.max(limits.presenceDelayMs, share * 1_000));
    },
    close: () => clearTimeout(timer),
  };
}

function entryOf({ client: { params, session, since } }: Connected): PresenceEntry {
  const { displayName, version, platform, deviceFamily, modelIdentifier, timeZone, mode, instanceId } = params.client;
  return {
    ...defined({ host: displayName, deviceFamily, modelIdentifier, timeZone, instanceId, deviceId: session.deviceId }),
    version,
    platform,
    mode,
    reason: "connect",
    ts: since,
    onlineSince: since,
    roles: [session.role],
    scopes: session.scopes,
  };
}

function defined(fields: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(fields).filter((field): field is [string, string] => field[1] !== undefined),
  );
}
