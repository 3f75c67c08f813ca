import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { lockMeetingDir, lockStateDir, resolvePaths } from "../../src/config/config.ts";
import type { StatePaths } from "../../src/config/config.ts";
import { openOffline } from "../../src/open-offline.ts";
import { createCommandLine } from "../faux/command-line.ts";
import type { CommandLine } from "../faux/command-line.ts";
import { sealedIn } from "../faux/vault/test-vault.ts";

let line: CommandLine;
let paths: StatePaths;

beforeEach(() => {
  line = createCommandLine();
  paths = resolvePaths({ env: {}, home: line.home });
  Object.assign(line.overrides, { openOffline: async (at: StatePaths) => openOffline(at, line.env) });
});
afterEach(() => line.close());

/** Words as a shell would cut them; single quotes hold together. */
function words(text: string): string[] {
  return [...text.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? "");
}

const run = (text: string) => line.run(words(text));

test("CLI-040 CLI-041 CLI-042 a value is read with its default, set with the file's comments kept, and unset again", async () => {
  writeFileSync(paths.configPath, "{\n  // mine\n  gateway: { port: 19001 },\n}\n", { mode: 0o600 });
  assert.deepEqual(await run("config get gateway.port"), { exit: 0, stdout: "19001\n", stderr: "" });
  assert.equal((await run("config get gateway.bind")).stdout, "loopback\n");
  assert.equal((await run("config set gateway.port 19002")).stdout, "gateway.port: written\n");
  assert.equal(readFileSync(paths.configPath, "utf8"), "{\n  // mine\n  gateway: { port: 19002 },\n}\n");
  assert.equal((await run("config set gateway.port 19002")).stdout, "nothing changed: it was so already\n");
  assert.equal((await run("config unset gateway.port")).exit, 0);
  assert.equal((await run("config get gateway.port")).stdout, "18789\n");
  assert.deepEqual(await run("config get gateway.prot"), {
    exit: 5,
    stdout: "",
    stderr: 'lorica: gateway.prot: no such key; did you mean "port"?\n',
  });
  assert.equal((await run("config get gateway.auth.token")).stderr.includes("is not set and has no default"), true);
  assert.deepEqual(await run("config set gateway.port 70000"), {
    exit: 78,
    stdout: "",
    stderr: `lorica: nothing was written to ${paths.configPath}:\ngateway.port: is too large or too long; the most is 65535\n`,
  });
});

test("CLI-041 lists are set as JSON5, and quoting that a shell has eaten is answered with the right one", async () => {
  assert.equal((await run(`config set gateway.trustedProxies '["127.0.0.1"]'`)).exit, 0);
  assert.deepEqual(JSON.parse((await run("config get gateway.trustedProxies --json")).stdout), ["127.0.0.1"]);
  const broken = await run("config set gateway.trustedProxies [127.0.0.1]");
  assert.equal(broken.exit, 2);
  assert.match(broken.stderr, /config set gateway\.trustedProxies '\["127\.0\.0\.1"\]'/);
});

test("CLI-015 a key that is set as text is stored as a secret, the file gets its name, and the answer says so", async () => {
  const key = "models.providers.openai.apiKey";
  const { exit, stdout, stderr } = await run(`config set ${key} sk-planted-key-0123456789`);
  assert.deepEqual([exit, stderr], [0, ""]);
  assert.match(stdout, /^stored as the secret provider:openai; the file has its name only\n/);
  assert.match(stdout, /^models\.providers\.openai.*: written$/m);
  assert.doesNotMatch(readFileSync(paths.configPath, "utf8"), /sk-planted/);
  assert.deepEqual(sealedIn(line.home), { "provider:openai": "sk-planted-key-0123456789" });
  assert.deepEqual(await run(`config set ${key} sk-planted-again`), {
    exit: 0,
    stdout: "stored as the secret provider:openai; the file has its name only\n",
    stderr: "",
  });
  assert.deepEqual(sealedIn(line.home), { "provider:openai": "sk-planted-again" });
});

test("CLI-015 a provider's key that is set as its variable in env is stored, and is the provider's key", async () => {
  assert.equal((await run("config set env.ANTHROPIC_API_KEY sk-planted-key-0123456789")).exit, 0);
  assert.doesNotMatch(readFileSync(paths.configPath, "utf8"), /sk-planted/);
  assert.deepEqual(Object.keys(sealedIn(line.home)), ["env:anthropic_api_key"]);
  assert.equal((await run("config get models.providers.anthropic.apiKey")).stdout, "__OPENCLAW_REDACTED__\n");
  assert.equal((await run("config get models.providers.anthropic.baseUrl")).stdout, "https://api.anthropic.com/v1\n");
  assert.equal((await run("config set models.providers.mine.baseUrl https://m.example/v1")).exit, 0);
  const referred = await run("config set models.providers.mine.apiKey ${ANTHROPIC_API_KEY}");
  assert.deepEqual([referred.exit, referred.stderr], [0, ""]);
  assert.match(readFileSync(paths.configPath, "utf8"), /"apiKey": "\$\{ANTHROPIC_API_KEY\}"/);
  const wrong = await run("config set logging.file ${ANTHROPIC_API_KEY}");
  assert.equal(wrong.exit, 78);
});

test("CLI-043 a config with a mistake: file, line, nearest name, exit 78, and nothing is written over it", async () => {
  const text = '{\n  "gatway": { "port": 1 }\n}\n';
  writeFileSync(paths.configPath, text, { mode: 0o600 });
  const { exit, stdout, stderr } = await run("config validate");
  assert.deepEqual({ exit, stdout }, { exit: 78, stdout: "" });
  assert.ok(stderr.includes(`${paths.configPath}:2:3: gatway: no such key; did you mean "gateway"?`), stderr);
  assert.equal((await run("config set gateway.port 19003")).exit, 78);
  assert.equal(readFileSync(paths.configPath, "utf8"), text);
});

test("CLI-044 changes are recorded, compared and taken back", async () => {
  await run("config set gateway.port 19001");
  await run("config set gateway.port 19002");
  await run(`config set gateway.trustedProxies '["10.0.0.1"]'`);
  const rows = JSON.parse((await run("config history --json")).stdout) as readonly Record<string, unknown>[];
  assert.deepEqual(
    rows.map(({ actor, backup, changedPaths, suspicious }) => [actor, backup, changedPaths, suspicious]),
    [
      ["cli", "current", ["gateway.trustedProxies"], true],
      ["cli", "bak", ["gateway.port"], false],
      ["cli", "bak.1", ["gateway.port"], false],
    ],
  );
  assert.equal((await run("config history --suspicious")).stdout.trim().split("\n").length, 2);
  assert.match((await run("config diff bak.1")).stdout, /gateway\.port: 19001 → 19002/);
  assert.equal((await run("config rollback")).exit, 0);
  assert.equal((await run("config get gateway.trustedProxies --json")).stdout, "[]\n");
  assert.equal((await run("config rollback bak.2")).exit, 0);
  assert.equal((await run("config get gateway.port")).stdout, "19001\n");
  assert.equal((await run("config rollback nowhere")).exit, 5);
});

test("while something holds the state directory nothing is changed, and reading still works", async () => {
  const lock = await lockStateDir({
    stateDir: paths.stateDir,
    configPath: paths.configPath,
    workspaces: [],
    port: 19_001,
    meetingDir: lockMeetingDir(line.home),
  });
  assert.equal((await run("config set gateway.port 19001")).exit, 6);
  assert.equal((await run("config get gateway.port")).stdout, "18789\n");
  lock.release();
  assert.equal((await run("config set gateway.port 19001")).exit, 0);
});

test("CLI-014 CLI-015 onboarding without a gateway: the key is sealed in the vault's file, not in the config; a token is made", async () => {
  line.env["CUSTOM_API_KEY"] = "sk-planted-key-0123456789";
  const onboard =
    "onboard --non-interactive --skip-check --custom-base-url http://127.0.0.1:9/v1 --custom-model-id m --custom-provider-id mine";
  const { exit, stdout, stderr } = await run(onboard);
  assert.equal(exit, 0, stderr);
  assert.doesNotMatch(stdout + stderr, /sk-planted/);
  assert.doesNotMatch(readFileSync(paths.configPath, "utf8"), /sk-planted/);
  assert.match(sealedIn(line.home)["provider:mine"] ?? "", /^sk-planted/);
  const sealed = join(paths.credentials, "vault.age");
  assert.doesNotMatch(readFileSync(sealed, "latin1"), /sk-planted/);
  assert.equal(statSync(sealed).mode & 0o777, 0o600);
  assert.equal(statSync(paths.credentials).mode & 0o777, 0o700);
  assert.equal((await run("config get agents.defaults.model.primary")).stdout, "mine/m\n");
  assert.equal((await run("config get gateway.auth.mode")).stdout, "token\n");
  assert.deepEqual(
    (JSON.parse((await run("secret list --json")).stdout) as { secrets: { name: string }[] }).secrets.map(
      ({ name }) => name,
    ),
    ["gateway:token", "provider:mine"],
  );
  assert.match((await run("token show")).stdout, /^[0-9a-f]{64}\n$/);
  assert.equal((await line.run(["secret", "set", "gateway:token"], { input: "x".repeat(40) })).exit, 2);
});

test("foreign state is refused with what to do, and left as it is", async () => {
  writeFileSync(join(line.stateDir, "config-journal-fingerprint.key"), "theirs");
  const { exit, stderr } = await run("config set gateway.port 19001");
  assert.equal(exit, 6);
  assert.match(stderr, /holds the state of another program/);
  assert.throws(() => statSync(paths.configPath), { code: "ENOENT" });
});

test("CLI-056 the default model is set and shown; what is not built says which step brings it", async () => {
  await run("config set models.providers.mine.baseUrl http://127.0.0.1:9/v1");
  assert.equal((await run("models set mine/m2")).stdout, "the default model is mine/m2\n");
  const { stdout } = await run("models status");
  assert.equal(stdout, "default    mine/m2\nproviders  mine\n");
  const scanned = JSON.parse((await run("models scan --json")).stdout) as readonly { kind: string }[];
  assert.ok(scanned.length >= 4 && scanned.every(({ kind }) => kind === "found" || kind === "absent"));
  assert.equal((await run("models list")).exit, 7);
  for (const words of ["auth add", "aliases list", "fallbacks list", "set-image x", "image-fallbacks list"])
    assert.equal((await run(`models ${words}`)).exit, 3, words);
});

test("what needs a gateway says so", async () => {
  const { exit, stderr } = await run("models status --check");
  assert.equal(exit, 7);
  assert.match(stderr, /no gateway is running, and model\.check needs one; start it with: lorica up/);
});

test("the kill switch without a gateway: an agent that is misspelt is not said to be stopped, and what is done is on record", async () => {
  assert.deepEqual(await run("kill --agent mian"), {
    exit: 5,
    stdout: "",
    stderr: "lorica: nothing was stopped: there is no agent mian; there is main\n",
  });
  assert.equal((await run("kill --agent main --reason 'odd mails'")).stdout.split("\n")[0], "stopped: the agent main");
  const misspelt = await run("resume foo");
  assert.deepEqual([misspelt.exit, misspelt.stdout], [2, ""]);
  assert.match(misspelt.stderr, /^lorica: .*an id has four characters or more, as the list prints it\n$/);
  assert.equal((await run("resume")).stdout, "resumed: 1\n");
  const records = JSON.parse((await run("audit log --json")).stdout) as readonly Readonly<Record<string, string>>[];
  assert.deepEqual(
    records.filter(({ rule }) => rule === "kill").map(({ actor, resource }) => [actor, resource]),
    [
      ["cli", "stopped: the agent main"],
      ["cli", "resumed: the agent main"],
    ],
  );
});

test("the kill switch stops an agent also where the config cannot be read", async () => {
  writeFileSync(paths.configPath, "{ this is no config", { mode: 0o600 });
  assert.equal((await run("kill --agent main")).stdout.split("\n")[0], "stopped: the agent main");
});

/** Commands as guides print them → the exit status on a machine where no gateway runs. */
const printed: readonly (readonly [command: string, exit: number])[] = [
  ["onboard", 2],
  ["onboard --install-daemon", 2],
  ["status", 7],
  ["status --all", 7],
  ["health", 7],
  ["logs --follow", 5],
  ["gateway status", 7],
  ["dashboard", 7],
  ["security audit", 3],
  ["security audit --deep", 3],
  ["security audit --fix", 3],
  ["config validate", 0],
  ["config set provider.name openai", 0],
  ["config set provider.baseUrl https://api.openai.com/v1", 0],
  ["config set provider.model gpt-4o", 0],
  ["config set provider.apiKey not-needed", 0],
  ["config get provider.model", 0],
  ["config set gateway.bind loopback", 0],
  [`config set gateway.trustedProxies '["127.0.0.1"]'`, 0],
  ["config set agents.defaults.sandbox docker", 0],
  ["config set agents.defaults.sandboxNetwork none", 0],
  ["config set discovery.mdns off", 0],
  ["config get discovery.mdns", 0],
  ["config set tools.profile coding", 0],
  [`config set tools.deny '["gateway"]'`, 0],
  ["config get commands.config", 0],
  ["config set configWrites false", 0],
  ["pairing list telegram", 7],
  ["pairing approve telegram ABCD1234", 7],
  ["channels add", 2],
  ["channels login", 3],
  ["message send --to self 'Hello, are you running locally?'", 7],
  ["skill install https://www.example.com/skill.md", 3],
  ["skills list", 3],
  ["config history --suspicious", 0],
  ["completion bash", 0],
];

test("every command that guides print works, or says what is missing", async () => {
  for (const [command, exit] of printed) {
    const ran = await run(command);
    assert.equal(ran.exit, exit, `${command}: ${ran.stdout}${ran.stderr}`);
    assert.notEqual(ran.stdout + ran.stderr, "", command);
  }
  assert.equal((await run("config get provider.model")).stdout, "gpt-4o\n");
});
