// The gateway process from its first moment: a link to the broker, and nothing else. It waits for its settings, serves,
// and ends when it is told to or when the link is gone.
import { Socket } from "node:net";
import { systemClock } from "../../base/clock.ts";
import { LoricaError } from "../../base/errors.ts";
import { gatewayDescriptors, openBrokerLink } from "../../broker/client.ts";
import { createLog } from "../../audit/writer/log-writer.ts";
import { buildGateway } from "./build-gateway.ts";
import { buildLockedGateway } from "./locked.ts";
import type { BuiltGateway } from "./build-gateway.ts";
import type { GatewayStart } from "./current.ts";
import type { SignInOffer } from "../../vault/vault.ts";

export async function runGateway(): Promise<void> {
  const log = createLog({
    bindings: { source: "gateway" },
    clock: systemClock,
    write: (line) => process.stdout.write(`${line}\n`),
  });
  let built: BuiltGateway | undefined;
  // The probe may end while the gateway is still opening its store; every other note is said again.
  let sandbox: unknown;
  const serving = (): BuiltGateway => {
    if (built !== undefined) return built;
    throw new LoricaError("unavailable", "the gateway has not started yet");
  };
  const stream = new Socket({ fd: gatewayDescriptors.link, readable: true, writable: true });
  const link = openBrokerLink(stream, {
    async start(settings, opened) {
      const start = settings as GatewayStart;
      const { firstHttp, socket } = gatewayDescriptors;
      const http = start.listen.map((address, at) => ({ fd: firstHttp + at, address }));
      const sockets = { http, socket: { fd: socket } };
      const { locked } = start;
      built =
        locked === undefined
          ? await buildGateway(start, { link: opened, log, sockets })
          : await buildLockedGateway({ ...start, locked }, log, sockets);
      if (sandbox !== undefined) built.hear("sandbox", sandbox);
    },
    async configure(settings) {
      serving().configure(settings as GatewayStart);
    },
    answer: (method, params) => serving().answer(method, params),
    offer: (code) => serving().offer(code as SignInOffer),
    async stop(graceMs) {
      await serving().stop(graceMs);
      // The answer leaves first.
      setImmediate(() => link.close("stopped"));
    },
    hear(name, params) {
      if (name === "sandbox") sandbox = params;
      built?.hear(name, params);
    },
    onInternalError: (error, id) => log.error("the broker's request failed", { id, err: error }),
  });
  link.closed.addEventListener("abort", () => process.exit(0), { once: true });
}
