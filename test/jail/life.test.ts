// How commands and cells live and end: output, time, terminals, background processes, kills, and what is recorded.
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { limits } from "../../src/base/limits.ts";
import {
  background,
  cells,
  control,
  exec,
  leave,
  never,
  output,
  ownProcessesWith,
  processesWith,
  readFile,
  readText,
  records,
  until,
  workspace,
  writeFile,
} from "./room.ts";

before(async () => {
  const status = await cells.probe(never);
  assert.equal(status.kind, "verified", JSON.stringify(status));
});
after(leave);

test("git, node, python and make work in the workspace", async () => {
  const [, version] = (
    await output(
      "git init -q . && echo hi > a && git add a && git commit -q -m first && git log --format='%an %s'; node -e 'console.log(6 * 7)'; python3 -c 'print(6 * 7)'; printf 'all:\\n\\t@echo made\\n' > Makefile; make",
    )
  ).split("\n");
  assert.equal(version, "42");
  assert.equal(await output("git log --format='%an %s' && make"), "Lorica first\nmade\n");
  rmSync(join(workspace, ".git"), { recursive: true });
});

test("a foreground command: both streams in order, its exit code, where it runs", async () => {
  const result = await exec("echo one; echo two >&2; echo three; exit 7");
  assert.deepEqual([result.kind, result.exitCode, result.output], ["exited", 7, "one\ntwo\nthree\n"]);
  assert.equal((await exec("kill -TERM $$")).exitCode, 143);
  mkdirSync(join(workspace, "sub"), { recursive: true });
  assert.equal(await output("pwd", { cwd: "sub" }), `${workspace}/sub\n`);
  const lost = await exec("pwd", { cwd: "absent" });
  assert.match(lost.output, /cannot change directory to 'absent': No such file/);
});

test("output streams while the command runs, and a character cut in two arrives whole", async () => {
  const id = await background("printf '\\xe2\\x82'; sleep 0.1; printf '\\xac\\n'; sleep 86888");
  await control({ operation: "kill", processId: id });
  assert.equal(await output("printf '\\xe2\\x82'; sleep 0.1; printf '\\xac'"), "€");
});

test("what prints without end is stopped at the bound, and its cell goes on", async () => {
  const result = await exec("yes");
  assert.deepEqual([result.kind, result.output.length], ["output_capped", limits.execOutputMaxBytes]);
  assert.ok(result.droppedBytes > 0);
  assert.equal(await output("echo on"), "on\n");
});

test("a command's time limit ends it with all that it started", async () => {
  const running = exec("trap '' TERM; setsid nohup sleep 86111 & (sleep 86111 &); sleep 86111", { timeoutMs: 700 });
  await until(() => processesWith("sleep 86111").length >= 3, "the sleeps are seen from outside");
  const result = await running;
  assert.deepEqual([result.kind, result.exitCode], ["timed_out", 137]);
  await until(() => processesWith("sleep 86111").length === 0, "none of them is left");
});

test("what a command left behind ends with it", async () => {
  await output("setsid nohup sleep 86222 > /dev/null 2>&1 & echo started");
  await until(() => processesWith("sleep 86222").length === 0, "it is gone");
});

test("an abort ends the command at once", async () => {
  const controller = new AbortController();
  const running = exec("sleep 86333", { signal: controller.signal });
  await until(() => processesWith("sleep 86333").length > 0, "it runs");
  controller.abort();
  await assert.rejects(running, { code: "cancelled" });
  await until(() => processesWith("sleep 86333").length === 0, "it is gone");
});

test("a command that is killed while it starts leaves nothing behind", async () => {
  for (let round = 0; round < 12; round += 1) {
    const controller = new AbortController();
    const running = exec("sleep 86555", { signal: controller.signal });
    await new Promise((resolve) => setTimeout(resolve, round / 2));
    controller.abort();
    await assert.rejects(running, { code: "cancelled" });
    const id = await background("sleep 86555");
    const [killed] = await control({ operation: "kill", processId: id });
    assert.equal(killed?.state, "exited");
  }
  await until(() => processesWith("sleep 86555").length === 0, "they are all gone");
});

test("a pty is a terminal of the promised size, and without one there is none", async () => {
  assert.equal(
    await output("tty; stty size; echo $TERM", { terminal: "pty" }),
    "/dev/pts/0\r\n40 120\r\nxterm-256color\r\n",
  );
  assert.equal((await exec("tty")).output, "not a tty\n");
  assert.equal((await exec("exit 3", { terminal: "pty" })).exitCode, 3);
  assert.equal(await output(`echo "it's \\"quoted\\" $((1 + 1))"`, { terminal: "pty" }), `it's "quoted" 2\r\n`);
});

test("a background process: output since the last poll, input, its end, and what is listed", async () => {
  const id = await background("while read -r line; do echo got $line; done; exit 4");
  await control({ operation: "write", processId: id, data: "one\n" });
  const command = "while read -r line; do echo got $line; done; exit 4";
  const running = { processId: id, command, state: "running", exitCode: undefined, droppedBytes: 0 };
  assert.deepEqual(await control({ operation: "poll", processId: id, waitMs: 5_000 }), [
    { ...running, output: "got one\n" },
  ]);
  assert.deepEqual(await control({ operation: "poll", processId: id, waitMs: 0 }), [{ ...running, output: "" }]);
  assert.ok((await control({ operation: "list" })).some((report) => report.processId === id));
  const [killed] = await control({ operation: "kill", processId: id });
  assert.deepEqual([killed?.state, killed?.exitCode], ["exited", 137]);
  await assert.rejects(control({ operation: "write", processId: id, data: "x" }), { code: "conflict" });
  await assert.rejects(control({ operation: "poll", processId: "p000000", waitMs: 0 }), { code: "not_found" });
});

test("a background process that talks to a terminal", async () => {
  const id = await background("read -r name; echo hello $name", { terminal: "pty" });
  await control({ operation: "write", processId: id, data: "ada\n" });
  let seen = "";
  await until(async () => {
    const [report] = await control({ operation: "poll", processId: id, waitMs: 200 });
    seen += report?.output ?? "";
    return report?.state === "exited";
  }, "it has ended");
  assert.match(seen, /hello ada/);
});

test("a background process that prints much keeps the newest", async () => {
  const id = await background(`head -c ${limits.execBackgroundBufferBytes + 1_000} /dev/zero | tr '\\0' x; echo end`);
  await until(
    async () => (await control({ operation: "list" })).find((one) => one.processId === id)?.state === "exited",
    "it ended",
  );
  const [report] = await control({ operation: "poll", processId: id, waitMs: 0 });
  assert.deepEqual([report?.output.length, report?.droppedBytes], [limits.execBackgroundBufferBytes, 1_004]);
  assert.ok(report?.output.endsWith("x\nend\n") === true || report?.output.endsWith("xend\n") === true);
});

test("background processes are bounded in number, and one that has ended gives way", async () => {
  const session = "many";
  const ids: string[] = [];
  for (let count = 0; count < limits.execBackgroundMax; count += 1) ids.push(await background("read x", { session }));
  await assert.rejects(background("read x", { session }), { code: "overloaded" });
});

test("file tools work on the files that commands see", async () => {
  await writeFile({ operation: "write", path: "t/a.txt", content: "alpha\nbeta\n" });
  await writeFile({ operation: "edit", path: "t/a.txt", before: "beta", after: "gamma", occurrences: "one" });
  await writeFile({
    operation: "apply_patch",
    patch: "*** Begin Patch\n*** Add File: t/b.txt\n+new\n*** Update File: t/a.txt\n@@\n-alpha\n+omega\n*** End Patch",
  });
  assert.equal(await output("cat t/a.txt t/b.txt"), "omega\ngamma\nnew\n");
  await output("printf 'from exec' > t/c.txt");
  assert.equal(await readText("t/c.txt"), "from exec");
  assert.deepEqual(await readFile({ operation: "glob", pattern: "*.txt", path: "t" }), {
    kind: "matches",
    lines: ["t/a.txt", "t/b.txt", "t/c.txt"],
    truncated: false,
  });
  const found = await readFile({ operation: "grep", pattern: "^GAM", path: ".", include: "*.txt", ignoreCase: true });
  assert.deepEqual(found, { kind: "matches", lines: ["t/a.txt:2: gamma"], truncated: false });
  assert.deepEqual(readdirSync(join(workspace, "t")), ["a.txt", "b.txt", "c.txt"]);
});

test("a large file comes back whole, and what is too large is refused with a code", async () => {
  const content = "x".repeat(limits.fileTextMaxBytes - 1);
  await writeFile({ operation: "write", path: "large", content });
  assert.equal(await readText("large"), content);
  await assert.rejects(
    writeFile({ operation: "write", path: "large", content: "x".repeat(limits.fileWriteMaxBytes + 1) }),
    { code: "too_large" },
  );
});

test("long names and large patches get an answer, and the cell goes on", async () => {
  const name = "n".repeat(4_000);
  await assert.rejects(readText(`${name}/x`), { code: "invalid_request", message: /too long/ });
  await output(
    "mkdir deep && cd deep && for i in $(seq 15); do mkdir $(printf 'd%.0s' $(seq 240)) && cd d*; done; touch $(seq 300)",
  );
  const found = await readFile({ operation: "glob", pattern: "**", path: "deep" });
  assert.ok(found.kind === "matches" && found.truncated && found.lines.length > 20);
  const files = Array.from({ length: 2_000 }, (_, index) => `*** Add File: many/${index}-${"x".repeat(100)}\n+x`);
  const patch = `*** Begin Patch\n${files.join("\n")}\n*** End Patch`;
  await assert.rejects(writeFile({ operation: "apply_patch", patch }), { code: "too_large" });
  assert.equal(
    await output("ls -d many; rm -r deep; echo on"),
    "ls: cannot access 'many': No such file or directory\non\n",
  );
});

test("a file worker that dies fails what it was asked, and the next request has another", async () => {
  await readText("large");
  const [pid] = ownProcessesWith("/opt/lorica/cell/files/worker.ts").toSorted((a, b) => b - a);
  assert.ok(pid);
  process.kill(pid, "SIGKILL");
  const first = await readText("large").catch((error: { code: string }) => error.code);
  assert.ok(first === "unavailable" || first.startsWith("x"));
  assert.equal((await readText("large")).length, limits.fileTextMaxBytes - 1);
});

const refused: readonly (readonly [string, Parameters<typeof exec>, string])[] = [
  ["an empty command", [" "], "invalid_request"],
  ["a NUL in a command", ["echo a\0b"], "invalid_request"],
  ["a command that is too long", ["x".repeat(limits.execCommandMaxBytes + 1)], "too_large"],
  ["an empty folder name", ["ls", { cwd: "" }], "invalid_request"],
  ["no time at all", ["ls", { timeoutMs: 0 }], "invalid_request"],
  ["an agent that is not configured", ["ls", { agentId: "stranger" }], "forbidden"],
];
for (const [name, [command, options], code] of refused) {
  test(`refused: ${name}`, async () => await assert.rejects(exec(command, options), { code }));
}

test("a command as long as may be runs", async () => {
  const text = "x".repeat(limits.execCommandMaxBytes - 10);
  assert.equal((await output(`echo ${text}`)).length, text.length + 1);
});

test("TOOL-018 every command is on record: what, where, who, how it ended", async () => {
  const command = "echo recorded; exit 5";
  await exec(command, { session: "audit", cwd: "." });
  await assert.rejects(exec(command, { session: "audit", agentId: "stranger" }));
  const found = records.filter((record) => record.resource === command);
  const durations = found.map((record) => record.result?.["durationMs"]);
  assert.ok(durations.every((value) => typeof value === "number" && value >= 0));
  const common = {
    kind: "effect",
    verb: "process.run",
    verdict: "allow",
    sessionKey: "agent:main:audit",
    principal: "owner",
    resource: command,
  };
  const result = { cwd: ".", mode: "foreground", terminal: "none" };
  assert.deepEqual(found, [
    { ...common, agentId: "main", result: { ...result, durationMs: durations[0], end: "exited", exitCode: 5 } },
    { ...common, agentId: "stranger", result: { ...result, durationMs: durations[1], end: "forbidden" } },
  ]);
  const id = await background("exit 6", { session: "audit" });
  await until(() => records.some((record) => record.resource === `background process ${id}`), "its end is recorded");
  const end = records.find((record) => record.resource === `background process ${id}`);
  assert.deepEqual(
    [end?.result?.["end"], end?.result?.["exitCode"], end?.sessionKey],
    ["exited", 6, "agent:main:audit"],
  );
});

test("closing the cells ends all that runs in them", async () => {
  const running = exec("sleep 86444", { session: "closing" });
  await background("sleep 86444");
  await until(() => processesWith("sleep 86444").length >= 2, "both run");
  const ended = assert.rejects(running, { code: /cancelled|unavailable/ });
  await cells.close();
  await ended;
  assert.deepEqual(processesWith("sleep 86444"), []);
  assert.deepEqual(ownProcessesWith("/opt/lorica/cell"), []);
  await assert.rejects(exec("ls"), { code: "unavailable" });
});
