import assert from "node:assert/strict";
import { test } from "node:test";
import { renderDangers } from "../../../src/config/dangers/dangers.ts";
import { loadGood } from "../harness.ts";

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
