// The gateway process of a locked vault. Once the vault is open, a new process takes its place.
import { LoricaError } from "../../base/errors.ts";
import { systemClock } from "../../base/clock.ts";
import type { Log } from "../../audit/audit.ts";
import { createLockedGateway } from "../../gateway/gateway.ts";
import type { ListenTarget } from "../../gateway/gateway.ts";
import type { BuiltGateway } from "./build-gateway.ts";
import type { GatewayStart } from "./current.ts";

export async function buildLockedGateway(
  { locked, front }: GatewayStart & { readonly locked: string },
  log: Log,
  sockets: { readonly http: readonly ListenTarget[]; readonly socket: ListenTarget },
): Promise<BuiltGateway> {
  const gateway = createLockedGateway(locked, front.tls, {
    clock: systemClock,
    log: (level, message, fields) => log[level](message, fields),
  });
  await gateway.listen(sockets);
  return {
    configure: (next) => gateway.renew(next.front.tls),
    offer: () => undefined,
    hear: () => undefined,
    answer: () => Promise.reject(new LoricaError("locked", "the vault is locked")),
    stop: async () => gateway.close(),
  };
}
