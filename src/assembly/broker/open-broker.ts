// What the broker is made of where it serves: each of its options from the config, the vault and the sides.
import { systemClock } from "../../base/clock.ts";
import { createBroker } from "../../broker/broker.ts";
import type { AreaHandlers, Broker, GatewayStatus, ProbedCells } from "../../broker/broker.ts";
import type { AuditWriter } from "../../audit/audit.ts";
import type { Launched } from "../../broker/gateway/launch.ts";
import { createBrokerEgress } from "../../egress/route/route.ts";
import { listenAddresses } from "../../network/network.ts";
import { createFront } from "../../vault/vault.ts";
import type { Front } from "../../vault/vault.ts";
import type { GatewayStart } from "../gateway/current.ts";
import { pageAddresses } from "../settings/access.ts";
import { ceilingOf } from "../settings/ceiling.ts";
import { channelRoute } from "../settings/channels.ts";
import { egressOf } from "../settings/egress.ts";
import { gatewayProgram } from "../start/gateway-program.ts";
import { brokerAnswers } from "./config-keeper.ts";
import type { DlpSide } from "./dlp/side.ts";
import { createNetworkSide } from "./network/network.ts";
import type { NetworkSide } from "./network/network.ts";
import type { Ground } from "./open-parts.ts";
import type { Sides } from "./side.ts";
import type { VaultSide } from "./vault.ts";

export function openBroker(
  { options, keeper, vault, redactor, log, starts }: Ground,
  {
    front,
    network,
    readSecret,
    sides,
    screen,
    ...parts
  }: {
    readonly launched: Launched | undefined;
    readonly auditWriter: AuditWriter;
    readonly cells: ProbedCells;
    readonly probed: Promise<unknown>;
    readonly front: Front;
    readonly network: NetworkSide;
    readonly readSecret: VaultSide["readSecret"];
    readonly sides: Sides;
    readonly screen: DlpSide["screen"];
    readonly areas: AreaHandlers;
    readonly settings: (status: GatewayStatus) => Promise<GatewayStart>;
  },
): Broker {
  const { paths } = options;
  const ceiling = () => ceilingOf(keeper.config(), paths);
  return createBroker({
    ...parts,
    ...gatewayProgram(options),
    more: { ...brokerAnswers(keeper), ...sides.answers },
    guards: sides.guards,
    inForce: sides.inForce,
    parts: sides.parts,
    version: options.version,
    profile: paths.profile,
    paths,
    config: keeper.service,
    ...starts.told,
    vault,
    egress: screen(
      createBrokerEgress({
        ceiling,
        readSecret,
        rules: () => egressOf(keeper.config(), paths, ceiling()).routes,
        proxy: () => keeper.config().egress.proxy,
      }),
    ),
    ceiling,
    channelRoute: (channel, account) => channelRoute(keeper.config(), channel, account),
    defaultModel: () => keeper.config().agents.defaults.model.primary,
    async onSecretsChanged() {
      redactor.refresh();
    },
    pages: (address) => pageAddresses(keeper.config(), address, network.url()),
    network: network.status,
    listen: () => listenAddresses(keeper.config()),
    certificate: () => front.certificate(),
    log,
    clock: systemClock,
    root: options.root,
  });
}

export function openFront({ options, keeper, vault, log }: Ground): Front {
  return createFront({
    config: keeper.config,
    home: options.paths.home,
    vault,
    isOpen: () => vault.status().state === "open",
    now: systemClock.now,
    log: log.source("front"),
  });
}

export function openNetwork({ options, keeper, log }: Ground, front: Front): NetworkSide {
  return createNetworkSide({
    env: options.env,
    codeRoot: options.codeRoot,
    tlsFingerprint: () => front.certificate()?.fingerprint,
    config: keeper.config,
    clock: systemClock,
    log: log.source("network"),
  });
}
