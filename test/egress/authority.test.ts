import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { test } from "node:test";
import { createAuthority } from "../../src/egress/authority/authority.ts";
import { patternOf } from "../faux/network/way-out.ts";

test("a leaf is good for its host, signed by its authority and by no other", () => {
  const hosts = [patternOf("api.example.com")];
  const [one, other] = [createAuthority(hosts, Date.now()), createAuthority(hosts, Date.now())];
  const root = new X509Certificate(one.certificate);
  const leaf = new X509Certificate(one.leaf("api.example.com").cert);
  assert.equal(root.ca, true);
  assert.equal(leaf.ca, false);
  assert.equal(leaf.checkHost("api.example.com"), "api.example.com");
  assert.equal(leaf.checkHost("example.com"), undefined);
  assert.equal(leaf.verify(root.publicKey), true);
  assert.equal(leaf.verify(new X509Certificate(other.certificate).publicKey), false);
  assert.deepEqual(leaf.keyUsage, ["1.3.6.1.5.5.7.3.1"]);
});

test("a leaf is made once for each host", () => {
  const authority = createAuthority([patternOf("*.example.com")], Date.now());
  assert.equal(authority.leaf("a.example.com"), authority.leaf("a.example.com"));
  assert.notEqual(authority.leaf("a.example.com").cert, authority.leaf("b.example.com").cert);
});
