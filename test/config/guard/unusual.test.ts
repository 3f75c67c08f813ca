// What the guard makes of an edit that looks like an accident or an attack, and of an agent that would widen its own rights.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { Json } from "../../../src/base/json.ts";
import { createConfigFile, prepareStateDir, resolvePaths } from "../../../src/config/config.ts";
import { widens } from "../../../src/config/widen.ts";
import { temporary } from "../harness.ts";

const approved = {
  meta: { lastTouchedVersion: "1" },
  gateway: { mode: "local", bind: "loopback", auth: { mode: "token", rateLimit: { maxAttempts: 5 } } },
  agents: { defaults: { sandbox: { mode: "all", workspaceAccess: "ro", instructions: "ro" } } },
  tools: { profile: "messaging", allow: ["read"], deny: ["exec"], exec: { security: "deny" } },
  messages: { queue: { cap: 5 } },
} as const;

async function open(context: TestContext) {
  const paths = resolvePaths({ env: {}, home: await temporary(context) });
  await prepareStateDir(paths);
  const put = (config: Json) => writeFile(paths.configPath, JSON.stringify(config, undefined, 2), { mode: 0o600 });
  await put(approved);
  const file = createConfigFile({ paths, env: {}, clock: { now: () => Date.now() } });
  assert.equal((await file.screen()).kind, "loaded");
  return {
    file,
    put,
    path: paths.configPath,
    onDisk: async () => JSON.parse(await readFile(paths.configPath, "utf8")) as Json,
  };
}

const unusual: readonly (readonly [flag: string, edit: Json])[] = [
  ["size drop", { meta: approved.meta, gateway: { mode: "local" } }],
  ["meta missing", { ...approved, meta: undefined as never }],
  ["gateway mode removed", { ...approved, gateway: { ...approved.gateway, mode: undefined as never } }],
  [
    "auth weakened",
    { ...approved, gateway: { ...approved.gateway, auth: { mode: "token", rateLimit: { maxAttempts: 50 } } } },
  ],
  ["bind widened", { ...approved, gateway: { ...approved.gateway, bind: "lan" } }],
];

for (const [flag, edit] of unusual)
  test(`WD-006 an edit is flagged in the history: ${flag}`, async (context) => {
    const { file, put } = await open(context);
    await put(edit);
    await file.screen();
    const { entries } = await file.history();
    assert.ok(entries.at(-1)?.flags?.includes(flag as never), JSON.stringify(entries.at(-1)));
  });

test("WD-006 an ordinary edit has no flag", async (context) => {
  const { file, put } = await open(context);
  await put({ ...approved, messages: { queue: { cap: 6 } } });
  await file.screen();
  const { entries } = await file.history();
  assert.deepEqual(entries.at(-1)?.flags ?? [], []);
});

const { defaults } = approved.agents;
const escalations: Readonly<Record<string, Json>> = {
  "the tool it was denied, on the list of what is allowed": { tools: { ...approved.tools, allow: ["read", "exec"] } },
  "the list of what is denied, emptied": { tools: { ...approved.tools, deny: [] } },
  "a wider profile of tools": { tools: { ...approved.tools, profile: "full" } },
  "commands without asking": { tools: { ...approved.tools, exec: { security: "full" } } },
  "its own list of tools": { agents: { ...approved.agents, list: [{ id: "main", tools: { allow: ["exec"] } }] } },
  "no sandbox": { agents: { defaults: { sandbox: { ...defaults.sandbox, mode: "off" } } } },
  "a workspace that it may write": {
    agents: { defaults: { sandbox: { ...defaults.sandbox, workspaceAccess: "rw" } } },
  },
  "instructions that it may write": { agents: { defaults: { sandbox: { ...defaults.sandbox, instructions: "rw" } } } },
  "a host to send to": { egress: { allow: ["paste.example.com"] } },
};

test("WD-011 whatever gives an agent more is put back by the first look at it, and does not hold in between", async (context) => {
  for (const [what, part] of Object.entries(escalations)) {
    const { file, put, onDisk } = await open(context);
    await put({ ...approved, ...(part as Record<string, Json>) });
    const held = await file.screen();
    assert.deepEqual(await onDisk(), approved, what);
    assert.ok(held.kind === "loaded");
    assert.deepEqual([held.config.tools.deny, held.config.agents.defaults.sandbox.mode], [["exec"], "all"], what);
    assert.deepEqual([held.config.tools.profile, held.config.egress.allow], ["messaging", []], what);
  }
  // Liveness: what takes something away holds.
  const { file, put, onDisk } = await open(context);
  const narrower = { ...approved, tools: { ...approved.tools, deny: ["exec", "write"] } };
  await put(narrower);
  await file.screen();
  assert.deepEqual(await onDisk(), narrower);
});

test("WD-011 to be asked less often is more, whoever would not be asked any more", () => {
  const ask = (before: string, after: string | undefined) => widens({ path: "tools.exec.ask", before, after } as never);
  assert.deepEqual([ask("always", "on-miss"), ask("on-miss", "off"), ask("always", undefined)], [true, true, true]);
  assert.deepEqual([ask("off", "on-miss"), ask("on-miss", "always")], [false, false]);
});

test("WD-009 an earlier copy is judged before it is back, and that it is back is on record", async (context) => {
  const { file, onDisk, path } = await open(context);
  const edit = (cap: number) =>
    file.edit([{ op: "set", path: ["messages", "queue", "cap"], value: cap }], { actor: "owner" });
  assert.equal((await edit(6)).kind, "saved");
  assert.equal((await edit(7)).kind, "saved");
  const copy = await readFile(`${path}.bak`);
  await writeFile(`${path}.bak`, "{ gateway: { bind: ", { mode: 0o600 });
  await assert.rejects(file.rollback({ actor: "owner", to: "bak" }));
  await writeFile(`${path}.bak`, copy, { mode: 0o600 });
  assert.equal((await file.rollback({ actor: "owner", to: "bak" })).kind, "saved");
  assert.deepEqual(await onDisk(), { ...approved, messages: { queue: { cap: 6 } } });
  const { entries } = await file.history();
  assert.deepEqual(
    entries.map(({ actor, changed }) => [actor, changed]),
    Array.from({ length: 3 }, () => ["owner", ["messages.queue.cap"]]),
  );
});
