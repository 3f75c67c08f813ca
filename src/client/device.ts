// Who this installation is to a gateway: an Ed25519 key of its own, made on first use and never sent anywhere.
import { createPrivateKey, generateKeyPairSync, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { LoricaError } from "../base/errors.ts";
import { readPrivateFile, writePrivateFile } from "../base/files/private-file.ts";
import { isRecord, parseJson } from "../base/json.ts";
import { limits } from "../base/limits.ts";
import { deviceIdOf, signedText } from "./signature.ts";
import type { SignedFields } from "./signature.ts";

export type Device = {
  readonly id: string;
  /** Base64url of the 32 raw bytes. */
  readonly publicKey: string;
  sign(fields: Omit<SignedFields, "deviceId">): string;
};

/** Reads the key at `path`, or makes one there. */
export async function loadDevice(path: string): Promise<Device> {
  const text = await readPrivateFile(path, limits.clientFileMaxBytes);
  if (text !== undefined) return parseDevice(path, text);
  const { privateKey } = generateKeyPairSync("ed25519");
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const saved = { version: 1, privateKey: privateKey.export({ type: "pkcs8", format: "pem" }) };
  await writePrivateFile(path, `${JSON.stringify(saved, null, 2)}\n`);
  return createDevice(privateKey);
}

function parseDevice(path: string, text: string): Device {
  const json = parseJson(text);
  const pem = json.ok && isRecord(json.value) ? json.value["privateKey"] : undefined;
  try {
    if (typeof pem === "string") return createDevice(createPrivateKey(pem));
  } catch (cause) {
    throw damaged(path, cause);
  }
  throw damaged(path);
}

function damaged(path: string, cause?: unknown): LoricaError {
  return new LoricaError(
    "conflict",
    `${path} does not hold a device key. Put back a copy, or move it away: then this is a new device, to be approved anew`,
    cause === undefined ? {} : { cause },
  );
}

function createDevice(key: KeyObject): Device {
  const publicKey = publicKeyOf(key);
  const id = deviceIdOf(publicKey);
  return {
    id,
    publicKey,
    sign: (fields) => sign(null, Buffer.from(signedText({ ...fields, deviceId: id })), key).toString("base64url"),
  };
}

function publicKeyOf(key: KeyObject): string {
  const { x, crv } = key.export({ format: "jwk" });
  if (typeof x !== "string" || crv !== "Ed25519") throw new LoricaError("conflict", "the key is not an Ed25519 key");
  return x;
}
