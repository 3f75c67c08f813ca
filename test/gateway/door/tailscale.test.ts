// People of a tailnet, let in by the word of its daemon and by no header.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createAuth } from "../../../src/gateway/auth/auth.ts";
import type { Incoming } from "../../../src/gateway/auth/peer.ts";
import { accessOf } from "../../faux/gateway/access.ts";

const login = "me@example.com";
const headers = { "tailscale-user-login": login, "x-forwarded-for": "100.64.0.9" };

async function proofOf(change: Record<string, string | undefined>, peer = "127.0.0.1", allowTailscale = true) {
  const asked: string[] = [];
  const auth = createAuth({
    access: () => accessOf({ allowTailscale }),
    now: () => 0,
    whois: async (address) => {
      asked.push(address);
      return address === "100.64.0.9" ? { user: login } : undefined;
    },
  });
  const req = { headers: { ...headers, ...change }, socket: { remoteAddress: peer } } as unknown as Incoming;
  const proof = await auth.prove(req, {});
  return { proof: proof.kind === "refused" ? proof.refusal.error.details?.["code"] : proof, asked };
}

test("NET-007 KEY-009 a login counts only from this machine's proxy, with an address, and as the daemon knows it", async () => {
  assert.deepEqual(await proofOf({}), {
    proof: { kind: "proved", method: "tailscale", user: login },
    asked: ["100.64.0.9"],
  });
  const refused = async (code: string, change: Record<string, string | undefined>, peer?: string) =>
    assert.equal((await proofOf(change, peer)).proof, code);
  await refused("AUTH_TAILSCALE_PROXY_MISSING", {}, "192.0.2.7");
  await refused("AUTH_TAILSCALE_PROXY_MISSING", { "x-forwarded-for": undefined });
  await refused("AUTH_TAILSCALE_IDENTITY_MISMATCH", { "tailscale-user-login": "root@example.com" });
  await refused("AUTH_TAILSCALE_WHOIS_FAILED", { "x-forwarded-for": "100.64.0.77" });
});

test("NET-007 KEY-009 where it is not asked for nobody is let in by a header, and the daemon is not asked", async () => {
  assert.deepEqual(await proofOf({}, "127.0.0.1", false), { proof: { kind: "absent" }, asked: [] });
  assert.deepEqual(await proofOf({ "tailscale-user-login": undefined }), { proof: { kind: "absent" }, asked: [] });
});
