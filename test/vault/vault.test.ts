// The vault's file, the gateway's token, and the variables that carry credentials.
import assert from "node:assert/strict";
import { chmod, link, mkdtemp, readFile, readdir, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { limits } from "../../src/base/limits.ts";
import { createGatewayToken, ensureGatewayToken, gatewayTokenName, parseGatewayToken } from "../../src/vault/vault.ts";
import { openTestVault } from "../faux/vault/test-vault.ts";

const clock = { now: () => 1_000 };
const none: ReadonlyMap<string, string> = new Map();

async function folder(context: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "lorica-vault-"));
  context.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

test("CFG-005 secrets survive in a 0600 file in credentials, and only their names are listed", async (context) => {
  const path = join(await folder(context), "vault.age");
  const vault = await openTestVault({ path, clock, given: none });
  await vault.write("provider:openai", "sk-one");
  await vault.write("provider:anthropic", "sk-two");
  await vault.write("provider:openai", "sk-three");
  assert.equal(await vault.remove("provider:missing"), false);
  const again = await openTestVault({ path, clock, given: none });
  assert.equal(await again.read("provider:openai"), "sk-three");
  assert.deepEqual(await again.list(), [
    { name: "provider:anthropic", updatedAt: 1_000 },
    { name: "provider:openai", updatedAt: 1_000 },
  ]);
  assert.equal(await again.remove("provider:openai"), true);
  assert.equal(await again.read("provider:openai"), undefined);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
});

test("writes at the same time all arrive, and leave no temporary file", async (context) => {
  const dir = await folder(context);
  const vault = await openTestVault({ path: join(dir, "vault.age"), clock, given: none });
  const names = Array.from({ length: 20 }, (_, index) => `provider:p${index}`);
  await Promise.all(names.map((name) => vault.write(name, `value of ${name}`)));
  const again = await openTestVault({ path: join(dir, "vault.age"), clock, given: none });
  assert.deepEqual((await again.list()).map(({ name }) => name).toSorted(), names.toSorted());
  assert.deepEqual((await readdir(dir)).toSorted(), ["vault.age", "vault.age.bak", "vault.json", "vault.key"]);
});

test("what the environment gives wins and is never written", async (context) => {
  const path = join(await folder(context), "vault.age");
  const vault = await openTestVault({ path, clock, given: new Map([["provider:openai", "sk-from-env"]]) });
  await vault.write("provider:openai", "sk-stored");
  assert.equal(await vault.read("provider:openai"), "sk-from-env");
  assert.equal(vault.sourceOf("provider:openai"), "environment");
  assert.deepEqual([...vault.values()].toSorted(), ["sk-from-env", "sk-stored"]);
  assert.doesNotMatch(await readFile(path, "utf8"), /sk-from-env/);
});

test("a file that others could read, swap or have made is refused with what to do", async (context) => {
  const dir = await folder(context);
  const path = join(dir, "vault.age");
  await openTestVault({ path, clock, given: none });
  await chmod(path, 0o640);
  await assert.rejects(openTestVault({ path, clock, given: none }), { code: "forbidden", message: /chmod 600/ });
  await chmod(path, 0o600);
  await link(path, join(dir, "second"));
  await assert.rejects(openTestVault({ path, clock, given: none }), { code: "forbidden", message: /hard link/ });
  await rm(path);
  await symlink(join(dir, "second"), path);
  await assert.rejects(openTestVault({ path, clock, given: none }), { code: "forbidden", message: /symbolic link/ });
  await rm(path);
  await rename(join(dir, "second"), path);
  await chmod(dir, 0o755);
  const vault = await openTestVault({ path, clock, given: none });
  await assert.rejects(vault.write("provider:openai", "sk"), { code: "forbidden", message: /chmod 700/ });
});

test("a damaged vault stays locked, is left as it is and says what to do", async (context) => {
  const path = join(await folder(context), "vault.age");
  const whole = await openTestVault({ path, clock, given: none });
  await whole.write("provider:x", "sk-x");
  const sealed = await readFile(path);
  const flipped = Buffer.from(sealed);
  flipped[flipped.length - 20] = (flipped.at(-20) ?? 0) ^ 1;
  for (const bytes of [Buffer.alloc(0), Buffer.from("[]"), sealed.subarray(0, -1), flipped]) {
    await writeFile(path, bytes, { mode: 0o600 });
    const vault = await openTestVault({ path, clock, given: none });
    const { state, reason } = vault.status();
    assert.equal(state, "locked");
    assert.match(reason ?? "", /vault\.age is damaged: .*vault\.age\.bak: copy it over/);
    await assert.rejects(vault.write("provider:y", "sk-y"), { code: "locked" });
    await assert.rejects(vault.read("provider:x"), { code: "locked" });
    assert.deepEqual(await readFile(path), bytes);
  }
});

test("names and values are bounded, and a refused value is not in the message", async (context) => {
  const vault = await openTestVault({ path: join(await folder(context), "vault.age"), clock, given: none });
  for (const name of ["", "openai", "provider:", "provider:../x", "Provider:x", "a:b c"])
    await assert.rejects(vault.write(name, "sk-hidden"), { code: "invalid_request" });
  await assert.rejects(vault.write("provider:x", " "), { code: "invalid_request" });
  await assert.rejects(
    vault.write("provider:x", "sk-hidden\0"),
    (error: Error) => !error.message.includes("sk-hidden"),
  );
  await assert.rejects(vault.write("provider:x", "x".repeat(limits.secretMaxBytes + 1)), { code: "too_large" });
});

test("GW-028 a missing gateway token is generated with 64 hex digits and kept", async (context) => {
  const path = join(await folder(context), "vault.age");
  const first = await ensureGatewayToken(await openTestVault({ path, clock, given: none }));
  assert.match(first, /^[0-9a-f]{64}$/);
  const vault = await openTestVault({ path, clock, given: none });
  assert.equal(await ensureGatewayToken(vault), first);
  const second = await createGatewayToken(vault);
  assert.notEqual(second, first);
  assert.equal(await ensureGatewayToken(vault), second);
});

test("GW-028 ADV-031 tokens that are no tokens are refused wherever they come from", async (context) => {
  const path = join(await folder(context), "vault.age");
  for (const token of [
    "",
    "  ",
    "null",
    "undefined",
    "Undefined",
    "x".repeat(31),
    "x".repeat(64),
    `${"ab12cd34".repeat(4)}\n€`,
  ])
    assert.equal(parseGatewayToken(token).ok, false, JSON.stringify(token));
  assert.deepEqual(parseGatewayToken(" 0123456789abcdef0123456789abcdef\n"), {
    ok: true,
    value: "0123456789abcdef0123456789abcdef",
  });
  const vault = await openTestVault({ path, clock, given: new Map([[gatewayTokenName, "undefined"]]) });
  await assert.rejects(ensureGatewayToken(vault), { code: "config_invalid", message: /the environment or the config/ });
});
