import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256 } from "../../src/base/ids.ts";
import { mintSignInLink } from "../../src/vault/vault.ts";
import type { SignInOffer } from "../../src/vault/vault.ts";

test("a sign-in link carries a code of its own in the fragment, and the gateway is told its hash and no more", async () => {
  const offers: unknown[] = [];
  const offer = async (offered: SignInOffer) => offers.push(offered);
  const pages = ["http://127.0.0.1:18789/", "https://lorica.example/ui/"];
  const links = [await mintSignInLink({ pages, now: 5, offer }), await mintSignInLink({ pages, now: 6, offer })];
  const codes = links.map(({ url }) => /^http:\/\/127\.0\.0\.1:18789\/#code=([\w-]{32})$/.exec(url)?.[1] ?? "");
  assert.equal(new Set(codes).size, 2);
  assert.deepEqual(
    links.map(({ alternatives, expiresAt }) => [alternatives, expiresAt]),
    codes.map((code, index) => [[`https://lorica.example/ui/#code=${code}`], 600_005 + index]),
  );
  assert.deepEqual(
    offers,
    codes.map((code, index) => ({ hash: sha256(code), scopes: ["operator.admin"], expiresAt: 600_005 + index })),
  );
});

test("there is no link where there is no page, and none that the gateway does not know", async () => {
  const offer = () => Promise.reject(new Error("the link to the gateway is gone"));
  await assert.rejects(mintSignInLink({ pages: [], now: 0, offer }), /gateway\.controlUi\.enabled is false/);
  await assert.rejects(mintSignInLink({ pages: ["http://a/"], now: 0, offer }), /the link to the gateway is gone/);
});
