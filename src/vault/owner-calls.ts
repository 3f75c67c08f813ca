// What the owner asks of the vault, over the socket of a running broker or on the files of a stopped one.
import type { AuditLog } from "../audit/audit.ts";
import { LoricaError } from "../base/errors.ts";
import { parseBinding, renderBinding } from "./binding.ts";
import { describeDisk } from "./disk.ts";
import { openFile, sealFor } from "./exchange/files.ts";
import { parseImport } from "./exchange/import.ts";
import { sealSops } from "./exchange/sops.ts";
import { readCredential } from "./sealed/identity.ts";
import type { HowToKeep, IdentityKind } from "./sealed/identity.ts";
import type { VaultPlaces } from "./sealed/places.ts";
import type { SealedVault } from "./sealed/sealed-vault.ts";
import { gatewayTokenName } from "./names.ts";

export type OwnerCallsDeps = {
  readonly vault: SealedVault;
  readonly places: VaultPlaces;
  readonly record: AuditLog["record"];
  readonly now: () => number;
  /** After values have changed, and after the vault was opened or locked. */
  readonly onValues: () => Promise<void>;
  readonly onLock: (now: "open" | "locked") => Promise<void>;
  readonly usesOf: (name: string) => { readonly uses: number; readonly lastUsedAt: number | null };
};

type Setting = { readonly name: string; readonly value?: string | undefined; readonly binding?: string | undefined };

export function createOwnerCalls(deps: OwnerCallsDeps) {
  return { ...keyCalls(deps), ...secretCalls(deps), ...wholeCalls(deps) };
}

function recorder(deps: OwnerCallsDeps): (resource: string) => void {
  return (resource) => deps.record({ kind: "vault", actor: "owner", resource });
}

/** What opens the vault. */
function keyCalls(deps: OwnerCallsDeps) {
  const { vault, places } = deps;
  const record = recorder(deps);
  const state = async () => {
    const { identity, keyFile, recipient, secrets, reason, fix, ...status } = vault.status();
    return {
      state: status.state,
      identity,
      keyFile: keyFile ?? null,
      recipient: recipient ?? null,
      secrets: secrets ?? null,
      hasCredential: (await readCredential(places))?.ok === true,
      reason: reason ?? null,
      fix: fix ?? null,
      disk: await describeDisk(places.stateDir),
    };
  };
  const rekey = async (how: HowToKeep, what: string) => {
    await vault.rekey(how);
    record(what);
    return await state();
  };

  return {
    "vault.status": state,
    async "vault.unseal"({ passphrase }: { readonly passphrase?: string | undefined }) {
      if (vault.status().state === "open") return await state();
      try {
        await vault.unseal(passphrase);
      } catch (error) {
        deps.record({ kind: "vault", actor: "owner", resource: "unseal", verdict: "deny" });
        throw error;
      }
      record("unseal");
      await deps.onLock("open");
      return await state();
    },
    async "vault.seal"() {
      vault.lock();
      record("seal");
      await deps.onLock("locked");
      return await state();
    },
    "vault.init": async (asked: Keeping & { readonly identity: IdentityKind }) =>
      await rekey(keepingOf(asked, places), `init: ${asked.identity}`),
    async "vault.rotate"({ passphrase }: { readonly passphrase?: string | undefined }) {
      const { identity, keyFile } = vault.status();
      return await rekey(keepingOf({ identity, keyFile, passphrase }, places), "rotate");
    },
  };
}

/** One secret after another. */
function secretCalls(deps: OwnerCallsDeps) {
  const { vault } = deps;
  const record = recorder(deps);
  const describe = (name: string, updatedAt: number) => {
    const binding = vault.binding(name);
    return {
      name,
      updatedAt,
      binding: binding === undefined ? null : renderBinding(binding),
      source: vault.sourceOf(name) ?? ("vault" as const),
      ...deps.usesOf(name),
    };
  };
  return {
    async "vault.set"({ name, value, binding }: Setting) {
      if (name === gatewayTokenName && value !== undefined)
        throw new LoricaError("invalid_request", "the gateway's token is made with: lorica token create");
      const bound = binding === undefined || binding === "" ? undefined : parseBinding(binding);
      if (bound?.ok === false) throw new LoricaError("invalid_request", bound.reason);
      const replaced = (await vault.list()).some((entry) => entry.name === name);
      if (value === undefined && binding === undefined)
        throw new LoricaError("invalid_request", `nothing to store for ${name}: give a value or a binding`);
      if (value !== undefined) await vault.write(name, value.trim());
      if (binding !== undefined) await vault.bind(name, bound?.value);
      record(
        `${replaced ? "replace" : "store"} ${name}${binding === undefined ? "" : ` bound to ${binding || "nothing"}`}`,
      );
      await deps.onValues();
      return { name, replaced };
    },
    async "vault.get"({ name, reveal = false }: { readonly name: string; readonly reveal?: boolean | undefined }) {
      const found = (await vault.list()).find((entry) => entry.name === name);
      if (found === undefined) throw new LoricaError("not_found", `there is no secret ${JSON.stringify(name)}`);
      const described = describe(name, found.updatedAt);
      if (!reveal) return described;
      record(`reveal ${name}`);
      return { ...described, value: (await vault.read(name)) ?? "" };
    },
    async "vault.remove"({ name }: { readonly name: string }) {
      const removed = await vault.remove(name);
      if (removed) {
        record(`remove ${name}`);
        await deps.onValues();
      }
      return { name, removed };
    },
    "vault.list": async () => ({
      secrets: (await vault.list()).map(({ name, updatedAt }) => describe(name, updatedAt)),
    }),
  };
}

/** Many at once, and files. */
function wholeCalls(deps: OwnerCallsDeps) {
  const { vault } = deps;
  const record = recorder(deps);
  return {
    async "vault.import"({ text, identity, replace = false, dryRun = false }: Importing) {
      const unwrap = async (armored: string): Promise<Buffer | undefined> =>
        await openFile(Buffer.from(armored), vault.ageKey(), identity).catch(() => undefined);
      const found = await parseImport(text, unwrap);
      if (!found.ok) throw new LoricaError("invalid_request", `the file was not taken in: ${found.reason}`);
      const { format, secrets, skipped } = found.value;
      const known = new Set((await vault.list()).map(({ name }) => name));
      const stored = new Map([...secrets].filter(([name]) => replace || !known.has(name)));
      const kept = [...secrets.keys()].filter((name) => !stored.has(name));
      if (!dryRun && stored.size > 0) {
        await vault.writeAll(stored);
        await vault.verify(stored);
        record(`import ${[...stored.keys()].join(", ")}`);
        await deps.onValues();
      }
      return { format, stored: [...stored.keys()], kept, skipped };
    },
    async "vault.export"({ format, to, armored = false }: Exporting) {
      const names = (await vault.list()).map(({ name }) => name);
      const values = await Promise.all(names.map(async (name) => [name, (await vault.read(name)) ?? ""] as const));
      const recipients = to ?? [vault.ageKey().recipient];
      const secrets = Object.fromEntries(values);
      const sealed =
        format === "sops"
          ? Buffer.from(sealSops(secrets, recipients, deps.now()))
          : await sealFor(Buffer.from(JSON.stringify(secrets)), recipients, armored ? "armored" : "binary");
      record(`export of ${names.length} secrets for ${recipients.join(", ")}`);
      return { sealed: sealed.toString("base64"), secrets: names.length };
    },
    async "vault.encrypt"({ plain, to, armored = false }: { readonly plain: string } & Sealing) {
      const recipients = to ?? [vault.ageKey().recipient];
      const sealed = await sealFor(Buffer.from(plain, "base64"), recipients, armored ? "armored" : "binary");
      return { sealed: sealed.toString("base64") };
    },
    async "vault.decrypt"({ sealed, identity }: { readonly sealed: string; readonly identity?: string | undefined }) {
      const plain = await openFile(Buffer.from(sealed, "base64"), vault.ageKey(), identity);
      record(`decrypt a file of ${plain.length} bytes`);
      return { plain: plain.toString("base64") };
    },
  };
}

type Sealing = { readonly to?: readonly string[] | undefined; readonly armored?: boolean | undefined };
type Exporting = Sealing & { readonly format: "age" | "sops" };
type Importing = {
  readonly text: string;
  readonly identity?: string | undefined;
  readonly replace?: boolean | undefined;
  readonly dryRun?: boolean | undefined;
};
type Keeping = { readonly keyFile?: string | undefined; readonly passphrase?: string | undefined };

export function keepingOf(
  { identity, keyFile, passphrase }: Keeping & { readonly identity: IdentityKind },
  places: VaultPlaces,
): HowToKeep {
  if (identity === "key-file") return { identity, keyFile: keyFile ?? places.keyFile };
  if (identity === "systemd-credential") return { identity };
  const reason = passphraseFault(passphrase);
  if (passphrase !== undefined && reason === undefined) return { identity, passphrase };
  throw new LoricaError("invalid_request", `the passphrase cannot be used: ${reason ?? "there is none"}`);
}

const passphraseMinChars = 12;

/** Whoever has the file may guess for as long as they like. */
function passphraseFault(passphrase = ""): string | undefined {
  if (passphrase === "") return "there is none";
  if (passphrase.length < passphraseMinChars) return `it is shorter than ${passphraseMinChars} characters`;
  return new Set(passphrase).size < 6 ? "it repeats the same few characters" : undefined;
}
