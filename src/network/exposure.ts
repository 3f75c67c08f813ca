// Who can reach the gateway as it runs now, in words that its owner can act on.
import { networkInterfaces } from "node:os";
import { listInterfaces, reachOf, renderAddress } from "./listen.ts";
import type { ListenAddress, Reachable } from "./listen.ts";

export type ExposureFacts = {
  readonly listening: readonly ListenAddress[];
  readonly isTls: boolean;
  readonly authMode: string;
  readonly allowedAddresses: readonly string[];
};

export type Exposure = {
  readonly level: Reachable["from"];
  readonly reach: readonly Reachable[];
  /** What is so, and what to do about it. */
  readonly lines: readonly string[];
};

const order = ["machine", "network", "internet"] as const;

export function assessExposure(facts: ExposureFacts): Exposure {
  const reach = reachOf(facts.listening, listInterfaces(networkInterfaces()));
  const level = order.findLast((from) => reach.some((one) => one.from === from)) ?? "machine";
  return { level, reach, lines: explain(facts, { level, reach }) };
}

function explain(
  { listening, isTls, authMode, allowedAddresses }: ExposureFacts,
  { level, reach }: Pick<Exposure, "level" | "reach">,
): readonly string[] {
  const [{ port } = { port: 0 }] = listening;
  const scheme = isTls ? "https" : "http";
  if (level === "machine")
    return [
      "only this machine can reach the gateway",
      `from elsewhere use a tunnel: ssh -N -L ${port}:127.0.0.1:${port} user@this-machine`,
    ];
  const places = reach.map((one) => {
    const where = `${scheme}://${renderAddress({ host: one.address, port })}`;
    return `  ${where} (${one.interface}, ${one.from === "internet" ? "a public address" : `this ${one.from}`})`;
  });
  const who = allowedAddresses.length === 0 ? "anybody there" : allowedAddresses.join(", ");
  return [
    `other machines can reach the gateway (${who}); it asks them for a ${authMode === "trusted-proxy" ? "proxy's user" : authMode}`,
    ...places,
    ...(isTls
      ? []
      : [
          "without TLS it refuses browsers of other machines, and what programs send, tokens too, can be read on the way: set gateway.tls, or put a proxy or a tunnel in front",
        ]),
    ...(level === "internet"
      ? [
          "one of these addresses is public: prefer loopback and a tunnel, or name who may come in gateway.allowedAddresses",
        ]
      : []),
  ];
}
