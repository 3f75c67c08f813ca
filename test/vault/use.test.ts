// What a credential may be used for, and what is unusual about a use.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { openUseBook } from "../../src/vault/vault.ts";
import type { SealedVault } from "../../src/vault/vault.ts";
import { parseBinding, renderBinding, violationOf } from "../../src/vault/binding.ts";
import { openTestVault } from "../faux/vault/test-vault.ts";

const hourMs = 3_600_000;

async function folder(context: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "lorica-use-"));
  context.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

async function vaultWith(context: TestContext, name: string): Promise<SealedVault> {
  const path = join(await folder(context), "vault.age");
  const vault = await openTestVault({ path, clock: { now: () => 1 }, given: new Map([["env:x", "given"]]) });
  await vault.write(name, "sk-bound");
  return vault;
}

const use = (url: string, more: object = {}) => ({ url, method: "POST", at: "authorization", ...more });

test("ADV-018 a bound credential goes to its host and nowhere that only looks like it", async (context) => {
  const vault = await vaultWith(context, "provider:x");
  const binding = parseBinding("host=api.x.com,path=/v1,method=POST,at=authorization,agent=main");
  assert.ok(binding.ok);
  await vault.bind("provider:x", binding.value);
  const main = { agentId: "main" };
  assert.equal(await vault.use("provider:x", use("https://api.x.com/v1/messages", main)), "sk-bound");
  assert.equal(await vault.use("provider:x", use("https://api.x.com:443/v1", main)), "sk-bound");
  const refused: readonly [string, object][] = [
    ["https://api.x.com.evil.org/v1/messages", main],
    ["https://evil-api.x.com/v1/messages", main],
    ["https://x.com/v1/messages", main],
    ["https://api.x.com:8443/v1/messages", main],
    ["http://api.x.com/v1/messages", main],
    ["http://api.x.com:80/v1/messages", main],
    ["https://api.x.com/v10/messages", main],
    ["https://api.x.com/v1/../admin", main],
    ["https://api.x.com/v1/messages", { ...main, method: "DELETE" }],
    ["https://api.x.com/v1/messages", { ...main, at: "x-api-key" }],
    ["https://api.x.com/v1/messages", { agentId: "other" }],
    ["https://api.x.com/v1/messages", {}],
  ];
  for (const [url, more] of refused)
    await assert.rejects(
      vault.use("provider:x", use(url, more)),
      (error: Error & { code: string }) =>
        error.code === "forbidden" && error.message.includes("vault set provider:x") && !error.message.includes("sk-"),
      `${url} ${JSON.stringify(more)}`,
    );
});

test("GAP-048 what was first used over TLS is not sent in plain text, and what is plain by the config goes on", async (context) => {
  const vault = await vaultWith(context, "provider:x");
  assert.equal(await vault.use("provider:x", use("https://api.x.com/v1")), "sk-bound");
  await assert.rejects(vault.use("provider:x", use("http://api.x.com/v1")), {
    code: "forbidden",
    message: /api\.x\.com:80/,
  });
  await vault.write("provider:y", "sk-plain");
  for (const url of ["http://box.lan/v1", "http://box.lan:80/v1"])
    assert.equal(await vault.use("provider:y", use(url)), "sk-plain");
  assert.equal(vault.binding("provider:y")?.hosts[0], "box.lan:80");
});

test("GAP-048 a provider whose place the config changes gets nothing until its owner binds the credential anew", async (context) => {
  const vault = await vaultWith(context, "provider:x");
  assert.equal(await vault.use("provider:x", use("https://api.x.com/v1/messages")), "sk-bound");
  assert.equal(await vault.use("provider:x", use("https://api.x.com/v2/other")), "sk-bound");
  await assert.rejects(vault.use("provider:x", use("https://relay.evil.org/v1/messages")), {
    code: "forbidden",
    message: /bound to api\.x\.com, not relay\.evil\.org.*--bind host=relay\.evil\.org/,
  });
  // A value that the owner stores is for the place that the config has now.
  await vault.write("provider:x", "sk-other");
  assert.equal(await vault.use("provider:x", use("https://api.y.com/v1/messages")), "sk-other");
  assert.equal(await vault.use("env:x", use("https://anywhere.org/")), "given");
  assert.equal(await vault.use("provider:none", use("https://anywhere.org/")), undefined);
});

test("a binding is written as it is read, and one that is none is refused", () => {
  const text =
    "host=api.x.com,host=api.y.com:8443,method=GET,path=/v1,at=x-api-key,account=telegram/default,agent=main";
  const binding = parseBinding(text);
  assert.ok(binding.ok);
  assert.equal(renderBinding(binding.value), text);
  assert.equal(
    violationOf(binding.value, use("https://api.y.com:8443/v1", { method: "GET" })),
    "it is bound to x-api-key, not authorization",
  );
  for (const bad of [
    "",
    "host",
    "host=",
    "path=/v1",
    "host=a b",
    "host=x.com,colour=red",
    "host=x.com,path=v1",
    "host=*.x.com",
  ])
    assert.equal(parseBinding(bad).ok, false, bad);
});

test("a use unlike all before is said once a day for each kind: rate, place, hour; ordinary use never", async (context) => {
  const path = join(await folder(context), "uses.json");
  let now = new Date(2026, 0, 5, 9).getTime();
  const clock = { now: () => now };
  let book = await openUseBook(path, clock);
  const usual = use("https://api.x.com/v1/messages");
  // Ten working days from nine to five, five calls an hour.
  for (let day = 0; day < 10; day += 1)
    for (let hour = 9; hour < 17; hour += 1)
      for (let call = 0; call < 5; call += 1) {
        now = new Date(2026, 0, 5 + day, hour, call).getTime();
        assert.deepEqual(book.count("provider:x", usual), [], new Date(now).toISOString());
      }
  assert.deepEqual(book.usesOf("provider:x"), { uses: 400, lastUsedAt: now });
  await book.save();
  book = await openUseBook(path, clock);
  assert.deepEqual(book.usesOf("provider:x"), { uses: 400, lastUsedAt: now });

  now = new Date(2026, 0, 15, 10).getTime();
  assert.deepEqual(book.count("provider:x", use("https://api.x.com/v1/files")), [
    "the credential provider:x was used at api.x.com/v1/files, where it never was before",
  ]);
  const said = Array.from({ length: 60 }, () => book.count("provider:x", usual)).flat();
  assert.deepEqual(said, ["the credential provider:x was used 31 times within an hour; 5 was the most before"]);
  now += 17 * hourMs;
  assert.deepEqual(book.count("provider:x", usual), [
    "the credential provider:x was used between 3 and 4 o'clock, when it never was before",
  ]);
  assert.deepEqual(book.count("provider:x", usual), []);
  // A credential that is new has no history to differ from.
  assert.deepEqual(book.count("provider:new", usual), []);
});
