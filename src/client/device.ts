// Who this installation is to a gateway: an Ed25519 key of its own, made on first use and never sent anywhere.
import { createPrivateKey, createPublicKey } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { LoricaError } from "../base/errors.ts";
import { readPrivateFile, writePrivateFile } from "../base/files/private-file.ts";
import { isRecord, parseJson } from "../base/json.ts";
import { limits } from "../base/limits.ts";
import { createDeviceIdentity, parsePublicKey, signClaim } from "../protocol/device/identity.ts";
import type { DeviceClaim, DeviceIdentity } from "../protocol/device/identity.ts";

export type Device = {
  readonly id: string;
  /** Base64url of the 32 raw bytes. */
  readonly publicKey: string;
  sign(claim: Omit<DeviceClaim, "deviceId">): string;
};

/** Reads the key at `path`, or makes one there. */
export async function loadDevice(path: string): Promise<Device> {
  const text = await readPrivateFile(path, limits.clientFileMaxBytes);
  if (text !== undefined) return toDevice(parseIdentity(path, text));
  const made = createDeviceIdentity();
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const saved = { version: 1, deviceId: made.deviceId, privateKeyPem: made.privateKeyPem };
  await writePrivateFile(path, `${JSON.stringify(saved, null, 2)}\n`);
  return toDevice(made);
}

function parseIdentity(path: string, text: string): DeviceIdentity {
  const json = parseJson(text);
  const pem = json.ok && isRecord(json.value) ? json.value["privateKeyPem"] : undefined;
  const key = typeof pem === "string" ? publicKeyOf(pem) : undefined;
  const parsed = key === undefined ? undefined : parsePublicKey(key.export({ type: "spki", format: "pem" }).toString());
  if (typeof pem === "string" && parsed?.ok === true)
    return { deviceId: parsed.value.deviceId, publicKey: parsed.value.encoded, privateKeyPem: pem };
  throw new LoricaError(
    "conflict",
    `${path} does not hold a device key. Put back a copy, or move it away: then this is a new device, to be approved anew`,
  );
}

function publicKeyOf(pem: string): KeyObject | undefined {
  try {
    return createPublicKey(createPrivateKey(pem));
  } catch (error) {
    if (error instanceof Error && "code" in error) return undefined;
    throw error;
  }
}

function toDevice({ deviceId, publicKey, privateKeyPem }: DeviceIdentity): Device {
  return { id: deviceId, publicKey, sign: (claim) => signClaim({ ...claim, deviceId }, privateKeyPem) };
}
