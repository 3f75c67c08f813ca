import assert from "node:assert/strict";
import { appendFileSync, chmodSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { LoricaError } from "../../src/base/errors.ts";
import { createCommandLine, createRecorder, fauxOffline } from "../faux/command-line.ts";

const line = createCommandLine();
const { called, answering } = createRecorder();
after(() => line.close());

test("config goes through the owner's methods", async () => {
  const view = (value: unknown, valid = true) => ({
    path: "/c",
    exists: true,
    hash: "h",
    value,
    valid,
    issues: valid ? [] : ["/c:3:5: no key gatway; did you mean gateway?"],
    notices: [],
  });
  const change = {
    hash: "h2",
    changed: [{ path: "gateway.port", reload: "restart" }],
    notices: ["a notice"],
    secretsKept: [],
  };
  const revision = (actor: string, suspicious: boolean) => ({
    at: 0,
    actor,
    changedPaths: ["a", "b"],
    hashBefore: null,
    hashAfter: "abcdef0123456789",
    suspicious,
    backup: "bak.1",
  });
  let answer: unknown = view(18_789);
  Object.assign(line.overrides, {
    openOffline: fauxOffline({
      "config.get": answering("config.get", () => answer),
      "config.set": answering("config.set", change),
      "config.rollback": answering("config.rollback", change),
      "config.history": answering("config.history", { revisions: [revision("one", false), revision("two", true)] }),
    }),
  });
  called.length = 0;
  assert.equal((await line.run("config get gateway.port".split(" "))).stdout, "18789\n");
  answer = view("text");
  assert.equal((await line.run("config get x".split(" "))).stdout, "text\n");
  assert.equal((await line.run("config get x --json".split(" "))).stdout, '"text"\n');
  const set = await line.run("config set gateway.port 19000".split(" "));
  assert.deepEqual(set, { exit: 0, stdout: "gateway.port: written\n", stderr: "note: a notice\n" });
  // What a shell makes of '["a" "b"]' without its quotes.
  await line.run(["config", "set", "gateway.trustedProxies", "[a,", "b]"]);
  await line.run(["config", "unset", "gateway.port"]);
  await line.run(["config", "rollback"]);
  await line.run(["config", "rollback", "bak.1"]);
  assert.deepEqual(called, [
    ["config.get", { path: "gateway.port" }],
    ["config.get", { path: "x" }],
    ["config.get", { path: "x" }],
    ["config.set", { edits: [{ path: "gateway.port", text: "19000" }] }],
    ["config.set", { edits: [{ path: "gateway.trustedProxies", text: "[a, b]" }] }],
    ["config.set", { edits: [{ path: "gateway.port", unset: true }] }],
    ["config.rollback", {}],
    ["config.rollback", { to: "bak.1" }],
  ]);
  assert.equal((await line.run(["config", "validate"])).stdout, "/c is valid\n");
  answer = view(null, false);
  const invalid = await line.run(["config", "validate"]);
  assert.equal(invalid.exit, 78);
  assert.match(invalid.stderr, /\/c:3:5: no key gatway; did you mean gateway\?/);
  assert.equal((await line.run(["config", "history"])).stdout.split("\n").length, 4);
  const suspicious = await line.run(["config", "history", "--suspicious"]);
  const header = "when (UTC)           copy   by      changed (! widens what may be done)\n";
  assert.equal(suspicious.stdout, `${header}1970-01-01 00:00:00  bak.1  two  !  a, b\n`);
});

test("CLI-015 secrets come from stdin, never from the command line, and are not printed", async () => {
  Object.assign(line.overrides, {
    openOffline: fauxOffline({
      "vault.set": answering("vault.set", { name: "provider:p", replaced: true }),
      "vault.list": () => ({ secrets: [{ name: "provider:p", updatedAt: 86_400_000, binding: null }] }),
      "vault.remove": (params: { readonly name: string }) => ({ ...params, removed: params.name === "provider:p" }),
      "token.show": () => ({ token: "abc", source: "environment" }),
      "token.create": () => ({ token: "def", source: "vault" }),
    }),
  });
  called.length = 0;
  const set = await line.run(["secret", "set", "provider:p"], { input: " the-value \n" });
  assert.deepEqual(set, { exit: 0, stdout: "replaced provider:p\n", stderr: "" });
  assert.deepEqual(called, [["vault.set", { name: "provider:p", value: "the-value" }]]);
  assert.equal((await line.run(["secret", "set", "provider:p", "value"])).exit, 2);
  assert.equal((await line.run(["secret", "set", "provider:p"], { input: "\n" })).exit, 2);
  assert.equal((await line.run(["secret", "list"])).stdout, "provider:p  1970-01-02\n");
  assert.equal((await line.run(["secret", "remove", "provider:p"])).exit, 0);
  assert.equal((await line.run(["secret", "remove", "provider:q"])).exit, 5);
  const shown = await line.run(["token", "show"]);
  assert.deepEqual(shown, { exit: 0, stdout: "abc\n", stderr: "it comes from OPENCLAW_GATEWAY_TOKEN\n" });
  assert.equal((await line.run(["token", "create"])).stdout, "def\n");
});

test("CLI-035 the log is printed from its end, and followed over a rotation", async () => {
  const folder = join(line.stateDir, "logs");
  const path = join(folder, "gateway.jsonl");
  assert.equal((await line.run(["logs"])).exit, 5);
  mkdirSync(folder);
  const entry = (msg: string): string => `${JSON.stringify({ level: 40, time: 0, msg, run: "r" })}\n`;
  writeFileSync(path, `${entry("one")}${entry("two\u001B[2J")}not json\n{"level":30,"half`);
  const shown = await line.run(["logs", "--limit", "2", "--plain"]);
  assert.equal(shown.stdout, '1970-01-01T00:00:00.000Z warn two {"run":"r"}\nnot json\n');
  assert.equal((await line.run(["logs", "--limit", "3", "--json"])).stdout.split("\n")[0], entry("one").trim());
  const person = new AbortController();
  const rotate = (): void => {
    appendFileSync(path, "last\n");
    renameSync(path, `${path}.1`);
    writeFileSync(path, "rotated\n");
  };
  // Each step waits for what the one before it printed.
  const steps: [after: string, act: () => void][] = [
    ["not json\n", () => appendFileSync(path, 'line"}\nnext\n')],
    ["next\n", () => rotate()],
    ["rotated\n", () => person.abort()],
  ];
  const onOutput = (text: string): void => {
    if (steps[0] !== undefined && text.endsWith(steps[0][0])) steps.shift()?.[1]();
  };
  const followed = await line.run(["logs", "--follow", "--limit", "1", "--json"], { signal: person.signal, onOutput });
  assert.deepEqual(followed, {
    exit: 0,
    stdout: 'not json\n{"level":30,"halfline"}\nnext\nlast\nrotated\n',
    stderr: "",
  });
});

test("CLI-018 doctor changes nothing, says what is wrong and what to do, and then exits 7", async () => {
  const broken = new LoricaError("config_invalid", "the config cannot be read");
  Object.assign(line.overrides, { openOffline: fauxOffline({ "config.get": answering("config.get", broken) }) });
  line.env["PATH"] = "/nowhere";
  chmodSync(line.stateDir, 0o755);
  const ran = await line.run([
    "doctor",
    "--json",
    "--non-interactive",
    "--yes",
    "--deep",
    "--no-workspace-suggestions",
  ]);
  assert.equal(ran.exit, 7);
  const checks = JSON.parse(ran.stdout) as readonly { name: string; verdict: string; fix?: string }[];
  const verdicts = Object.fromEntries(checks.map((check) => [check.name, check.verdict]));
  assert.deepEqual(verdicts, {
    node: "ok",
    bwrap: "wrong",
    git: "note",
    python3: "note",
    make: "note",
    state: "wrong",
    disk: "ok",
    config: "wrong",
    gateway: "note",
  });
  assert.match(checks.find((check) => check.name === "bwrap")?.fix ?? "", /apt-get install .* bubblewrap/);
});

test("CLI-018 doctor finds a gateway that others can reach, and one whose sandbox is off", async () => {
  await line.serve("owner.sock", {
    "config.get": () => ({ path: "/c", valid: true, issues: [], notices: [] }),
    "owner.status": () => ({
      pid: 1,
      paths: { state: line.stateDir, config: `${line.stateDir}/openclaw.json`, workspace: "", log: "" },
      config: { hashOnDisk: null, hashRunning: null, restartNeeded: [] },
      gateway: { state: "starting", pid: null, restarts: 0, confinement: "none", confinementReason: "none" },
      listen: { host: "0.0.0.0", port: 1 },
      sandbox: { state: "off", reason: "no bubblewrap", fix: "install it", walls: [] },
      notices: [],
    }),
  });
  const checks = JSON.parse((await line.run(["doctor", "--json"])).stdout) as readonly { name: string; what: string }[];
  const said = Object.fromEntries(checks.map(({ name, what }) => [name, what]));
  assert.equal(said["exposure"], "it listens on 0.0.0.0, where others can reach it");
  assert.equal(said["sandbox"], "off: no bubblewrap");
});
