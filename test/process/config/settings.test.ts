// What a change of the settings does to a gateway that runs: at once, at the next start, or not at all. And where a key
// goes that is given to it meanwhile.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { createInstallation } from "../../faux/installation.ts";
import type { Installation } from "../../faux/installation.ts";
import { filesWith } from "../../faux/outside/files.ts";
import { startFauxProvider } from "../../faux/provider.ts";
import type { FauxProvider } from "../../faux/provider.ts";
import { sealedIn } from "../../faux/vault/test-vault.ts";

type Status = {
  readonly owner: {
    readonly notices: readonly string[];
    readonly gateway: { readonly pid: number | null };
    readonly config: { readonly restartNeeded: readonly string[] };
    readonly listen: { readonly port: number };
  };
};

suite("a running gateway", { concurrency: false }, () => {
  let lorica: Installation;
  let provider: FauxProvider;
  before(async () => {
    provider = await startFauxProvider({ script: [{ text: "A real answer." }] });
    lorica = await createInstallation();
    await lorica.start();
  });
  after(async () => {
    await lorica?.remove();
    await provider?.close();
  });

  const lines = async (...words: readonly string[]): Promise<string> => {
    const ran = await lorica.run(words);
    assert.equal(ran.code, 0, ran.stderr);
    return ran.stdout;
  };
  const status = async (): Promise<Status["owner"]> => (JSON.parse(await lines("status", "--json")) as Status).owner;
  const endpoint = async (): Promise<number> => {
    const url = `http://127.0.0.1:${lorica.port}/v1/chat/completions`;
    const response = await fetch(url, { method: "POST", body: "{}" });
    await response.arrayBuffer();
    return response.status;
  };

  test("GW-046 CFG-025 a key that is hot holds when the command returns; one that is not waits, is named, and keeps its old value", async () => {
    assert.equal(await endpoint(), 404);
    const key = "gateway.http.endpoints.chatCompletions.enabled";
    assert.equal(await lines("config", "set", key, "true"), `${key}: takes effect at once\n`);
    assert.equal(await endpoint(), 401);
    const mirror = "session.jsonlMirror: takes effect after lorica gateway restart\n";
    assert.equal(await lines("config", "set", "session.jsonlMirror", "true"), mirror);
    assert.deepEqual((await status()).config.restartNeeded, ["session.jsonlMirror"]);
    const mismatch = await lorica.run(["gateway", "status"]);
    assert.equal(mismatch.code, 6);
    assert.match(mismatch.stdout, /wait for a restart: session\.jsonlMirror/);
    assert.equal(await lines("config", "get", "session.jsonlMirror"), "true\n");
    assert.equal(await lines("config", "unset", "session.jsonlMirror"), mirror);
    assert.deepEqual((await status()).config.restartNeeded, []);
    assert.equal((await lorica.run(["gateway", "status"])).code, 0);
  });

  test("CFG-018 a hand edit that is broken is reported and changes nothing; correcting it ends the matter", async () => {
    const good = readFileSync(join(lorica.stateDir, "openclaw.json"), "utf8");
    lorica.writeConfig("{\n  toolz: {},\n}\n");
    const { notices } = await untilStatus(status, (owner) => owner.notices.length > 0);
    assert.match(
      notices.join("\n"),
      /is not valid and is not used:\n.*openclaw\.json:2:3: toolz: no such key; did you mean "tools"/,
    );
    assert.equal(await endpoint(), 401);
    const found = await lorica.run(["doctor"]);
    assert.equal(found.code, 7);
    assert.match(found.stdout, /config +.* is not valid:\n +.*:2:3: toolz/);
    assert.equal((await lorica.run(["gateway", "restart"])).code, 78);
    lorica.writeConfig(good);
    await untilStatus(status, (owner) => owner.notices.length === 0);
  });

  test("CLI-015 PRV-025 a key from stdin, then one set as text: each is used by the next call, and is in no file in plain text", async () => {
    const onboard = ["onboard", "--non-interactive", "--custom-model-id", "m", "--custom-provider-id", "mine"];
    const where = ["--custom-base-url", `${provider.url}/v1`, "--custom-api-key-file", "-"];
    const set = await lorica.run([...onboard, ...where], { input: "key-from-stdin-41\n" });
    assert.equal(set.code, 0, set.stderr);
    assert.match(set.stdout, /stored as provider:mine, not in the config\n[^]*\nNext: lorica agent /);
    assert.equal(await lines("agent", "--message", "hello"), "A real answer.\n");
    const stored = await lines("config", "set", "models.providers.mine.apiKey", "key-as-text-42");
    assert.match(stored, /^stored as the secret provider:mine; the file has its name only\n/);
    assert.equal(await lines("agent", "--message", "hello"), "A real answer.\n");
    const bearers = provider.requests.map(({ headers }) => headers.authorization);
    assert.deepEqual(bearers.slice(0, 2), ["Bearer key-from-stdin-41", "Bearer key-from-stdin-41"]);
    assert.equal(bearers.at(-1), "Bearer key-as-text-42");
    assert.deepEqual(filesWith(lorica.stateDir, "key-from-stdin-41"), []);
    assert.deepEqual(filesWith(lorica.stateDir, "key-as-text-42"), []);
    assert.equal(sealedIn(lorica.home)["provider:mine"], "key-as-text-42");
  });

  test("VLT-006 a key that is typed over its name by hand is in the vault at once, and in no file", async () => {
    const path = join(lorica.stateDir, "openclaw.json");
    const typed = readFileSync(path, "utf8").replace(/\{\s*"secret": "provider:mine"\s*\}/, '"key-by-hand-43"');
    assert.match(typed, /key-by-hand-43/);
    writeFileSync(path, typed, { mode: 0o600 });
    await untilStatus(
      async () => {
        await status();
        return filesWith(lorica.stateDir, "key-by-hand-43").length;
      },
      (count) => count === 0 && sealedIn(lorica.home)["provider:mine"] === "key-by-hand-43",
    );
    assert.deepEqual(filesWith(lorica.stateDir, "key-by-hand-43"), []);
    assert.equal(sealedIn(lorica.home)["provider:mine"], "key-by-hand-43");
    assert.match(readFileSync(path, "utf8"), /vault:provider:mine/);
  });

  test("MIS-002 a gateway that asks for nothing is ended with the acknowledgement, and the status says so", async () => {
    const setting = "gateway.auth.mode=none";
    assert.match((await lorica.run(["config", "acknowledge", setting])).stderr, /--for 1d/);
    assert.match((await lorica.run(["config", "set", "gateway.auth.mode", "none"])).stderr, /config acknowledge/);
    await lines("config", "acknowledge", setting, "--for", "1h");
    await lines("config", "set", "gateway.auth.mode", "none");
    await lorica.stop();
    await lorica.start();
    const before = await status();
    assert.match(before.notices.join(), /gateway\.auth\.mode: acknowledged until \d{4}-/);
    await lines("config", "acknowledge", setting, "--for", "2s");
    // Whoever was let in without being asked loses the process that let them in; until the next one is there, none answers.
    const patiently = async (): Promise<Status["owner"] | undefined> => {
      const { code, stdout } = await lorica.run(["status", "--json"]);
      return code === 0 ? (JSON.parse(stdout) as Status).owner : undefined;
    };
    const isOther = (owner?: Status["owner"]): boolean =>
      owner !== undefined && owner.gateway.pid !== null && owner.gateway.pid !== before.gateway.pid;
    const after = await untilStatus(patiently, isOther);
    assert.ok(isOther(after));
    assert.match(after?.notices.join() ?? "", /gateway\.auth\.mode: NOT in force: what acknowledged it ended at/);
    assert.match(await lines("status"), /gateway\.auth\.mode: NOT in force/);
  });
});

/** A hand edit is noticed by watching, which nobody outside can wait for. */
async function untilStatus<T>(read: () => Promise<T>, holds: (value: T) => boolean): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    const value = await read();
    if (holds(value) || attempt === 50) return value;
  }
}
