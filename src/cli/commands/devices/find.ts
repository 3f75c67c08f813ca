// Naming a device or a request on a command line: its id is 64 characters long, so the beginning of it does, or its name.
import { LoricaError } from "../../../base/errors.ts";
import type { DeviceList, DeviceRequestRow, PairedDeviceRow } from "../../../protocol/shapes/devices.ts";

const prefixMinChars = 4;

export function findDevice({ paired }: DeviceList, text: string | undefined): PairedDeviceRow {
  const wanted = given(text, "the device: the beginning of its id, or its name");
  const named = paired.filter((device) => device.label === wanted || device.displayName === wanted);
  const found = named.length > 0 ? named : paired.filter(({ deviceId }) => begins(deviceId, wanted));
  return only(found, wanted, "device");
}

export function findRequest({ pending }: DeviceList, text: string | undefined): DeviceRequestRow {
  const wanted = given(text, "the request, or say --latest");
  return only(
    pending.filter(({ requestId }) => begins(requestId, wanted)),
    wanted,
    "request",
  );
}

export function latestRequest({ pending }: DeviceList): DeviceRequestRow {
  const latest = pending.toSorted((left, right) => right.ts - left.ts)[0];
  if (latest !== undefined) return latest;
  throw new LoricaError("not_found", "no device waits for approval");
}

/** As short as still says which one is meant among hundreds. */
export function shortId(deviceId: string): string {
  return deviceId.slice(0, 12);
}

function begins(id: string, wanted: string): boolean {
  return id === wanted || (wanted.length >= prefixMinChars && id.startsWith(wanted));
}

function only<T>(found: readonly T[], wanted: string, what: "device" | "request"): T {
  const [first, second] = found;
  if (first === undefined)
    throw new LoricaError("not_found", `there is no ${what} ${JSON.stringify(wanted)}; see: lorica devices list`);
  if (second === undefined) return first;
  throw new LoricaError(
    "invalid_request",
    `${JSON.stringify(wanted)} means ${found.length} of them; say more of the id`,
  );
}

function given(text: string | undefined, what: string): string {
  if (text !== undefined && text.trim() !== "") return text.trim();
  throw new LoricaError("invalid_request", `name ${what}`);
}
