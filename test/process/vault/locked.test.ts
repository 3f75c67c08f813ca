// A gateway whose vault is locked: it lives, says so, serves nothing, and is itself again once the vault is open.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createInstallation } from "../../faux/installation.ts";
import type { Installation } from "../../faux/installation.ts";

describe("a locked vault", () => {
  let lorica: Installation;
  before(async () => {
    lorica = await createInstallation();
    delete lorica.env["OPENCLAW_GATEWAY_TOKEN"];
    await lorica.start();
  });
  after(async () => lorica.remove());

  const get = async (path: string, token = "none") => {
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(`http://127.0.0.1:${lorica.port}${path}`, { headers });
    return { status: response.status, text: await response.text() };
  };
  const say = async (words: string, input = ""): Promise<string> => {
    const { code, stdout, stderr } = await lorica.run(words.split(" "), { input });
    assert.equal(code, 0, stderr);
    return stdout;
  };

  test("VLT-001 GAP-004 an installation has a vault from its first start, and its key is elsewhere", async () => {
    assert.ok(existsSync(join(lorica.stateDir, "credentials/vault.age")));
    assert.match(readFileSync(join(lorica.home, ".config/lorica/vault.key"), "utf8"), /^AGE-SECRET-KEY-1/m);
    assert.match(await say("vault status"), /^vault +open, 1 secret$/m);
  });

  test("VLT-008 sealed by its owner the gateway answers 423 and what to do; the passphrase brings everything back", async () => {
    const token = (await say("token show")).trim();
    await say("vault set provider:openai", "sk-locked-away\n");
    const empty = await lorica.run(["vault", "init", "--identity", "passphrase"], { input: "\n" });
    assert.match(empty.stderr, /the passphrase is empty, so nothing was changed/);
    await say("vault init --identity passphrase", "four words are enough\n");
    assert.equal((await get("/api/status", token)).status, 200);
    await say("vault seal");
    const refused = await get("/api/status", token);
    assert.equal(refused.status, 423);
    assert.match(refused.text, /lorica vault unseal.*"type":"locked"/);
    assert.deepEqual(await get("/health"), { status: 200, text: '{"ok":true,"status":"live"}' });
    const status = await lorica.run(["status"]);
    assert.deepEqual([status.code, status.stdout.split("\n")[1]], [6, "What to do: Open it with: lorica vault unseal"]);
    const reveal = await lorica.run(["vault", "get", "provider:openai", "--reveal"]);
    assert.deepEqual([reveal.code, reveal.stdout], [6, ""]);
    const turn = await lorica.run(["agent", "--message", "hello"]);
    assert.match(turn.stderr, /vault is locked/);
    const wrong = await lorica.run(["vault", "unseal"], { input: "three words are wrong\n" });
    assert.deepEqual([wrong.code, wrong.stdout], [6, ""]);
    await say("vault unseal", "four words are enough\n");
    assert.equal((await get("/api/status", token)).status, 200);
    assert.equal(await say("vault get provider:openai --reveal"), "sk-locked-away\n");
  });

  test("VLT-008 what the owner does while no gateway runs is evidence, too", async () => {
    await say("vault init");
    await lorica.stop();
    assert.equal(await say("vault get provider:openai --reveal"), "sk-locked-away\n");
    await say("backup accept --yes");
    const records = JSON.parse(await say("audit query --json")) as readonly { readonly resource?: string }[];
    const resources = records.flatMap(({ resource }) => resource ?? []);
    assert.deepEqual(resources.slice(-2), ["reveal provider:openai", "accept the database as it is"]);
    await lorica.start();
    assert.match(await say("audit verify"), /^intact/);
    assert.doesNotMatch(await say("status --all"), /evidence +degraded/);
  });

  test("VLT-008 a start without the key file serves nothing, and `vault unseal` takes the file that is back", async () => {
    await say("vault init");
    const token = (await say("token show")).trim();
    await lorica.stop();
    const key = join(lorica.home, ".config/lorica/vault.key");
    await rename(key, `${key}.away`);
    await lorica.start();
    assert.equal((await get("/api/status", token)).status, 423);
    assert.match(await say("vault status"), /^vault +locked: its key file .* is missing$/m);
    await lorica.stop();
    const up = await lorica.run(["up", "--port", String(lorica.port)]);
    assert.equal(up.code, 6);
    assert.match(up.stderr, /vault is locked, so nothing is served yet/);
    assert.match(await say("vault status"), /^vault +locked/m);
    await rename(`${key}.away`, key);
    await say("vault unseal");
    assert.equal((await get("/api/status", token)).status, 200);
    // What `up` has put into the background is nobody's child here.
    await say("gateway stop");
  });
});
