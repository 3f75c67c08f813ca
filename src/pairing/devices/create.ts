// Devices put together: the door at which they show themselves, the desk at which people decide about them, and those who
// want to hear of both.
import type { AuditLog, Log } from "../../audit/audit.ts";
import type { Clock } from "../../base/clock.ts";
import type { DeviceStore } from "../../store/store.ts";
import type { DeviceChange, Devices } from "../pairing.ts";
import { createCodes } from "./codes.ts";
import { createDesk } from "./desk.ts";
import { createDoor } from "./door.ts";
import { createTokens } from "./tokens.ts";

export type DevicesOptions = {
  readonly store: DeviceStore;
  readonly clock: Clock;
  readonly audit: AuditLog;
  readonly log: Log;
};

/** The options, and what door and desk share. */
export type Ground = DevicesOptions & {
  readonly tokens: ReturnType<typeof createTokens>;
  readonly codes: ReturnType<typeof createCodes>;
  readonly tell: (change: DeviceChange) => void;
};

export function createDevices(options: DevicesOptions): Devices {
  const listeners = new Set<(change: DeviceChange) => void>();
  const ground: Ground = {
    ...options,
    tokens: createTokens(options),
    codes: createCodes(options.clock.now),
    tell(change) {
      for (const listener of listeners) listener(change);
    },
  };
  return {
    ...createDoor(ground),
    ...createDesk(ground),
    watch(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
