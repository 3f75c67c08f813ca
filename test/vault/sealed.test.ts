// The sealed vault: what opens it, what survives what, and what other parts get of it.
import assert from "node:assert/strict";
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { Decrypter } from "age-encryption";
import { unsealFile } from "../../src/vault/age/age-file.ts";
import { createAgeKey, parseKeyFile } from "../../src/vault/age/key.ts";
import { adoptKey, movePlainFile, openVault } from "../../src/vault/vault.ts";
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
    waitsForPassphrase: true,
  });
  await assert.rejects(again.unseal("three words are"), { code: "locked", message: /passphrase is another one/ });
  assert.equal(again.status().waitsForPassphrase, true);
  await again.unseal("four words are enough");
  assert.equal(again.status().waitsForPassphrase, false);
  assert.equal(await again.read("provider:x"), "sk-x");
});

test("VLT-008 a vault that is locked while its key is replaced stays locked", async (context) => {
  const where = await places(context);
  const vault = await open(where);
  await vault.write("provider:x", "sk-x");
  const replacing = vault.rekey({ identity: "passphrase", passphrase: "four words are enough" });
  vault.lock();
  // Whether it was in time or not, the owner's word that it is locked holds.
  await replacing.catch(() => undefined);
  assert.equal(vault.status().state, "locked");
  const later = await open(where);
  if (later.status().state === "locked") await later.unseal("four words are enough");
  const again = later.rekey({ identity: "key-file", keyFile: where.keyFile });
  await new Promise(setImmediate);
  later.lock();
  await again;
  assert.equal(later.status().state, "locked");
  assert.deepEqual([...later.values()], []);
});

test("VLT-008 a vault of which nothing is said is asked for its passphrase where one opens it", async (context) => {
  const where = await places(context);
  const vault = await open(where);
  await vault.write("provider:x", "sk-x");
  await vault.rekey({ identity: "passphrase", passphrase: "four words are enough" });
  await rm(where.about);
  const again = await open(where);
  assert.equal(again.status().reason, "it waits for its passphrase");
  await again.unseal("four words are enough");
  assert.equal(await again.read("provider:x"), "sk-x");
});

test("a unit that goes on giving the former credential does not keep out the key file that replaced it", async (context) => {
  const where = await places(context);
  const credential = join(where.stateDir, "..", `${basename(where.stateDir)}-credential`);
  context.after(() => rm(credential, { force: true }));
  const vault = await open(where);
  await copyFile(where.keyFile, credential);
  const served = { ...where, credential };
  const ofUnit = await open(served);
  await ofUnit.rekey({ identity: "systemd-credential" });
  await assert.rejects(stat(where.keyFile), { code: "ENOENT" });
  assert.equal((await open(served)).status().state, "open");
  assert.equal((await open(where)).status().state, "locked");
  await (await open(served)).rekey({ identity: "key-file", keyFile: where.keyFile });
  assert.equal((await open(served)).status().state, "open");
  assert.equal(vault.status().state, "open");
});

test("BAK-003 a restored vault whose key was replaced since then is opened with the former key, and none is lost", async (context) => {
  const where = await places(context);
  const vault = await open(where);
  await vault.write("provider:x", "sk-x");
  const former = vault.identity();
  const backup = new Map<string, Buffer>();
  for (const path of [where.file, where.about]) backup.set(path, await readFile(path));
  await vault.rekey({ identity: "key-file", keyFile: where.keyFile });
  const present = await readFile(where.keyFile, "utf8");
  for (const [path, bytes] of backup) await writeFile(path, bytes);
  assert.equal((await open(where)).status().state, "locked");
  const keyFile = await adoptKey(where, former);
  assert.notEqual(keyFile, where.keyFile);
  assert.equal(await (await open(where)).read("provider:x"), "sk-x");
  assert.equal(await readFile(where.keyFile, "utf8"), present);
});

test("BAK-003 a vault that was restored into another home has a key file of its own there, also where it could read the former", async (context) => {
  const home = async (): Promise<VaultPlaces> => {
    const where = await places(context);
    return { ...where, keyFile: join(dirname(where.keyFile), "lorica/vault.key") };
  };
  const [there, here] = [await home(), await home()];
  const vault = await open(there);
  await vault.write("provider:x", "sk-x");
  const identity = vault.identity();
  // As both are after the first restore: the vault of the other home lies here and names the key of there.
  for (const name of ["file", "about"] as const) {
    await mkdir(dirname(here[name]), { recursive: true });
    await writeFile(here[name], await readFile(there[name]), { mode: 0o600 });
  }
  assert.equal((await open(here)).status().keyFile, there.keyFile);
  assert.equal(await adoptKey(here, identity), here.keyFile);
  await (await open(here)).rekey({ identity: "key-file", keyFile: here.keyFile });
  assert.equal(await (await open(there)).read("provider:x"), "sk-x");
  assert.equal(await (await open(here)).read("provider:x"), "sk-x");
});

test("a key file in a place that its owner chose stays there", async (context) => {
  const where = await places(context);
  const chosen = join(dirname(dirname(where.keyFile)), "stick/my.key");
  const vault = await open(where);
  await vault.rekey({ identity: "key-file", keyFile: chosen });
  assert.equal(await adoptKey(where, vault.identity()), chosen);
});

test("BAK-003 a vault that a service's credential opened goes on elsewhere with that key in a file", async (context) => {
  const where = await places(context);
  const vault = await open(where);
  const { recipient } = vault.status();
  const identity = vault.identity();
  await writeFile(where.about, JSON.stringify({ version: 1, identity: "systemd-credential", recipient }));
  await rm(where.keyFile);
  assert.equal((await open(where)).status().state, "locked");
  assert.equal(await adoptKey(where, identity), where.keyFile);
  assert.equal((await open(where)).status().state, "open");
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

  // An earlier version was in use again, and stored something newer.
  const later = { "provider:b": { value: "sk-newest", updatedAt: 2_000 } };
  await writeFile(where.plain, JSON.stringify({ version: 1, secrets: later }), { mode: 0o600 });
  assert.match((await movePlainFile(where, again)) ?? "", /^1 secrets/);
  assert.equal(await again.read("provider:b"), "sk-newest");

  await writeFile(where.plain, "{", { mode: 0o600 });
  await assert.rejects(movePlainFile(where, again), { code: "config_invalid" });
  assert.equal(await readFile(where.plain, "utf8"), "{");
  // What cannot be read back is not removed.
  await writeFile(where.plain, JSON.stringify({ secrets: { "provider:c": secrets["provider:a"] } }), { mode: 0o600 });
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
