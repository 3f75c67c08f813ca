// What another process may try while the owner changes the config by command.
import assert from "node:assert/strict";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { createServer } from "node:net";
import { test } from "node:test";
import { limits } from "../../../src/base/limits.ts";
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
