// Who has to wait because of whose guesses.
import assert from "node:assert/strict";
import { scryptSync } from "node:crypto";
import { test } from "node:test";
import { limits } from "../../../src/base/limits.ts";
import { sha256 } from "../../../src/base/ids.ts";
import { createAuth } from "../../../src/gateway/auth/auth.ts";
import type { Shown } from "../../../src/gateway/auth/auth.ts";
import { createPasswordCheck } from "../../../src/gateway/auth/password.ts";
import { refusal } from "../../../src/protocol/handshake.ts";
import type { ConnectRefusal } from "../../../src/protocol/handshake.ts";
import type { SharedProof } from "../../../src/pairing/pairing.ts";
import { token } from "../../faux/edge.ts";
import { accessOf } from "../../faux/gateway/access.ts";

/** Cheap, because nothing here measures time. */
function hashOf(password: string): string {
  const salt = Buffer.from("salt");
  return [
    "scrypt",
    4,
    salt.toString("hex"),
    scryptSync(password, salt, 32, { N: 16, r: 8, p: 1 }).toString("hex"),
  ].join("$");
}

const deviceTokens: Readonly<Record<string, string>> = { phone: "phones-own", other: "others-own" };

/** Devices as the door has them: a token of their own lets them in, else what the shared secret proved. */
function openDoor(change: Parameters<typeof accessOf>[0]) {
  const clock = { ms: 1_000_000 };
  const access = accessOf(change);
  const auth = createAuth({ access: () => access, now: () => clock.ms });
  return {
    clock,
    /** Everybody comes from one address. */
    async attempt(shown: Shown, deviceId?: string): Promise<string> {
      const req = { headers: {}, socket: { remoteAddress: "203.0.113.9" } } as never;
      const decide = async (shared: SharedProof): Promise<{ readonly in: true } | ConnectRefusal> => {
        if (deviceId !== undefined && shown.deviceToken === deviceTokens[deviceId]) return { in: true };
        if (shown.deviceToken !== undefined) return refusal("", 1008, { code: "AUTH_DEVICE_TOKEN_MISMATCH" });
        if (shared.kind === "refused") return shared.refusal;
        return { in: true };
      };
      const decided = await auth.attempt({ req, shown, deviceId }, decide);
      return "in" in decided ? "in" : String(decided.error.details?.["code"]);
    },
  };
}

async function lock(door: ReturnType<typeof openDoor>, shown: Shown, deviceId?: string): Promise<void> {
  for (let count = 0; count < 11; count++) {
    await door.attempt(shown, deviceId);
    door.clock.ms += 400;
  }
  assert.equal(await door.attempt(shown, deviceId), "AUTH_RATE_LIMITED");
}

test("NET-019 who guesses locks out the token at that address, and no device that shows its own", async () => {
  const door = openDoor({ tokenHashes: [sha256(token)] });
  await lock(door, { token: "guess" });
  assert.equal(await door.attempt({ token }), "AUTH_RATE_LIMITED", "a right token is not heard either");
  assert.equal(await door.attempt({ deviceToken: "phones-own" }, "phone"), "in");
  assert.equal(await door.attempt({ token: "guess", deviceToken: "phones-own" }, "phone"), "in");
});

test("a device that guesses at its token waits, and the others at its address do not", async () => {
  const door = openDoor({ tokenHashes: [sha256(token)] });
  await lock(door, { deviceToken: "guess" }, "other");
  assert.equal(await door.attempt({ deviceToken: "others-own" }, "other"), "AUTH_RATE_LIMITED");
  assert.equal(await door.attempt({ deviceToken: "phones-own" }, "phone"), "in");
});

test("a device's own token does not wipe out what was guessed at the password beside it", async () => {
  const door = openDoor({ mode: "password", passwordHash: hashOf("correct horse battery") });
  const answers: string[] = [];
  for (let count = 0; count < 12; count++) {
    answers.push(await door.attempt({ password: `guess ${count}` }));
    assert.equal(await door.attempt({ password: "x", deviceToken: "phones-own" }, "phone"), "in");
    door.clock.ms += 400;
  }
  assert.deepEqual(new Set(answers.slice(0, 10)), new Set(["AUTH_PASSWORD_MISMATCH"]));
  assert.deepEqual(answers.slice(10), ["AUTH_RATE_LIMITED", "AUTH_RATE_LIMITED"]);
});

test("a password is one secret, in whichever field it is guessed at", async () => {
  const door = openDoor({ mode: "password", passwordHash: hashOf("correct horse battery") });
  await lock(door, { password: "guess" });
  assert.equal(await door.attempt({ token: "correct horse battery" }), "AUTH_RATE_LIMITED");
  door.clock.ms += 60_000;
  assert.equal(await door.attempt({ token: "correct horse battery" }), "in");
});

test("a queue full of guesses does not keep out whoever has shown the right password before", async () => {
  const check = createPasswordCheck();
  const hash = hashOf("correct horse battery");
  assert.equal(await check("correct horse battery", hash), true);
  const places = limits.passwordChecksMax + limits.passwordChecksWaitingMax;
  const guesses = Array.from({ length: places }, (_, count) => check(`guess ${count}`, hash));
  await assert.rejects(check("one more", hash), { message: /too many passwords/ });
  assert.equal(await check("correct horse battery", hash), true);
  assert.deepEqual(new Set(await Promise.all(guesses)), new Set([false]));
  assert.equal(await check("correct horse battery", hashOf("another one by now")), false);
});
