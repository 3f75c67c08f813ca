// The vault at its place in the broker: what the owner asks of it, and what becomes of the gateway when it is locked.
import type { AuditLog } from "../../audit/audit.ts";
import { systemClock } from "../../base/clock.ts";
import { LoricaError } from "../../base/errors.ts";
import type { Broker, OwnerHandlers } from "../../broker/broker.ts";
import type { vaultMethods } from "../../protocol/owner/vault.ts";
import { createOwnerCalls, ensureGatewayToken, movePlainFile, vaultPlaces } from "../../vault/vault.ts";
import type { Ground } from "./open-parts.ts";
import type { BrokerSide } from "./side.ts";

export type VaultSide = BrokerSide & {
  readonly areas: Pick<OwnerHandlers, keyof typeof vaultMethods>;
  /** How the vault is opened, while it is locked. */
  readonly locked: () => string | undefined;
};

export function createVaultSide(
  { options, vault, redactor, log }: Pick<Ground, "options" | "vault" | "redactor" | "log">,
  audit: AuditLog,
): VaultSide {
  const places = vaultPlaces(options.paths, options.env);
  let running: Broker | undefined;
  /** The vault was opened or locked while the gateway was still starting. */
  let isOutdated = false;

  async function onLock(now: "open" | "locked"): Promise<void> {
    if (now === "open") {
      await movePlainFile(places, vault);
      await ensureGatewayToken(vault);
      redactor.refresh();
    }
    log.source("vault").warn(now === "open" ? "the vault is open" : "the vault is locked: nothing is served");
    // Another process: what the one before has read of the state is in its memory.
    if (running === undefined) isOutdated = true;
    else await running.restart(0);
    redactor.refresh();
  }

  const areas = createOwnerCalls({
    vault,
    places,
    record: audit.record,
    now: systemClock.now,
    onLock,
    usesOf: () => ({ uses: 0, lastUsedAt: null }),
    async onValues() {
      redactor.refresh();
      await running?.configure();
    },
  });
  return {
    areas,
    locked: () => vault.status().fix,
    async guard() {
      const { state, fix } = vault.status();
      if (state === "locked") throw new LoricaError("locked", `the vault is locked. ${fix ?? ""}`);
      return undefined;
    },
    part() {
      const { state, identity, secrets, reason, fix } = vault.status();
      if (state === "open")
        return { name: "vault", state: "on", detail: `${secrets ?? 0} secrets, opened by its ${identity}`, fix: null };
      return { name: "vault", state: "locked", detail: `${reason ?? ""}; nothing is served`, fix: fix ?? null };
    },
    start(broker) {
      running = broker;
      const report = (err: unknown): void => log.source("vault").error("the gateway could not start anew", { err });
      if (isOutdated) broker.restart(0).catch(report);
    },
  };
}
