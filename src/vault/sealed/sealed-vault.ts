// The vault: one age file, open in this process's memory and nowhere else. What the environment or the config names is
// laid over it and never written.
import type { Clock } from "../../base/clock.ts";
import { LoricaError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import { createAgeKey } from "../age/key.ts";
import type { AgeKey } from "../age/key.ts";
import { checkUse, deriveBinding } from "../binding.ts";
import type { Binding, Use } from "../binding.ts";
import type { FileVault, SecretInfo } from "../vault.ts";
import { checkSecret, createContents } from "./contents.ts";
import type { Contents, Entry, KeyPurpose } from "./contents.ts";
import { findKey, forgetKey, isForPassphrase, keepFirstKey, keepKey, readAbout, writeAbout } from "./identity.ts";
import type { About, HowToKeep, IdentityKind } from "./identity.ts";
import type { VaultPlaces } from "./places.ts";
import { hasVault, readVault, writeVault } from "./vault-file.ts";

export type VaultStatus = {
  readonly state: "open" | "locked";
  readonly identity: IdentityKind;
  readonly keyFile: string | undefined;
  readonly recipient: string | undefined;
  /** Undefined while it is locked. */
  readonly secrets: number | undefined;
  /** Why it is locked, and the command that helps. */
  readonly reason: string | undefined;
  readonly fix: string | undefined;
  readonly waitsForPassphrase: boolean;
};

export type SealedVault = FileVault & {
  /** 32 bytes that another part seals with: the same for as long as the vault lives, also after its key was replaced. */
  key(purpose: KeyPurpose): Uint8Array;
  /** The key itself, `AGE-SECRET-KEY-1…`, for whoever has to open what was sealed for it. */
  identity(): string;
  status(): VaultStatus;
  /** Forgets everything that is open. */
  lock(): void;
  /** Throws where it stays locked, and says why. */
  unseal(passphrase?: string): Promise<void>;
  /** Seals the vault to a new key, kept as said; the one before opens it no more. */
  rekey(how: HowToKeep): Promise<void>;
  /** The key that opens the vault, for files that were sealed for it. */
  ageKey(): AgeKey;
  binding(name: string): Binding | undefined;
  /**
   * The value for one use, or the reason why it may not be used so. A stored credential that its owner has not bound is
   * bound to where it is used first, so that a config that comes to name another place gets nothing (GAP-048).
   */
  use(name: string, use: Use): Promise<string | undefined>;
  bind(name: string, binding: Binding | undefined): Promise<void>;
  /** Stores several at once, or none. */
  writeAll(entries: ReadonlyMap<string, string>): Promise<void>;
  /** Reads the sealed file again and throws where one of these is not in it. */
  verify(values: ReadonlyMap<string, string>): Promise<void>;
};

export type SealedVaultOptions = {
  readonly places: VaultPlaces;
  readonly clock: Clock;
  /** Values from the environment, a `.env` file or the config. They win over the file, and stay out of it. */
  readonly given: ReadonlyMap<string, string>;
  /** How the key of a vault that is made is kept: in a file, where nothing else is said. */
  readonly make?: HowToKeep;
};

type Open = { readonly key: AgeKey; readonly contents: Contents };

/** Makes the vault where there has never been one. A vault that cannot be opened is answered locked. */
export async function openVault(options: SealedVaultOptions): Promise<SealedVault> {
  const keeper = new Keeper(options, await readAbout(options.places));
  await keeper.begin();
  return {
    ...secretsOf(keeper, options),
    key: (purpose) => Uint8Array.from(keeper.opened().contents.keys[purpose]),
    ageKey: () => keeper.opened().key,
    identity: () => keeper.opened().key.identity,
    status: () => keeper.status(),
    lock: () => keeper.lock(),
    unseal: (passphrase) => keeper.unseal(passphrase),
    rekey: (how) => keeper.rekey(how),
    verify: (values) => keeper.verify(values),
  };
}

class Keeper {
  readonly #options: SealedVaultOptions;
  #about: About | undefined;
  #open: Open | undefined;
  #lockedBecause = "nobody has opened it yet";
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: SealedVaultOptions, about: About | undefined) {
    this.#options = options;
    this.#about = about;
  }

  async begin(): Promise<void> {
    const { places, make } = this.#options;
    if (await hasVault(places)) return await this.#tryToOpen(undefined);
    if (this.#about === undefined) return await this.#make(make ?? { identity: "key-file", keyFile: places.keyFile });
    // Never starts over with an empty vault: what was in it may still be saved by hand.
    this.#lockedBecause = `${places.file} is missing`;
  }

  async #make(how: HowToKeep): Promise<void> {
    const { places } = this.#options;
    // A key without a vault is left of a start that was interrupted, or of a vault that was moved: it is used.
    const found = how.identity === "passphrase" ? undefined : await findKey(places, how, undefined);
    const key = found?.ok === true ? found.value : createAgeKey();
    const kept = found?.ok === true ? how : await keepFirstKey(places, key, how);
    const contents = createContents();
    await writeVault(places, contents, [key.recipient]);
    await this.#settle(key, kept);
    this.#open = { key, contents };
  }

  /** Says beside the vault how it is opened from now on. */
  async #settle({ recipient }: AgeKey, how: HowToKeep): Promise<void> {
    const keyFile = how.identity === "key-file" ? { keyFile: how.keyFile } : {};
    this.#about = { version: 1, identity: how.identity, recipient, ...keyFile };
    await writeAbout(this.#options.places, this.#about);
  }

  async #tryToOpen(passphrase: string | undefined): Promise<void> {
    const { places } = this.#options;
    const key = await findKey(places, this.#about, passphrase);
    const contents = key.ok ? await readVault(places, key.value) : key;
    if (key.ok && contents.ok) this.#open = { key: key.value, contents: contents.value };
    else if (!contents.ok) this.#lockedBecause = contents.reason;
  }

  opened(): Open {
    if (this.#open !== undefined) return this.#open;
    throw new LoricaError(
      "locked",
      `the vault is locked: ${this.#lockedBecause}. ${fixFor(this.#about, this.#lockedBecause)}`,
    );
  }

  stored(): ReadonlyMap<string, Entry> {
    return this.#open?.contents.secrets ?? noEntries;
  }

  status(): VaultStatus {
    const isOpen = this.#open !== undefined;
    return {
      state: isOpen ? "open" : "locked",
      identity: this.#about?.identity ?? "key-file",
      keyFile: this.#about?.keyFile,
      recipient: this.#about?.recipient,
      secrets: this.#open?.contents.secrets.size,
      reason: isOpen ? undefined : this.#lockedBecause,
      fix: isOpen ? undefined : fixFor(this.#about, this.#lockedBecause),
      waitsForPassphrase: !isOpen && isForPassphrase(this.#lockedBecause),
    };
  }

  /** One writer at a time. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return await turn;
  }

  /** What is open changes only once the file has. */
  async change(edit: (entries: Map<string, Entry>) => void): Promise<void> {
    await this.#inTurn(async () => {
      const { key, contents } = this.opened();
      const secrets = new Map(contents.secrets);
      edit(secrets);
      if (secrets.size > limits.secretsMax)
        throw new LoricaError("too_large", `the vault holds ${limits.secretsMax} secrets at most; remove one first`);
      const next = { ...contents, secrets };
      await writeVault(this.#options.places, next, [key.recipient]);
      // Whoever locked it meanwhile finds it locked.
      if (this.#open !== undefined) this.#open = { key, contents: next };
    });
  }

  async rekey(how: HowToKeep): Promise<void> {
    const { places } = this.#options;
    await this.#inTurn(async () => {
      const { key: former, contents } = this.opened();
      const about = this.#about;
      const next = await keyToBe(places, how);
      // Wherever this is interrupted, the key that is kept then opens what is there then.
      await writeVault(places, contents, [former.recipient, next.recipient]);
      await keepKey(places, next, how);
      await this.#settle(next, how);
      await writeVault(places, contents, [next.recipient]);
      // Once more, so that the copy of before is not one that the former key opens.
      await writeVault(places, contents, [next.recipient]);
      const isElsewhere = about?.identity !== how.identity || about.keyFile !== this.#about?.keyFile;
      if (about !== undefined && isElsewhere) await forgetKey(places, about);
      // Whoever locked it meanwhile finds it locked.
      if (this.#open !== undefined) this.#open = { key: next, contents };
    });
  }

  async unseal(passphrase: string | undefined): Promise<void> {
    await this.#inTurn(async () => {
      if (this.#open === undefined) await this.#tryToOpen(passphrase);
      this.opened();
    });
  }

  lock(): void {
    this.#open = undefined;
    this.#lockedBecause = lockedByOwner;
  }

  async verify(values: ReadonlyMap<string, string>): Promise<void> {
    const { places } = this.#options;
    await this.#inTurn(async () => {
      const read = await readVault(places, this.opened().key);
      const secrets = read.ok ? read.value.secrets : noEntries;
      for (const [name, value] of values)
        if (secrets.get(name)?.value !== value)
          throw new LoricaError("internal", `${name} is not in ${places.file} as it was written; nothing was removed`);
    });
  }
}

const lockedByOwner = "its owner locked it";
const noEntries: ReadonlyMap<string, Entry> = new Map();

async function keyToBe(places: VaultPlaces, how: HowToKeep): Promise<AgeKey> {
  if (how.identity !== "systemd-credential") return createAgeKey();
  const given = await findKey({ ...places }, { identity: "systemd-credential" }, undefined);
  if (given.ok) return given.value;
  throw new LoricaError("conflict", `the vault cannot be sealed for systemd: ${given.reason}; docs/vault.md says how`);
}

function fixFor(about: About | undefined, because: string): string {
  if (because === lockedByOwner || about?.identity === "passphrase") return "Open it with: lorica vault unseal";
  if (about?.identity === "systemd-credential") return "Start it as the service that has the credential";
  return "Put right what is missing, then: lorica vault unseal";
}

/** The secrets by name. */
function secretsOf(
  keeper: Keeper,
  { given, clock }: SealedVaultOptions,
): FileVault & Pick<SealedVault, "binding" | "bind" | "use" | "writeAll"> {
  const stored = (): ReadonlyMap<string, Entry> => keeper.stored();
  const change = (edit: (entries: Map<string, Entry>) => void): Promise<void> => keeper.change(edit);
  const opened = (): ReadonlyMap<string, Entry> => keeper.opened().contents.secrets;
  const set = (entries: Map<string, Entry>, name: string, value: string): void => {
    const binding = entries.get(name)?.binding;
    const isKept = binding !== undefined && binding.derived !== true;
    entries.set(name, { value, updatedAt: clock.now(), ...(isKept ? { binding } : {}) });
  };
  const bind = async (name: string, binding: Binding | undefined): Promise<void> =>
    await change((entries) => {
      const entry = entries.get(name);
      if (entry === undefined) throw new LoricaError("not_found", `there is no secret ${JSON.stringify(name)}`);
      const { value, updatedAt } = entry;
      entries.set(name, binding === undefined ? { value, updatedAt } : { value, updatedAt, binding });
    });
  return {
    read: async (name) => given.get(name) ?? opened().get(name)?.value,
    async write(name, value) {
      checkSecret(name, value);
      await change((entries) => set(entries, name, value));
    },
    async writeAll(values) {
      for (const [name, value] of values) checkSecret(name, value);
      await change((entries) => values.forEach((value, name) => set(entries, name, value)));
    },
    async remove(name) {
      if (!opened().has(name)) return false;
      await change((entries) => entries.delete(name));
      return true;
    },
    list: async () =>
      [...opened()]
        .map(([name, { updatedAt }]): SecretInfo => ({ name, updatedAt }))
        .toSorted((left, right) => (left.name < right.name ? -1 : 1)),
    values: () => [...given.values(), ...[...stored().values()].map(({ value }) => value)],
    sourceOf(name) {
      if (given.has(name)) return "environment";
      return stored().has(name) ? "vault" : undefined;
    },
    binding: (name) => stored().get(name)?.binding,
    bind,
    async use(name, use) {
      // What the environment or the config gives is not the vault's to bind.
      const value = given.get(name);
      if (value !== undefined) return value;
      const entry = opened().get(name);
      if (entry === undefined) return undefined;
      checkUse(name, entry.binding, use);
      if (entry.binding === undefined) await bind(name, deriveBinding(use));
      return entry.value;
    },
  };
}
