// A device that connects over a real WebSocket: it waits for the challenge, signs it, and shows what it is given.
import type { DeviceIdentity } from "../../../src/protocol/device/identity.ts";
import { openWs } from "../ws/client.ts";
import type { AnyFrame, WsClient } from "../ws/client.ts";
import { connectOf } from "./client.ts";
import type { ConnectChange } from "./client.ts";

export type DeviceConnection = WsClient & {
  /** What `connect` was answered. */
  readonly answer: AnyFrame;
  /** The token that hello-ok brought. */
  readonly token: string;
  /** The detail code of a refusal, `in` where there was none. */
  readonly outcome: unknown;
};

export async function connectDevice(
  url: string,
  identity: DeviceIdentity,
  change: ConnectChange = {},
  socket: { readonly origin?: string } = {},
): Promise<DeviceConnection> {
  const client = await openWs(url, socket);
  const challenge = await client.next(({ event }) => event === "connect.challenge");
  const nonce = String(challenge.payload?.["nonce"]);
  const params = connectOf(identity, { now: Date.now(), nonce }, change);
  client.send({ type: "req", id: "connect", method: "connect", params });
  const answer = await client.next(({ id }) => id === "connect");
  const auth = answer.payload?.["auth"] as Record<string, unknown> | undefined;
  const { ok, error } = answer;
  return {
    ...client,
    answer,
    token: String(auth?.["deviceToken"]),
    outcome: ok === true ? "in" : (error?.details?.["code"] ?? error?.code),
  };
}
