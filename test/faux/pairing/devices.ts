// Devices over a real store, with everything that they record and tell kept for a look.
import type { AuditRecord } from "../../../src/audit/audit.ts";
import { silentLog } from "../../../src/audit/audit.ts";
import type { Clock } from "../../../src/base/clock.ts";
import { createDevices } from "../../../src/pairing/pairing.ts";
import type { DeviceChange } from "../../../src/pairing/pairing.ts";
import { createTestClock } from "../clock.ts";
import { openTestStore } from "../store.ts";
import { createTestClient } from "./client.ts";
import type { Store } from "../../../src/store/store.ts";

export function createTestDevices(store: Store, clock: Clock) {
  const records: AuditRecord[] = [];
  const changes: DeviceChange[] = [];
  const audit = { record: (record: AuditRecord) => void records.push(record) };
  const devices = createDevices({ store: store.devices, clock, audit, log: silentLog });
  devices.watch((change) => changes.push(change));
  return { devices, records, changes };
}

/** The same over a store and a clock of its own. */
export async function openTestDevices() {
  const clock = createTestClock();
  const opened = await openTestStore(clock);
  const { devices, records, changes } = createTestDevices(opened.store, clock);
  return {
    devices,
    records,
    changes,
    clock,
    store: opened.store.devices,
    newClient: () => createTestClient({ devices }, clock.now),
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}
