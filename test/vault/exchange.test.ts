// Secrets in and out of the vault: other programs' files, SOPS, age files.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { Decrypter, Encrypter, generateHybridIdentity, identityToRecipient, armor as ageArmor } from "age-encryption";
import { decryptSops } from "sops-age";
import { createAgeKey } from "../../src/vault/age/key.ts";
import { createOwnerCalls } from "../../src/vault/vault.ts";
import { openTestVault, testPlaces } from "../faux/vault/test-vault.ts";

const clock = { now: () => 1_700_000_000_000 };

async function create(context: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), "lorica-exchange-"));
  context.after(() => rm(folder, { recursive: true, force: true }));
  const vault = await openTestVault({ path: join(folder, "vault.age"), clock, given: new Map() });
  const records: (string | undefined)[] = [];
  const calls = createOwnerCalls({
    vault,
    places: testPlaces(folder),
    record: ({ resource }) => void records.push(resource),
    now: clock.now,
    onValues: async () => undefined,
    onLock: async () => undefined,
    usesOf: () => ({ uses: 0, lastUsedAt: null }),
  });
  return { vault, calls, records };
}

test("VLT-006 .env, auth profiles and auth.json are taken in under the names that are used here", async (context) => {
  const { calls, vault } = await create(context);
  const env =
    'export ANTHROPIC_API_KEY="sk-one"\nOPENCLAW_GATEWAY_TOKEN=tok\nMY_SERVICE_TOKEN=three\nPORT=1\nEMPTY_KEY=\n';
  assert.deepEqual(await calls["vault.import"]({ text: env }), {
    format: ".env",
    stored: ["provider:anthropic", "gateway:token", "env:my_service_token"],
    kept: [],
    skipped: [
      { name: "PORT", why: "nothing here is called so; store it with: vault set" },
      { name: "EMPTY_KEY", why: "it is empty" },
    ],
  });
  const profiles = {
    version: 1,
    profiles: {
      "anthropic:default": { type: "api_key", provider: "anthropic", key: "sk-two" },
      "openai:default": { type: "token", provider: "openai", token: "sk-openai" },
      "google:me": { type: "oauth", provider: "google", access: "a", refresh: "r" },
    },
  };
  const imported = await calls["vault.import"]({ text: JSON.stringify(profiles) });
  assert.deepEqual(imported.stored, ["provider:openai"]);
  assert.deepEqual(imported.kept, ["provider:anthropic"]);
  assert.deepEqual(imported.skipped, [{ name: "google:me", why: "it is a sign-in; sign in again here" }]);
  assert.equal(await vault.read("provider:anthropic"), "sk-one");
  await calls["vault.import"]({ text: JSON.stringify(profiles), replace: true });
  assert.equal(await vault.read("provider:anthropic"), "sk-two");
  const auth = { groq: { type: "api_key", key: "sk-groq" } };
  assert.deepEqual((await calls["vault.import"]({ text: JSON.stringify(auth), dryRun: true })).stored, [
    "provider:groq",
  ]);
  assert.equal(await vault.read("provider:groq"), undefined);
  await assert.rejects(calls["vault.import"]({ text: "what is this" }), { code: "invalid_request" });
});

test("ADV-031 words that a script leaves behind are no secrets", async (context) => {
  const { calls } = await create(context);
  const { stored } = await calls["vault.import"]({ text: "ANTHROPIC_API_KEY=undefined\nOPENAI_API_KEY=null\n" });
  assert.deepEqual(stored, []);
});

test("VLT-002 what is exported as SOPS another reader opens, and it comes back in; a changed one does not", async (context) => {
  const { calls, vault } = await create(context);
  await vault.write("provider:a", "sk-äöü-1");
  await vault.write("provider:b", "sk-2");
  const theirs = createAgeKey();
  const { sealed, secrets } = await calls["vault.export"]({ format: "sops", to: [theirs.recipient] });
  assert.equal(secrets, 2);
  const text = Buffer.from(sealed, "base64").toString();
  assert.doesNotMatch(text, /sk-/);
  const read = await decryptSops(text, { fileType: "json", secretKey: theirs.identity });
  assert.deepEqual(read, { "provider:a": "sk-äöü-1", "provider:b": "sk-2" });
  assert.deepEqual(await decryptSops(text, { fileType: "yaml", secretKey: theirs.identity }), read);

  const other = await create(context);
  await assert.rejects(other.calls["vault.import"]({ text }), { message: /sealed for somebody else.*--identity-file/ });
  const imported = await other.calls["vault.import"]({ text, identity: theirs.identity });
  assert.deepEqual(imported, { format: "SOPS with age", stored: ["provider:a", "provider:b"], kept: [], skipped: [] });
  assert.equal(await other.vault.read("provider:a"), "sk-äöü-1");

  const file = JSON.parse(text) as Record<string, string>;
  const swapped = { ...file, "provider:a": file["provider:b"], "provider:b": file["provider:a"] };
  const { "provider:b": _, ...without } = file;
  for (const bad of [swapped, without])
    await assert.rejects(
      other.calls["vault.import"]({ text: JSON.stringify(bad), identity: theirs.identity, replace: true }),
      { code: "invalid_request", message: /after it was sealed/ },
    );
});

test("VLT-002 files are sealed for the vault and for others, also for kinds of keys that are the library's", async (context) => {
  const { calls, records } = await create(context);
  const plain = Buffer.from("a letter").toString("base64");
  const own = await calls["vault.encrypt"]({ plain, armored: true });
  assert.match(Buffer.from(own.sealed, "base64").toString(), /^-----BEGIN AGE ENCRYPTED FILE-----\n/);
  assert.deepEqual(await calls["vault.decrypt"](own), { plain });

  const identity = await generateHybridIdentity();
  const hybrid = await calls["vault.encrypt"]({ plain, to: [await identityToRecipient(identity)] });
  await assert.rejects(calls["vault.decrypt"](hybrid), { code: "invalid_request" });
  assert.deepEqual(await calls["vault.decrypt"]({ ...hybrid, identity }), { plain });

  const { recipient } = await calls["vault.status"]();
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient ?? "");
  const armored = ageArmor.encode(await encrypter.encrypt("from age"));
  const opened = await calls["vault.decrypt"]({ sealed: Buffer.from(armored).toString("base64") });
  assert.equal(Buffer.from(opened.plain, "base64").toString(), "from age");
  const key = createAgeKey();
  const { sealed } = await calls["vault.export"]({ format: "age", to: [key.recipient] });
  const decrypter = new Decrypter();
  decrypter.addIdentity(key.identity);
  assert.equal(await decrypter.decrypt(Buffer.from(sealed, "base64"), "text"), "{}");
  await assert.rejects(calls["vault.encrypt"]({ plain, to: ["age1nobody"] }), { code: "invalid_request" });
  assert.equal(records.length, 4);
});

test("VLT-011 a value is shown only where it is asked for, and each look at it is on record", async (context) => {
  const { calls, records } = await create(context);
  await calls["vault.set"]({ name: "provider:x", value: " sk-x \n", binding: "host=api.x.com,path=/v1" });
  assert.deepEqual(await calls["vault.get"]({ name: "provider:x" }), {
    name: "provider:x",
    updatedAt: clock.now(),
    binding: "host=api.x.com,path=/v1",
    source: "vault",
    uses: 0,
    lastUsedAt: null,
  });
  const revealed = await calls["vault.get"]({ name: "provider:x", reveal: true });
  assert.equal("value" in revealed && revealed.value, "sk-x");
  await calls["vault.set"]({ name: "provider:x", value: "sk-y" });
  assert.equal((await calls["vault.list"]()).secrets[0]?.binding, "host=api.x.com,path=/v1");
  await calls["vault.set"]({ name: "provider:x", binding: "" });
  assert.equal((await calls["vault.list"]()).secrets[0]?.binding, null);
  await calls["vault.rotate"]({});
  assert.deepEqual(records, [
    "store provider:x bound to host=api.x.com,path=/v1",
    "reveal provider:x",
    "replace provider:x",
    "replace provider:x bound to nothing",
    "rotate",
  ]);
  await assert.rejects(calls["vault.get"]({ name: "provider:none" }), { code: "not_found" });
  await assert.rejects(calls["vault.init"]({ identity: "passphrase", passphrase: "short" }), {
    message: /shorter than 12/,
  });
});
