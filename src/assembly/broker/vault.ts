// The vault at its place in the broker: what the owner asks of it, and what becomes of the gateway when it is locked.
import type { AuditLog } from "../../audit/audit.ts";
import { systemClock } from "../../base/clock.ts";
import { LoricaError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import { renderCount } from "../../base/text/count.ts";
import type { Broker, OwnerHandlers } from "../../broker/broker.ts";
import type { vaultMethods } from "../../protocol/owner/vault.ts";
import { publishEditKey } from "../../vault/edits/edits.ts";
import {
  createOwnerCalls,
  ensureGatewayToken,
  movePlainFile,
  openUseBook,
  openVault,
  vaultPlaces,
} from "../../vault/vault.ts";
import type { SealedVault, SealedVaultOptions, Use, UseBook } from "../../vault/vault.ts";
import type { AskPassphrase } from "../../cli/cli.ts";
import { isReadableByOthers } from "../../become-broker.ts";
import type { Ground } from "./open-parts.ts";
import type { BrokerSide } from "./side.ts";

export type VaultSide = BrokerSide & {
  readonly areas: Pick<OwnerHandlers, keyof typeof vaultMethods>;
  /** How the vault is opened, while it is locked. */
  readonly locked: () => string | undefined;
  /** A credential for one use, counted. */
  readonly readSecret: (name: string, use: Use) => Promise<string | undefined>;
};

/** Asks for the passphrase, where the vault waits for one and somebody is there. Without it the vault stays locked. */
export async function openOrAsk(options: SealedVaultOptions, ask: AskPassphrase | undefined): Promise<SealedVault> {
  const vault = await openVault(options);
  if (ask !== undefined) await askFor(vault, ask);
  return vault;
}

async function askFor(vault: SealedVault, ask: AskPassphrase): Promise<void> {
  for (let tries = 0; tries < limits.vaultPassphraseTries; tries++) {
    const { reason, waitsForPassphrase } = vault.status();
    if (!waitsForPassphrase) return;
    const passphrase = await ask(tries === 0 ? undefined : reason);
    if (passphrase === undefined) return;
    try {
      await vault.unseal(passphrase);
    } catch (error) {
      if (!(error instanceof LoricaError) || error.code !== "locked") throw error;
    }
  }
}

export async function openVaultSide(ground: Ground, audit: AuditLog): Promise<VaultSide> {
  const { options, vault, redactor, log } = ground;
  const places = vaultPlaces(options.paths, options.env);
  const uses = await openUseBook(places.uses, systemClock);
  if (vault.status().state === "open") await publishEditKey(places, vault);
  let running: Broker | undefined;
  /** The vault was opened or locked while the gateway was still starting. */
  let isOutdated = false;

  async function onLock(now: "open" | "locked"): Promise<void> {
    if (now === "open") {
      await movePlainFile(places, vault);
      await ensureGatewayToken(vault);
      await publishEditKey(places, vault);
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
    usesOf: uses.usesOf,
    async onValues() {
      redactor.refresh();
      await running?.configure();
    },
  });
  return {
    areas,
    locked: () => vault.status().fix,
    readSecret: createReadSecret(ground, audit, uses),
    async guard() {
      const { state, fix } = vault.status();
      if (state === "locked") throw new LoricaError("locked", `the vault is locked. ${fix ?? ""}`);
      return undefined;
    },
    part() {
      const { state, identity, secrets, reason, fix } = vault.status();
      if (state === "open")
        return {
          name: "vault",
          ...degradation(vault.status().keyFile === places.lastResort),
          detail: `${renderCount(secrets ?? 0, "secret")}, opened by its ${identity}${memoryNote()}`,
        };
      return { name: "vault", state: "locked", detail: `${reason ?? ""}; nothing is served`, fix: fix ?? null };
    },
    start(broker, signal) {
      running = broker;
      const report = (err: unknown): void => log.source("vault").error("the gateway could not start anew", { err });
      if (isOutdated) broker.restart(0).catch(report);
      const save = (): Promise<void> =>
        uses.save().catch((err: unknown) => log.source("vault").warn("uses were not kept", { err }));
      const timer = setInterval(() => void save(), limits.vaultUsesSaveMs).unref();
      signal.addEventListener("abort", () => clearInterval(timer), { once: true });
    },
    stop: uses.save,
  };
}

/** Whether what is open in this process's memory is for this process alone. */
function degradation(isBeside: boolean): { readonly state: "on" | "degraded"; readonly fix: string | null } {
  if (isBeside)
    return {
      state: "degraded",
      fix: "its key lies in the state directory; make ~/.config/lorica writable, then: lorica vault init",
    };
  if (!isReadableByOthers()) return { state: "on", fix: null };
  return { state: "degraded", fix: "see docs/vault.md, what is not protected" };
}

function memoryNote(): string {
  return isReadableByOthers() ? "; other programs of this user can read this process's memory" : "";
}

function createReadSecret(
  { vault, alertOwner }: Ground,
  audit: AuditLog,
  uses: UseBook,
): (name: string, use: Use) => Promise<string | undefined> {
  return async (name, use) => {
    try {
      const value = await vault.use(name, use);
      if (value === undefined) return undefined;
      for (const text of uses.count(name, use)) {
        audit.record({ kind: "vault", rule: "unusual-use", resource: name, reason: text, ...agentOf(use) });
        alertOwner(
          `${text}. If that was not you: lorica vault rotate ${name}, and revoke the former value where it was made`,
        );
      }
      return value;
    } catch (error) {
      if (error instanceof LoricaError && error.code === "forbidden")
        audit.record({ kind: "vault", verdict: "deny", rule: "binding", resource: name, ...agentOf(use) });
      throw error;
    }
  };
}

function agentOf({ agentId }: Use): { readonly agentId?: string } {
  return agentId === undefined ? {} : { agentId };
}
