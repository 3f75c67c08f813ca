// The files of age: ours and the library's are each other's, and no bit of them changes unseen.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Decrypter, Encrypter } from "age-encryption";
import fc from "fast-check";
import { sealFile, unsealFile } from "../../src/vault/age/age-file.ts";
import { createAgeKey, parseIdentity } from "../../src/vault/age/key.ts";
import { sealWithPassphrase, unsealWithPassphrase } from "../../src/vault/age/passphrase.ts";

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
  for (let bit = 0; bit < sealed.length * 8; bit += 1) {
    const bad = Buffer.from(sealed);
    bad[bit >> 3] = (bad[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    assert.notEqual(unsealFile(bad, key).kind, "unsealed", `bit ${bit}`);
  }
  // The last letter of the head's check sum has two bits to spare: three other letters would mean the same.
  const at = sealed.indexOf("\n", sealed.indexOf("--- ")) - 1;
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const respelled = Buffer.from(sealed);
  respelled[at] = letters.charCodeAt(letters.indexOf(String.fromCharCode(sealed[at] ?? 0)) + 1);
  assert.equal(unsealFile(respelled, key).kind, "damaged");
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
