// The sealed vault: what opens it, what survives what, and what other parts get of it.
import assert from "node:assert/strict";
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { Decrypter, Encrypter } from "age-encryption";
import fc from "fast-check";
import { sealFile, unsealFile } from "../../src/vault/age/age-file.ts";
import { createAgeKey, parseIdentity, parseKeyFile } from "../../src/vault/age/key.ts";
import { sealWithPassphrase, unsealWithPassphrase } from "../../src/vault/age/passphrase.ts";
import { movePlainFile, openVault } from "../../src/vault/vault.ts";
import type { SealedVault, VaultPlaces } from "../../src/vault/vault.ts";
import { testPlaces } from "../faux/vault/test-vault.ts";

const clock = { now: () => 1_000 };
const given: ReadonlyMap<string, string> = new Map();

async function places(context: TestContext): Promise<VaultPlaces> {
  const path = await mkdtemp(join(tmpdir(), "lorica-sealed-"));
  context.after(() => rm(path, { recursive: true, force: true }));
  return testPlaces(path);
}

const open = (where: VaultPlaces): Promise<SealedVault> => openVault({ places: where, clock, given });

test("VLT-001 the vault's file holds no name, value or key in plain text, and opens with its key alone", async (context) => {
  const where = await places(context);
  const vault = await open(where);
  await vault.write("provider:openai", "sk-canary-value");
  const sealed = await readFile(where.file, "latin1");
  const state = Buffer.from(vault.key("state"));
  for (const text of ["sk-canary", "openai", state.toString("base64"), state.toString("latin1")])
    assert.equal(sealed.includes(text), false, text);
  assert.match(sealed, /^age-encryption\.org\/v1\n-> X25519 /);
  assert.equal((await stat(where.file)).mode & 0o777, 0o600);
  assert.equal((await stat(where.keyFile)).mode & 0o777, 0o600);

  const key = parseKeyFile(await readFile(where.keyFile, "utf8"));
  assert.ok(key.ok);
  const decrypter = new Decrypter();
  decrypter.addIdentity(key.value.identity);
  const plain = JSON.parse(await decrypter.decrypt(await readFile(where.file), "text")) as { secrets: unknown };
  assert.deepEqual(plain.secrets, { "provider:openai": { value: "sk-canary-value", updatedAt: 1_000 } });
  const other = new Decrypter();
  other.addIdentity(createAgeKey().identity);
  await assert.rejects(other.decrypt(await readFile(where.file)));
});

test("VLT-008 without its key, or with another one, the vault is locked and says so", async (context) => {
  const where = await places(context);
  await (await open(where)).write("provider:x", "sk-x");
  const key = await readFile(where.keyFile);
  const { identity } = createAgeKey();
  await writeFile(where.keyFile, `${identity}\n`);
  assert.match((await open(where)).status().reason ?? "", /not the one that .*vault\.age is sealed for/);
  await rm(where.keyFile);
  const vault = await open(where);
  assert.match(vault.status().reason ?? "", /vault\.key is missing/);
  assert.throws(() => vault.key("state"), { code: "locked", message: /lorica vault unseal/ });
  await assert.rejects(vault.unseal(), { code: "locked" });
  await writeFile(where.keyFile, key);
  // Whatever the umask of whoever runs the tests.
  await chmod(where.keyFile, 0o644);
  await assert.rejects(vault.unseal(), { code: "locked", message: /chmod 600/ });
  await rm(where.keyFile);
  await writeFile(where.keyFile, key, { mode: 0o600 });
  await vault.unseal();
  assert.equal(await vault.read("provider:x"), "sk-x");
  vault.lock();
  await assert.rejects(vault.read("provider:x"), { code: "locked" });
  assert.deepEqual([...vault.values()], []);
});

test("VLT-008 a key inside the state directory is refused", async (context) => {
  const where = await places(context);
  const inside = { ...where, stateDir: join(where.file, ".."), keyFile: join(where.file, "../inside/vault.key") };
  await assert.rejects(open(inside), { code: "forbidden", message: /inside the state directory/ });
});

test("where nothing but the state directory may be written the key lies there, until there is another place", async (context) => {
  const where = await places(context);
  const readOnly = join(where.file, "../read-only");
  await mkdir(readOnly, { mode: 0o500 });
  const vault = await open({ ...where, keyFile: join(readOnly, "lorica/vault.key") });
  if (process.getuid?.() === 0) return;
  assert.equal(vault.status().keyFile, where.lastResort);
  await vault.write("provider:x", "sk-x");
  await vault.rekey({ identity: "key-file", keyFile: where.keyFile });
  await assert.rejects(stat(where.lastResort), { code: "ENOENT" });
  assert.equal(await (await open(where)).read("provider:x"), "sk-x");
});

test("VLT-011 a new key opens the vault from then on, the former one nothing; the parts' keys stay", async (context) => {
  const where = await places(context);
  const vault = await open(where);
  await vault.write("provider:x", "sk-x");
  const keys = [vault.key("state"), vault.key("evidence")];
  assert.notDeepEqual(keys[0], keys[1]);
  const former = parseKeyFile(await readFile(where.keyFile, "utf8"));
  await vault.rekey({ identity: "key-file", keyFile: where.keyFile });
  assert.ok(former.ok);
  for (const file of [where.file, where.before])
    assert.deepEqual(unsealFile(await readFile(file), former.value), { kind: "other key" });
  const again = await open(where);
  assert.equal(await again.read("provider:x"), "sk-x");
  assert.deepEqual([again.key("state"), again.key("evidence")], keys);
});

test("VLT-008 a vault with a passphrase waits for it, and nothing on the disk opens it", async (context) => {
  const where = await places(context);
  const vault = await open(where);
  await vault.write("provider:x", "sk-x");
  await vault.rekey({ identity: "passphrase", passphrase: "four words are enough" });
  await assert.rejects(stat(where.keyFile), { code: "ENOENT" });
  const again = await open(where);
  assert.deepEqual(again.status(), {
    state: "locked",
    identity: "passphrase",
    keyFile: undefined,
    recipient: vault.status().recipient,
    secrets: undefined,
    reason: "it waits for its passphrase",
    fix: "Open it with: lorica vault unseal",
  });
  await assert.rejects(again.unseal("three words are"), { code: "locked", message: /passphrase is another one/ });
  await again.unseal("four words are enough");
  assert.equal(await again.read("provider:x"), "sk-x");
});

test("a start that was interrupted at any step of the making ends in an open vault", async (context) => {
  const where = await places(context);
  const vault = await open(where);
  await vault.write("provider:x", "sk-x");
  // Killed between the vault and what stands beside it.
  await rm(where.about);
  assert.equal(await (await open(where)).read("provider:x"), "sk-x");
  // Killed between the key and the vault.
  await rm(where.file);
  await rm(where.before);
  const fresh = await open(where);
  assert.equal(fresh.status().state, "open");
  // A vault that was there and is gone is not replaced by an empty one.
  await rm(where.file);
  assert.match((await open(where)).status().reason ?? "", /vault\.age is missing/);
});

test("VLT-006 GAP-004 the plain file of before is moved in, and goes once the sealed copy was read back", async (context) => {
  const where = await places(context);
  const secrets = { "provider:a": { value: "sk-a", updatedAt: 1 }, "provider:b": { value: "sk-old", updatedAt: 1 } };
  await writeFile(where.plain, JSON.stringify({ version: 1, secrets }), { mode: 0o600 });
  const vault = await open(where);
  await vault.write("provider:b", "sk-new");
  assert.match((await movePlainFile(where, vault)) ?? "", /^1 secrets of .*removed$/);
  await assert.rejects(stat(where.plain), { code: "ENOENT" });
  const again = await open(where);
  assert.equal(await again.read("provider:a"), "sk-a");
  assert.equal(await again.read("provider:b"), "sk-new");
  assert.equal(await movePlainFile(where, again), undefined);

  await writeFile(where.plain, "{", { mode: 0o600 });
  await assert.rejects(movePlainFile(where, again), { code: "config_invalid" });
  assert.equal(await readFile(where.plain, "utf8"), "{");
  // What cannot be read back is not removed.
  await writeFile(where.plain, JSON.stringify({ secrets: { "provider:c": secrets["provider:a"] } }));
  const write = again.writeAll;
  const losing = {
    ...again,
    writeAll: async (values: ReadonlyMap<string, string>) => (
      await write(values),
      await copyFile(where.before, where.file)
    ),
  };
  await assert.rejects(movePlainFile(where, losing), { code: "internal", message: /nothing was removed/ });
  assert.match(await readFile(where.plain, "utf8"), /sk-a/);
});

test("what we seal age opens and what age seals we open, whatever the length", async () => {
  const key = createAgeKey();
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.nat(300), fc.constantFrom(65_535, 65_536, 65_537, 131_072, 140_000)),
      async (length) => {
        const plain = Buffer.alloc(length, 7);
        const decrypter = new Decrypter();
        decrypter.addIdentity(key.identity);
        assert.deepEqual(
          Buffer.from(await decrypter.decrypt(sealFile(plain, [createAgeKey().recipient, key.recipient]))),
          plain,
        );
        const encrypter = new Encrypter();
        encrypter.addRecipient(key.recipient);
        assert.deepEqual(unsealFile(Buffer.from(await encrypter.encrypt(plain)), key), { kind: "unsealed", plain });
      },
    ),
    { numRuns: 30 },
  );
});

test("passphrases, too; and a file that would take too long to try is refused", async () => {
  const plain = Buffer.from("hello");
  const decrypter = new Decrypter();
  decrypter.addPassphrase("correct horse");
  assert.equal(await decrypter.decrypt(await sealWithPassphrase(plain, "correct horse"), "text"), "hello");
  const encrypter = new Encrypter();
  encrypter.setPassphrase("correct horse");
  encrypter.setScryptWorkFactor(10);
  const sealed = Buffer.from(await encrypter.encrypt(plain));
  assert.deepEqual(await unsealWithPassphrase(sealed, "correct horse"), { kind: "unsealed", plain });
  assert.deepEqual(await unsealWithPassphrase(sealed, "wrong horse"), { kind: "other key" });
  const greedy = Buffer.from(sealed.toString("latin1").replace(/ 10\n/, " 30\n"), "latin1");
  assert.equal((await unsealWithPassphrase(greedy, "correct horse")).kind, "damaged");
});

test("every flipped bit of a sealed file is noticed", () => {
  const key = createAgeKey();
  const sealed = sealFile(Buffer.from("secret"), [key.recipient]);
  for (let at = 0; at < sealed.length; at += 1) {
    const bad = Buffer.from(sealed);
    bad[at] = (bad[at] ?? 0) ^ 4;
    assert.notEqual(unsealFile(bad, key).kind, "unsealed", `byte ${at}`);
  }
});

test("a mistyped key is told from a whole one", () => {
  const { identity } = createAgeKey();
  assert.equal(parseIdentity(identity).ok, true);
  assert.equal(parseIdentity(identity.toLowerCase()).ok, true);
  for (let at = 0; at < identity.length; at += 1) {
    const letter = identity[at] === "Q" ? "P" : "Q";
    assert.equal(parseIdentity(`${identity.slice(0, at)}${letter}${identity.slice(at + 1)}`).ok, false, String(at));
  }
});
