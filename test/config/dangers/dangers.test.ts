import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { renderDangers } from "../../../src/config/dangers/dangers.ts";
import { loadConfig, prepareStateDir, resolvePaths } from "../../../src/config/config.ts";
import type { Loaded } from "../../../src/config/config.ts";
import { loadGood, temporary } from "../harness.ts";

test("UI-013 each dangerous setting that is in force is told in a sentence, and nothing else is", async () => {
  const told = async (config: string): Promise<readonly string[]> => renderDangers((await loadGood(config)).config);
  assert.deepEqual(await told("{}"), []);
  assert.deepEqual(await told('{ gateway: { bind: "lan" } }'), [
    "`gateway.bind` is `lan` without TLS or a proxy in front: other machines reach this gateway unencrypted.",
  ]);
  assert.deepEqual(await told('{ gateway: { bind: "lan", trustedProxies: ["10.0.0.0/8"] } }'), []);
  assert.deepEqual(
    await told('{ logging: { redactSensitive: "off" }, security: { acknowledged: ["logging.redactSensitive=off"] } }'),
    ["`logging.redactSensitive` is `off`: credentials would be written to the log."],
  );
  const lines = ["channels.telegram.dmPolicy=open", "channels.telegram.allowFrom=*"];
  const telegram = '{ enabled: true, dmPolicy: "open", allowFrom: ["*"], botToken: "1:a" }';
  assert.deepEqual(
    await told(`{ channels: { telegram: ${telegram} }, security: { acknowledged: ${JSON.stringify(lines)} } }`),
    [
      "`channels.telegram.dmPolicy` is `open`: anybody could write to the assistant.",
      "`channels.telegram.allowFrom` is `*`: anybody could write to the assistant.",
    ],
  );
});

const day = "2030-01-02T00:00:00Z";
const account =
  'enabled: true, botToken: "1:a", dmPolicy: "open", allowFrom: ["*", "7"], groupAllowFrom: ["*"], groupPolicy: "open", apiRoot: "http://bots.example", groups: { g: { allowFrom: ["*"] } }';
const written = (acknowledged: readonly string[]): string =>
  `{ logging: { redactSensitive: "off" }, gateway: { auth: { mode: "none" }, trustedProxies: ["10.0.0.0/8", "0.0.0.0/0", "::/0"] },
    channels: { defaults: { groupPolicy: "open" }, telegram: { ${account}, accounts: { b: { ${account} } } } },
    models: { providers: { mine: { baseUrl: "http://api.example/v1", models: [{ id: "m" }] } } },
    security: { acknowledged: ${JSON.stringify(acknowledged)} } }`;

async function load(context: TestContext, text: string, now: string): Promise<Loaded> {
  const paths = resolvePaths({ env: {}, home: await temporary(context) });
  await prepareStateDir(paths);
  await writeFile(paths.configPath, text, { mode: 0o600 });
  return await loadConfig({ paths, env: {}, clock: { now: () => Date.parse(now) } });
}

async function everyDanger(context: TestContext): Promise<readonly string[]> {
  const none = await load(context, written([]), day);
  assert(none.kind === "invalid");
  return none.issues.flatMap(({ message }) => {
    const named = /lorica config acknowledge ("(?:[^"\\]|\\.)*") --for/.exec(message)?.[1];
    return named === undefined ? [] : [JSON.parse(named) as string];
  });
}

test("MIS-002 MIS-012 each dangerous setting is in force until its acknowledgement ends, and what is safe holds after that", async (context) => {
  const all = await everyDanger(context);
  assert.equal(all.length, 18);
  const until = all.map((setting) => `${setting} until ${day}`);
  const before = await load(context, written(until), "2030-01-01T23:59:59Z");
  assert(before.kind === "loaded");
  assert.equal(renderDangers(before.config).length, all.length);
  assert.deepEqual(before.lapsed, []);
  const after = await load(context, written(until), day);
  assert(after.kind === "loaded", JSON.stringify(after));
  assert.deepEqual(renderDangers(after.config), []);
  assert.deepEqual([...after.lapsed].toSorted(), all.map((setting) => setting.replace(/=[^=]*$/, "")).toSorted());
  const { gateway, logging, channels, models } = after.config;
  assert.deepEqual(
    [gateway.auth.mode, logging.redactSensitive, gateway.trustedProxies, models.providers["mine"]?.baseUrl],
    ["token", "tools", ["10.0.0.0/8", "255.255.255.255/32", "255.255.255.255/32"], "https://api.example/v1"],
  );
  const telegram = channels["telegram"];
  assert(telegram !== undefined && "accounts" in telegram);
  for (const each of [telegram, telegram.accounts["b"]])
    assert.deepEqual(
      [each?.dmPolicy, each?.groupPolicy, each?.allowFrom, each?.groups["g"]?.allowFrom, each?.apiRoot],
      ["pairing", "allowlist", ["(nobody)", "7"], ["(nobody)"], "https://bots.example"],
    );
  const said = after.notices.filter(({ message }) => message.startsWith("NOT in force: what acknowledged it ended at"));
  assert.equal(said.length, all.length);
  // What the file says is what it says: an edit of something else does not write the safe value over it.
  assert.equal(after.written.gateway.auth.mode, "none");
});

test("one that ends does not take another's place, and a time that is none acknowledges nothing", async (context) => {
  const config = (...lines: readonly string[]): string =>
    `{ logging: { redactSensitive: "off" }, security: { acknowledged: ${JSON.stringify(lines)} } }`;
  const setting = "logging.redactSensitive=off";
  const inForce = async (...lines: readonly string[]): Promise<string> => {
    const loaded = await load(context, config(...lines), day);
    return loaded.kind === "invalid" ? "refused" : loaded.config.logging.redactSensitive;
  };
  assert.equal(await inForce(setting), "off");
  assert.equal(await inForce(`${setting} until 2030-01-01T00:00:00Z`, `${setting} until 2031-01-01T00:00:00Z`), "off");
  assert.equal(await inForce(`${setting} until 2030-01-01T00:00:00Z`), "tools");
  assert.equal(await inForce(`${setting} until tomorrow`), "refused");
  assert.equal(await inForce(`${setting} until 2031-13-41T00:00:00Z`), "refused");
  assert.equal(await inForce(`gateway.auth.mode=none until 2031-01-01T00:00:00Z`), "refused");
});
