import assert from "node:assert/strict";
import { after, test } from "node:test";
import { codes, LoricaError } from "../../src/base/errors.ts";
import { commands } from "../../src/cli/table/commands.ts";
import { later } from "../../src/cli/table/later.ts";
import { createCommandLine } from "../faux/command-line.ts";

const line = createCommandLine();
after(() => line.close());

test("CLI-001 -v, -V and --version print the version, and the global flags stand before or after a command", async () => {
  for (const flag of ["-v", "-V", "--version"])
    assert.deepEqual(await line.run([flag]), { exit: 0, stdout: "lorica 0.0.0-test\n", stderr: "" });
  const path = `${line.home}/.openclaw-work/openclaw.json`;
  const expected = { exit: 0, stdout: `{\n  "path": ${JSON.stringify(path)}\n}\n`, stderr: "" };
  assert.deepEqual(await line.run(["--json", "--profile", "work", "config", "file"]), expected);
  assert.deepEqual(await line.run(["config", "file", "--profile", "work", "--json", "--no-color"]), expected);
  assert.deepEqual(await line.run(["--profile", "other", "config", "file", "--profile=work", "--json"]), expected);
  const dev = await line.run(["--dev", "config", "file"]);
  assert.equal(dev.stdout, `${line.home}/.openclaw-dev/openclaw.json\n`);
  assert.equal((await line.run(["--update"])).exit, codes.not_built.exit);
});

test("ENV-001 ENV-002 ENV-010 variables move the state, the config and the profile; a relative one is refused", async (context) => {
  context.after(() => {
    for (const name of Object.keys(line.env)) delete line.env[name];
  });
  const file = async (): Promise<string> => (await line.run(["config", "file"])).stdout.trim();
  line.env["OPENCLAW_PROFILE"] = "local";
  assert.equal(await file(), `${line.home}/.openclaw-local/openclaw.json`);
  line.env["OPENCLAW_STATE_DIR"] = "/srv/state";
  assert.equal(await file(), "/srv/state/openclaw.json");
  line.env["OPENCLAW_CONFIG_PATH"] = "/srv/other.json";
  assert.equal(await file(), "/srv/other.json");
  line.env["OPENCLAW_CONFIG_PATH"] = "other.json";
  assert.equal((await line.run(["config", "file"])).exit, 2);
});

test("no command prints help that names every command, and works", async () => {
  const { exit, stdout, stderr } = await line.run([]);
  assert.equal(exit, 0);
  assert.equal(stderr, "");
  for (const { path } of commands) if (!path.includes(" ")) assert.match(stdout, new RegExp(`^  ${path}\\b`, "m"));
  for (const { path } of later) if (!path.includes(" ")) assert.match(stdout, new RegExp(`\\b${path}\\b`));
});

test("CLI-082 every command takes --json and --help", async () => {
  for (const { path } of commands) {
    const { exit, stdout } = await line.run([...path.split(" "), "--help"]);
    assert.equal(exit, 0, path);
    assert.match(stdout, /--json/, path);
  }
});

test("CLI-082 an error has its code's exit status, goes to stderr, and is JSON where --json was said", async () => {
  const text = await line.run(["health"]);
  assert.deepEqual(text, {
    exit: 7,
    stdout: "",
    stderr: "lorica: no gateway is running. Start one with: lorica up\n",
  });
  const json = await line.run(["health", "--json"]);
  assert.equal(json.exit, 7);
  assert.deepEqual(JSON.parse(json.stderr), {
    error: {
      code: "unavailable",
      message: "no gateway is running. Start one with: lorica up",
      retryable: true,
      exit: 7,
      details: { reason: "not_running" },
    },
  });
});

test("what is not understood exits 2 and says what there is, in JSON too where --json was said", async () => {
  const cases: [string[], string][] = [
    [
      ["statsu"],
      "lorica: there is no command `lorica statsu`. Did you mean `lorica status`? `lorica --help` lists them\n",
    ],
    [["status", "--nope"], "lorica: unknown option '--nope'. `lorica status --help` shows what there is\n"],
    [["config", "get", "a", "b"], "lorica: too many arguments: 2. `lorica config get --help` shows what it takes\n"],
    [
      ["config", "set", "a"],
      "lorica: missing required argument 'value'. `lorica config set --help` shows what there is\n",
    ],
    [
      ["config", "gte", "a"],
      "lorica: there is no command `lorica config gte`. Did you mean `lorica config get`? `lorica config --help` lists them\n",
    ],
    [
      ["gateway", "frobnicate"],
      "lorica: there is no command `lorica gateway frobnicate`. `lorica gateway --help` lists them\n",
    ],
    [["gateway", "run", "--port", "99999"], 'lorica: --port takes a whole number from 1 to 65535, not "99999"\n'],
    [
      ["agent", "--message", "x", "--thinking", "hard"],
      'lorica: --thinking takes one of off, minimal, low, medium, high, xhigh, adaptive, max, not "hard"\n',
    ],
    [["status", "--timeout", "soon"], 'lorica: --timeout takes a duration such as 500ms, 30s, 5m or 2h, not "soon"\n'],
    [
      ["--profile", "../x", "config", "file"],
      'lorica: not a profile name: "../x". Use letters, digits, - and _, at most 32.\n',
    ],
  ];
  for (const [words, stderr] of cases)
    assert.deepEqual(await line.run(words), { exit: 2, stdout: "", stderr }, words.join(" "));
  const json = await line.run(["--json", "statsu"]);
  assert.equal((JSON.parse(json.stderr) as { error: { code: string } }).error.code, "invalid_request");
});

test("what the system refuses is coded by what it is, without a stack", async () => {
  const refuse = (errno: string) => () => Promise.reject(Object.assign(new Error(`${errno}: no`), { code: errno }));
  for (const [errno, exit] of [
    ["EACCES", 4],
    ["ENOSPC", 7],
  ] as const) {
    Object.assign(line.overrides, { openOffline: refuse(errno) });
    const stderr = `lorica: the system refuses: ${errno}: no (as user id ${process.getuid?.()})\n`;
    assert.deepEqual(await line.run(["config", "validate"]), { exit, stdout: "", stderr });
  }
  Object.assign(line.overrides, { openOffline: refuse("EWHATEVER") });
  const { exit, stderr } = await line.run(["config", "validate"]);
  assert.equal(exit, 1);
  assert.match(stderr, /^lorica: EWHATEVER: no\nError: EWHATEVER: no\n {4}at /);
});

test("a message names commands as they are typed here", async () => {
  const message =
    "lorica runs as root; see: lorica gateway status. `lorica up`, ./lorica up, /bin/lorica up, lorica, up";
  const refuse = () => Promise.reject(new LoricaError("conflict", message));
  Object.assign(line.overrides, { openOffline: refuse, program: "./lorica" });
  const { stderr } = await line.run(["config", "validate"]);
  const json = await line.run(["config", "validate", "--json"]);
  Object.assign(line.overrides, { program: "lorica" });
  assert.equal(
    stderr,
    "lorica: lorica runs as root; see: ./lorica gateway status. `./lorica up`, ./lorica up, /bin/lorica up, lorica, up\n",
  );
  assert.equal((JSON.parse(json.stderr) as { error: { message: string } }).error.message, message);
});

test("every command of a later step exists, takes anything, says which step brings it, and exits 3", async () => {
  for (const { path, step } of later) {
    const { exit, stdout, stderr } = await line.run([...path.split(" "), "list", "--json", "--anything=1", "x"]);
    assert.deepEqual([path, exit, stdout], [path, 3, ""]);
    const { error } = JSON.parse(stderr) as { error: { code: string; message: string } };
    assert.equal(error.code, "not_built");
    const when = step === "later" ? "after step 5 of the plan" : `with step ${step} of the plan`;
    assert.ok(error.message.includes(when), error.message);
  }
});

test("CLI-082 colour only where a person watches and does not mind", async () => {
  // oxlint-disable-next-line no-control-regex -- Colour codes begin with one.
  const coloured = /\u001B\[3/;
  const down = ["status"];
  assert.doesNotMatch((await line.run(down)).stdout, coloured);
  assert.match((await line.run(down, { terminal: true })).stdout, coloured);
  assert.doesNotMatch((await line.run([...down, "--no-color"], { terminal: true })).stdout, coloured);
  line.env["NO_COLOR"] = "1";
  assert.doesNotMatch((await line.run(down, { terminal: true })).stdout, coloured);
  delete line.env["NO_COLOR"];
});
