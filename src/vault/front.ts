// What the gateway's front shows and is shown: its certificate, and the hashes of what clients prove themselves with. The
// broker reads both and looks after what changes with time: a certificate that was renewed, a token whose days are over.
import type { Log } from "../audit/audit.ts";
import { LoricaError } from "../base/errors.ts";
import { sha256 } from "../base/ids.ts";
import { limits } from "../base/limits.ts";
import { sleep } from "../base/wait.ts";
import { durationMs } from "../config/config.ts";
import type { Config } from "../config/config.ts";
import { expiryWarning, inspectCertificate } from "../network/network.ts";
import type { CertificateInfo, TlsPair } from "../network/network.ts";
import { readPair } from "./certificate-files.ts";
import type { FileVault } from "./vault.ts";
import { gatewayPasswordName } from "./names.ts";
import { hashPassword, parseGatewayPassword } from "./password.ts";
import * as rotation from "./rotation.ts";

/** Hashes, never a value. */
export type AccessProof = { readonly tokenHashes: readonly string[]; readonly passwordHash: string | undefined };

/** What only the broker can find out, and a gateway is told. */
export type FrontSettings = { readonly proof: AccessProof; readonly tls: TlsPair | undefined };

export type Front = {
  settings(): Promise<FrontSettings>;
  /** Of the certificate that was last handed over. */
  certificate(): CertificateInfo | undefined;
  /** Calls `changed` when what `settings` answers has changed by itself. */
  watch(changed: () => Promise<void>, signal: AbortSignal): Promise<void>;
};

export type FrontDeps = {
  readonly config: () => Config;
  readonly home: string;
  readonly vault: FileVault;
  /** While the vault is locked there is nobody to let in, and nothing to renew. */
  readonly isOpen: () => boolean;
  readonly now: () => number;
  readonly log: Log;
};

export function createFront(deps: FrontDeps): Front {
  const { config, vault, now, log } = deps;
  const hashOf = createHasher();
  let certificate: CertificateInfo | undefined;
  let shown: string | undefined;
  // Ends the wait below: what was handed over anew may have a nearer end.
  let wake = (): void => undefined;

  async function readTls(): Promise<TlsPair | undefined> {
    const { enabled, certPath, keyPath } = config().gateway.tls;
    if (!enabled || certPath === undefined || keyPath === undefined) return undefined;
    const pair = await readPair(deps.home, { certPath, keyPath });
    const inspected = inspectCertificate(pair, now());
    if (!inspected.ok)
      throw new LoricaError(
        "config_invalid",
        `gateway.tls cannot be used: ${inspected.reason}. The files: ${certPath}, ${keyPath}`,
      );
    const warning = expiryWarning(inspected.value, now());
    if (warning !== undefined)
      log.warn(warning, { check: "gateway.tls_expiring", expiresAt: inspected.value.expiresAt });
    certificate = inspected.value;
    return pair;
  }

  async function settings(): Promise<FrontSettings> {
    const front = { proof: await readProof(deps, hashOf), tls: await readTls() };
    shown = sha256(JSON.stringify(front));
    wake();
    return front;
  }

  async function look(changed: () => Promise<void>): Promise<void> {
    if (deps.isOpen()) {
      await rotateWhenDue(deps);
      await rotation.forgetExpiredTokens(vault, now());
    }
    const before = shown;
    await settings();
    if (shown !== before) await changed();
  }

  return {
    settings,
    certificate: () => certificate,
    async watch(changed, signal) {
      while (!signal.aborted) {
        const expiry = deps.isOpen() ? await rotation.nextExpiry(vault) : undefined;
        const waitMs = Math.min(
          limits.frontLookMs,
          Math.max(limits.frontLookMinMs, (expiry ?? Number.POSITIVE_INFINITY) - now()),
        );
        const waiting = new AbortController();
        wake = () => waiting.abort();
        await sleep(waitMs, AbortSignal.any([signal, waiting.signal])).catch(() => undefined);
        if (signal.aborted) return;
        if (!waiting.signal.aborted)
          await look(changed).catch((error: unknown) =>
            log.error("the gateway's front could not be renewed", { err: error }),
          );
      }
    },
  };
}

async function readProof(
  { isOpen, vault, now, config }: FrontDeps,
  hashOf: (password: string) => Promise<string>,
): Promise<AccessProof> {
  if (!isOpen()) return { tokenHashes: [], passwordHash: undefined };
  const tokens = await rotation.countingTokens(vault, now());
  const password = config().gateway.auth.mode === "password" ? await readPassword(vault) : undefined;
  return {
    tokenHashes: tokens.map((token) => sha256(token)),
    passwordHash: password === undefined ? undefined : await hashOf(password),
  };
}

/** A salt of its own each time would make the same password look like another one. */
function createHasher(): (password: string) => Promise<string> {
  let known: { readonly of: string; readonly hash: Promise<string> } | undefined;
  return (password) => {
    if (known?.of !== sha256(password)) known = { of: sha256(password), hash: hashPassword(password) };
    return known.hash;
  };
}

async function readPassword(vault: FileVault): Promise<string> {
  const found = await vault.read(gatewayPasswordName);
  const password = found === undefined ? undefined : parseGatewayPassword(found);
  if (password?.ok === true) return password.value;
  const fault = password === undefined ? "there is none" : password.reason;
  throw new LoricaError(
    "config_invalid",
    `gateway.auth.mode is "password", and the password cannot be used: ${fault}. Set one with: lorica secret set ${gatewayPasswordName}`,
  );
}

async function rotateWhenDue({ config, vault, now, log }: FrontDeps): Promise<void> {
  const { enabled, schedule, grace } = config().gateway.auth.rotation;
  const madeAt = await rotation.tokenMadeAt(vault);
  if (!enabled || madeAt === undefined || madeAt >= rotation.lastScheduled(schedule, now())) return;
  const { previousUntil } = await rotation.rotateGatewayToken(vault, { now: now(), graceMs: durationMs(grace) });
  log.info("token rotated", { actor: "schedule", previousUntil });
}
