// Started in a folder that somebody else has prepared: nothing in it is loaded, run or believed.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, suite, test } from "node:test";

const root = resolve(import.meta.dirname, "../../..");

suite("a folder that was prepared", { concurrency: false }, () => {
  let home = "";
  let folder = "";
  let mark = "";
  before(() => {
    home = mkdtempSync(join(tmpdir(), "lorica-anywhere-"));
    folder = join(home, "prepared");
    mark = join(home, "ran");
    mkdirSync(folder);
    const evil = `require("node:fs").writeFileSync(${JSON.stringify(mark)}, "ran");`;
    for (const name of ["zod", "undici", "commander", "ws"]) {
      mkdirSync(join(folder, "node_modules", name), { recursive: true });
      writeFileSync(join(folder, "node_modules", name, "index.js"), evil);
    }
    writeFileSync(join(folder, "evil.cjs"), evil);
    writeFileSync(join(folder, "package.json"), '{ "type": "commonjs", "imports": { "#x": "./evil.cjs" } }');
    writeFileSync(join(folder, "openclaw.json"), '{ "gateway": { "port": 4321 } }');
    const lines = ["NODE_OPTIONS=--require=./evil.cjs", "NODE_PATH=./node_modules", "OPENCLAW_GATEWAY_PORT=4321"];
    writeFileSync(join(folder, ".env"), `${lines.join("\n")}\nOPENCLAW_CONFIG_PATH=./openclaw.json\n`);
    mkdirSync(join(home, ".openclaw"), { mode: 0o700 });
    writeFileSync(join(home, ".openclaw/.env"), `${lines.slice(0, 2).join("\n")}\n`, { mode: 0o600 });
  });
  after(() => rmSync(home, { recursive: true }));

  const run = (program: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    new Promise<string>((done, failed) => {
      const [file = "", ...words] = program;
      const options = { cwd: folder, env: { HOME: home, PATH: "/usr/bin:/bin", ...env }, timeout: 60_000 };
      execFile(file, words, options, (error, stdout) => (error === null ? done(stdout) : failed(error)));
    });

  test("ADV-030 no .env and no module of that folder, or of the state directory's .env, is loaded", async () => {
    const lorica = [process.execPath, join(root, "lorica.mjs")];
    assert.match(await run([...lorica, "config", "get", "gateway.port"], { NODE_PATH: "" }), /^18789$/m);
    assert.match(await run([...lorica, "config", "validate"]), /./);
    assert.equal(existsSync(mark), false);
  });

  test("ADV-030 the same file does run where Node itself is told to load it", async () => {
    await run([process.execPath, "--require=./evil.cjs", "-e", "0"]);
    assert.equal(existsSync(mark), true);
  });
});
