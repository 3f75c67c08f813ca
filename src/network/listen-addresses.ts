// What the config's `gateway.bind` is on this machine, as it is now.
import { networkInterfaces } from "node:os";
import { LoricaError } from "../base/errors.ts";
import type { Config } from "../config/config.ts";
import { listInterfaces, planListening } from "./listen.ts";
import type { ListenAddress } from "./listen.ts";

/** Throws `config_invalid` where it cannot be had: nothing else is listened on instead (GAP-009). */
export function listenAddresses({ gateway }: Config): readonly ListenAddress[] {
  const { bind, customBindHost, port } = gateway;
  const planned = planListening({ bind, customBindHost, port }, listInterfaces(networkInterfaces()));
  if (planned.ok) return planned.value;
  throw new LoricaError("config_invalid", `gateway.bind ${JSON.stringify(bind)} cannot be had: ${planned.reason}`);
}
