// Credentials that somebody wrote into files: after the first start they are in the vault and nowhere else, and everything
// works as before.
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createInstallation } from "../../faux/installation.ts";
import type { Installation } from "../../faux/installation.ts";
import { filesWith } from "../../faux/outside/files.ts";
import { sealedIn } from "../../faux/vault/test-vault.ts";

const keys = {
  config: "plain-in-config-0123",
  env: "plain-in-dotenv-4567",
  telegram: "11:plain-in-channels-89",
  kept: "kept-by-name-aa",
};

describe("credentials in plain text", () => {
  let lorica: Installation;
  const dotEnv = (): string => join(lorica.stateDir, ".env");
  before(async () => {
    lorica = await createInstallation();
    const config = {
      models: {
        providers: {
          mine: { baseUrl: "http://127.0.0.1:9/v1", apiKey: keys.config, models: [{ id: "m", name: "m" }] },
        },
      },
      channels: { telegram: { enabled: false, botToken: keys.telegram } },
      env: { NOTES_TOKEN: "${NOTES_TOKEN}" },
    };
    lorica.writeConfig(config);
    writeFileSync(join(lorica.stateDir, "openclaw.json.bak"), JSON.stringify(config), { mode: 0o600 });
    const lines = ["# mine", `export OPENAI_API_KEY="${keys.env}"`, `NOTES_TOKEN=${keys.kept}`, "COLOUR=blue", ""];
    writeFileSync(dotEnv(), lines.join("\n"), { mode: 0o600 });
    await lorica.start();
  });
  after(async () => lorica.remove());

  test("VLT-006 VLT-007 GAP-004 THR-020 they are in the vault after the start, and in no file; the config names them", async () => {
    const sealed = sealedIn(lorica.home);
    assert.equal(sealed["provider:mine"], keys.config);
    assert.equal(sealed["provider:openai"], keys.env);
    assert.equal(sealed["channel:telegram.default.bottoken"], keys.telegram);
    for (const value of [keys.config, keys.env, keys.telegram]) assert.deepEqual(filesWith(lorica.stateDir, value), []);
    assert.match(readFileSync(join(lorica.stateDir, "openclaw.json"), "utf8"), /"apiKey": "vault:provider:mine"/);
    assert.match(readFileSync(join(lorica.stateDir, "openclaw.json.bak.1"), "utf8"), /"apiKey":"vault:provider:mine"/);
    // What the config refers to by a variable's name stays where the config finds it.
    assert.equal(readFileSync(dotEnv(), "utf8"), `# mine\nNOTES_TOKEN=${keys.kept}\nCOLOUR=blue\n`);
    const log = readFileSync(join(lorica.stateDir, "logs/gateway.jsonl"), "utf8");
    assert.match(
      log,
      /models\.providers\.mine\.apiKey stood in .*openclaw\.json in plain text; it is in the vault as provider:mine now/,
    );
    assert.match(log, /OPENAI_API_KEY stood in .*\.env; it is in the vault as provider:openai now/);
  });

  test("GAP-023 a name of the vault may stand where a credential may, and is not taken for one", async () => {
    const path = "models.providers.mine.apiKey";
    const set = await lorica.run(["config", "set", path, "vault:provider:openai"]);
    assert.equal(set.code, 0, set.stderr);
    assert.match(readFileSync(join(lorica.stateDir, "openclaw.json"), "utf8"), /"apiKey": "vault:provider:openai"/);
    assert.equal(sealedIn(lorica.home)["provider:mine"], keys.config);
    const wrong = await lorica.run(["config", "set", path, "vault:No Such Name"]);
    assert.equal(wrong.code, 78);
    assert.match(wrong.stderr, /names no secret of the vault/);
  });

  test("a second start finds nothing to move and starts with the same config", async () => {
    await lorica.stop();
    const config = readFileSync(join(lorica.stateDir, "openclaw.json"), "utf8");
    await lorica.start();
    assert.equal(readFileSync(join(lorica.stateDir, "openclaw.json"), "utf8"), config);
    assert.equal(existsSync(dotEnv()), true);
  });
});
