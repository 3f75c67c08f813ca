import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { buildDeviceAuthPayload, buildDeviceAuthPayloadV3 } from "@openclaw/gateway-client";
import fc from "fast-check";
import {
  createDeviceIdentity,
  encodeClaim,
  normalMetadata,
  parsePublicKey,
  signClaim,
  signedToken,
  verifyClaim,
} from "../../src/protocol/device/identity.ts";
import type { DeviceClaim } from "../../src/protocol/device/identity.ts";

// RFC 8032, section 7.1, tests 1 to 3; the names are what `sha256sum` says of the raw bytes.
const published = [
  {
    raw: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    deviceId: "21fe31dfa154a261626bf854046fd2271b7bed4b6abe45aa58877ef47f9721b9",
  },
  {
    raw: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    deviceId: "39f713d0a644253f04529421b9f51b9b08979d08295959c4f3990ee617f5139f",
  },
];

const claim: DeviceClaim = {
  deviceId: "d".repeat(64),
  clientId: "cli",
  clientMode: "cli",
  role: "operator",
  scopes: ["operator.read", "operator.write"],
  signedAtMs: 1_700_000_000_000,
  token: "the token",
  nonce: "the nonce",
  platform: " Linux ",
  deviceFamily: undefined,
};

test("a device is named by the SHA-256 of its raw key, in both spellings of the key", () => {
  for (const { raw, deviceId } of published) {
    const encoded = Buffer.from(raw, "hex").toString("base64url");
    const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: encoded }, format: "jwk" });
    for (const text of [encoded, key.export({ type: "spki", format: "pem" }).toString()]) {
      const result = parsePublicKey(text);
      assert.deepEqual(result.ok && [result.value.deviceId, result.value.encoded], [deviceId, encoded]);
    }
  }
});

test("what is not the one spelling of an Ed25519 key is refused", () => {
  const good = createDeviceIdentity().publicKey;
  const rsa = generateKeyPairSync("rsa", { modulusLength: 512 }).publicKey.export({ type: "spki", format: "pem" });
  const curve = generateKeyPairSync("x25519").publicKey.export({ type: "spki", format: "pem" });
  const bad = ["", "a", good.slice(1), `${good}=`, `${good}A`, good.replace(/.$/, "*"), ` ${good}`, "A".repeat(5_000)];
  const pems = [rsa, curve, "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"].map(String);
  for (const text of [...bad, ...pems])
    assert.deepEqual(parsePublicKey(text), { ok: false, reason: "not an Ed25519 public key" });
});

test("any text is a key or is refused, and never throws", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
      assert.equal(typeof parsePublicKey(text).ok, "boolean");
    }),
  );
});

test("the signed text is what the clients of others sign", () => {
  const text = fc.string({ maxLength: 20 });
  const claims = fc.record({
    deviceId: text,
    clientId: text,
    clientMode: text,
    role: text,
    scopes: fc.array(text, { maxLength: 4 }),
    signedAtMs: fc.nat(),
    token: text,
    nonce: text,
    platform: fc.option(text, { nil: undefined }),
    deviceFamily: fc.option(text, { nil: undefined }),
  });
  fc.assert(
    fc.property(claims, (each) => {
      const { platform, deviceFamily, ...rest } = each;
      const theirs = {
        ...rest,
        scopes: [...each.scopes],
        ...(platform === undefined ? {} : { platform }),
        ...(deviceFamily === undefined ? {} : { deviceFamily }),
      };
      assert.equal(encodeClaim("v2", each), buildDeviceAuthPayload(theirs));
      assert.equal(encodeClaim("v3", each), buildDeviceAuthPayloadV3(theirs));
    }),
  );
  assert.equal(normalMetadata(" MacIntel ÄÖ"), "macintel ÄÖ");
});

test("the signature covers the first credential that is shown, and never a password", () => {
  const all = { token: "t", deviceToken: "d", bootstrapToken: "b" };
  assert.deepEqual(
    [all, { ...all, token: undefined }, { bootstrapToken: "b" }, {}, undefined].map((auth) => signedToken(auth)),
    ["t", "d", "b", "", ""],
  );
});

test("a signature holds for exactly what was signed, and for no other field, key or version", () => {
  const { publicKey, privateKeyPem } = createDeviceIdentity();
  const parsedKey = parsePublicKey(publicKey);
  assert.ok(parsedKey.ok);
  const { key } = parsedKey.value;
  const signature = signClaim(claim, privateKeyPem);
  assert.equal(verifyClaim(claim, { key, signature }, ["v3"]), true);
  assert.equal(verifyClaim({ ...claim, platform: "linux" }, { key, signature }, ["v3"]), true);
  const changes: readonly Partial<DeviceClaim>[] = [
    { deviceId: "e".repeat(64) },
    { clientId: "test" },
    { clientMode: "ui" },
    { role: "node" },
    { scopes: ["operator.admin"] },
    { scopes: [] },
    { signedAtMs: claim.signedAtMs + 1 },
    { token: "another" },
    { nonce: "another" },
    { platform: "darwin" },
    { deviceFamily: "phone" },
  ];
  for (const change of changes)
    assert.equal(verifyClaim({ ...claim, ...change }, { key, signature }, ["v3", "v2"]), false, JSON.stringify(change));
  assert.equal(verifyClaim(claim, { key, signature }, ["v2"]), false);
  const other = parsePublicKey(createDeviceIdentity().publicKey);
  assert.ok(other.ok);
  assert.equal(verifyClaim(claim, { key: other.value.key, signature }, ["v3"]), false);
  for (const half of ["", signature.slice(0, 43), `${signature}AAAA`, "*".repeat(86)])
    assert.equal(verifyClaim(claim, { key, signature: half }, ["v3"]), false);
});
