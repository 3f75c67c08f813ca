// What another process may try while the owner changes the config by command.
import assert from "node:assert/strict";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { createServer } from "node:net";
import { test } from "node:test";
import { limits } from "../../../src/base/limits.ts";
import { createConfigCalls, resolvePaths } from "../../../src/config/config.ts";
import { approved, bindOf, open, wider } from "./guarded.ts";

test("WD-001 an edit or a rollback by the owner takes nothing along from a file that another process keeps writing", async (context) => {
  const opened = await open(context);
  const { file, put } = opened;
  for (let round = 0; round <= limits.watchdogRoundsMax; round++) {
    await put(wider);
    await file.screen();
  }
  assert.equal(file.state(), "fighting");
  const set = (cap: number) => [{ op: "set", path: ["messages", "queue", "cap"], value: cap }] as const;
  const edited = await file.edit(set(5), { actor: "owner" });
  assert.equal(edited.kind, "saved");
  assert.equal(await bindOf(opened), "loopback");
  assert.match(await opened.text(), /the owner says so/);
  await put(wider);
  const far = await file.edit(set(6), { actor: "device", reach: "not wider" });
  assert(far.kind === "saved");
  assert.deepEqual([far.loaded.config.gateway.bind, await bindOf(opened)], ["loopback", "loopback"]);
});

test("WD-003 the owner's word is about the edit that they were shown, and no other that came after it", async (context) => {
  const { file, put, text } = await open(context);
  await put(wider);
  await file.screen();
  const calls = createConfigCalls(file, resolvePaths({ env: {}, home: "/nonexistent" }));
  const [shown] = await calls.pending();
  const evil = wider.replace("lan", "tailnet");
  await put(evil);
  await file.screen();
  assert.equal((await file.pending()).length, 2);
  await assert.rejects(file.accept([], "owner"), { code: "conflict", message: /config pending/ });
  await assert.rejects(file.accept(["gateway"], "owner"), { code: "conflict" });
  await assert.rejects(file.accept([], "owner", "0".repeat(12)), { code: "not_found" });
  assert.equal(await text(), approved);
  assert.equal((await file.accept([], "owner", shown?.digest.slice(0, 12))).kind, "saved");
  assert.equal(await text(), wider);
  // The other one is decided too: it neither waits nor stands in the way of the next.
  assert.deepEqual(
    (await file.pending()).map(({ state }) => state),
    ["rejected"],
  );
  await put(wider.replace("{\n", "{ commands: { text: false },\n"));
  await file.screen();
  assert.equal((await file.accept([], "owner")).kind, "saved");
});

test("a socket in the place of the config file is put right like a pipe", async (context) => {
  const opened = await open(context);
  const { paths, text } = opened;
  await rm(paths.configPath);
  const server = createServer().listen(paths.configPath);
  await once(server, "listening");
  context.after(() => server.close());
  assert.equal(await bindOf(opened), "loopback");
  assert.equal(await text(), approved);
});

test("GAP-006 an edit that mends an invalid file takes no credential along that was slipped in beside it", async (context) => {
  const withToken = (token: string, more = ""): string =>
    `{ gateway: { auth: { token: "${token.repeat(40)}" }${more} } }`;
  const { file, put } = await open(context, withToken("a"));
  await put(withToken("b", ", prot: 1"));
  const unset = [{ op: "unset", path: ["gateway", "prot"] }] as const;
  await assert.rejects(file.edit(unset, { actor: "owner" }), {
    code: "conflict",
    message: /the credential gateway:token/,
  });
  // Liveness: beside the owner's own token the same edit mends the file.
  await put(withToken("a", ", prot: 1"));
  assert.equal((await file.edit(unset, { actor: "owner" })).kind, "saved");
});

test("WD-002 a whole config that would open the gateway is put back also where it is not valid, and cannot be accepted as it is", async (context) => {
  const { file, put, text } = await open(context);
  const before = await text();
  const opened = '{ gateway: { bind: "lan", auth: { mode: "none" } } }';
  await put(opened);
  assert.equal((await file.screen()).kind, "loaded");
  assert.equal(await text(), before);
  const [pending] = await file.pending();
  assert.match(pending?.what ?? "", /gateway\.bind[^]*not valid: gateway\.auth\.mode: .*needs authentication/);
  assert.equal((await file.accept([], "owner")).kind, "refused");
  assert.equal(await text(), before);
});
