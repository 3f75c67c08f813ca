// The log's lines, their redaction, rotation and what a hostile writer can do to them; and the audit records.
import assert from "node:assert/strict";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { LoricaError } from "../../src/base/errors.ts";
import { createAuditWriter, parseAuditRecord } from "../../src/audit/audit.ts";
import { limits } from "../../src/base/limits.ts";
import { createRedactor } from "../../src/dlp/dlp.ts";
import { openLogWriter } from "../../src/audit/writer/log-writer.ts";
import type { LogWriterOptions } from "../../src/audit/writer/log-writer.ts";
import { openRotatingFile } from "../../src/audit/writer/rotating-file.ts";

const clock = { now: () => Date.UTC(2026, 0, 2, 3, 4, 5) };
const time = "2026-01-02T03:04:05.000Z";

function setUp(context: TestContext, change: Partial<LogWriterOptions> = {}) {
  const folder = mkdtempSync(join(tmpdir(), "lorica-log-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "log.jsonl");
  const printed: string[] = [];
  const writer = openLogWriter({
    path,
    maxBytes: 100_000,
    maxFiles: 3,
    settings: { level: "info", consoleLevel: "warn", consoleStyle: "pretty" },
    redactor: createRedactor({ values: () => ["hunter2-hunter2"], patterns: [] }),
    clock,
    print: (line) => printed.push(line),
    ...change,
  });
  context.after(() => writer.close());
  const lines = (): unknown[] =>
    readFileSync(path, "utf8")
      .trimEnd()
      .split("\n")
      .map((line): unknown => JSON.parse(line));
  return { folder, path, printed, writer, lines };
}

test("a line is one JSON object with level, time, source and message, in a 0600 file", (context) => {
  const { path, printed, writer, lines } = setUp(context);
  const log = writer.source("broker");
  log.debug("too fine");
  log.info("started", { port: 1, level: "mine" });
  log.warn("odd \u001b[31m\nthing", { why: "x" });
  assert.deepEqual(lines(), [
    { level: "info", time, source: "broker", port: 1, level_: "mine", msg: "started" },
    { level: "warn", time, source: "broker", why: "x", msg: "odd \u001b[31m\nthing" },
  ]);
  assert.deepEqual(printed, ['03:04:05 warn  broker: odd  [31m thing why="x"']);
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test("secrets are redacted in the rendered line, in fields, messages and errors alike", (context) => {
  const { path, writer } = setUp(context);
  const log = writer.source("broker");
  log.info("key is hunter2-hunter2", { nested: { deep: ["hunter2-hunter2"] } });
  log.error("failed", { err: new Error("with hunter2-hunter2") });
  writer.accept("gateway", JSON.stringify({ level: "info", msg: "hunter2-hunter2" }), "info");
  writer.accept("gateway", "plain hunter2-hunter2", "warn");
  const text = readFileSync(path, "utf8");
  assert.doesNotMatch(text, /hunter2/);
  assert.equal(text.match(/\[redacted\]/g)?.length, 6);
});

test("LOG-011 a line from outside cannot pass for another one", (context) => {
  const { writer, lines } = setUp(context);
  const forged = JSON.stringify({ level: "fatal", time: "2000", source: "broker", msg: "x", pid: 1, extra: 2 });
  writer.accept("gateway", forged, "info");
  writer.accept("gateway", 'text\n{"level":"fatal","source":"broker","msg":"second"}', "warn");
  writer.accept("gateway", '{"level":"root","msg":"odd level"}', "info");
  writer.accept("gateway", '{"__proto__":{"polluted":1},"msg":"proto","level":"info"}', "info");
  assert.deepEqual(
    lines().map(
      (line) => JSON.parse(JSON.stringify(line, ["level", "source", "part", "pid_", "extra", "msg"])) as unknown,
    ),
    [
      { level: "fatal", source: "gateway", part: "broker", pid_: 1, extra: 2, msg: "x" },
      { level: "warn", source: "gateway", msg: 'text\n{"level":"fatal","source":"broker","msg":"second"}' },
      { level: "info", source: "gateway", msg: "odd level" },
      { level: "info", source: "gateway", msg: "proto" },
    ],
  );
  assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
});

test("a line that is too long is cut and says so", (context) => {
  const { writer, lines } = setUp(context);
  writer.source("broker").info("x".repeat(limits.logLineMaxBytes * 2));
  writer.accept("gateway", "y".repeat(limits.logLineMaxBytes * 2), "info");
  const [first, second] = lines() as { msg: string; truncatedFromChars?: number }[];
  assert.equal(first?.msg, "x".repeat(limits.logLineMaxBytes / 4));
  assert.ok(Number(first?.truncatedFromChars) > limits.logLineMaxBytes);
  assert.equal(second?.msg.length, limits.logLineMaxBytes / 4 + 1);
});

test("a terminal is told what an operating error says, and the file where it came from", (context) => {
  const { writer, lines, printed } = setUp(context);
  writer.source("broker").warn("not published", { err: new LoricaError("unavailable", "there is no `tailscale`") });
  assert.deepEqual(printed, ['03:04:05 warn  broker: not published err="there is no `tailscale`"']);
  const [line] = lines() as [{ readonly err: { readonly stack: string } }];
  assert.match(line.err.stack, /log-writer\.test\.ts/);
});

test("levels and redaction change without a restart", (context) => {
  const { writer, lines, printed } = setUp(context);
  const log = writer.source("broker");
  writer.configure(
    { level: "debug", consoleLevel: "silent", consoleStyle: "json" },
    createRedactor({ values: () => [], patterns: ["inner-\\d+"] }),
  );
  log.debug("now inner-42 seen");
  log.error("not printed");
  assert.deepEqual(lines(), [
    { level: "debug", time, source: "broker", msg: "now [redacted] seen" },
    { level: "error", time, source: "broker", msg: "not printed" },
  ]);
  assert.deepEqual(printed, []);
});

test("a pattern that would break the JSON costs the line its content, never its shape", (context) => {
  const { writer, lines } = setUp(context, {
    redactor: createRedactor({ values: () => [], patterns: ['"msg":"bad'] }),
  });
  writer.source("broker").info("bad luck");
  assert.deepEqual(lines(), [{ level: "info", time, source: "log", msg: "[redacted]" }]);
});

test("LOG-002 the file rotates by size and keeps as many old ones as it may", (context) => {
  const { folder, path, writer } = setUp(context, { maxBytes: 400, maxFiles: 2 });
  const log = writer.source("broker");
  for (let number = 0; number < 40; number++) log.info(`line ${number}`);
  assert.deepEqual(readdirSync(folder).toSorted(), ["log.jsonl", "log.jsonl.1", "log.jsonl.2"]);
  for (const name of readdirSync(folder)) {
    assert.ok(statSync(join(folder, name)).size <= 400);
    assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600);
  }
  const kept =
    ["2", "1"].map((suffix) => readFileSync(`${path}.${suffix}`, "utf8")).join("") + readFileSync(path, "utf8");
  const numbers = [...kept.matchAll(/line (\d+)/g)].map((match) => Number(match[1]));
  assert.equal(numbers.at(-1), 39);
  assert.deepEqual(
    numbers,
    numbers.map((_, index) => (numbers[0] ?? 0) + index),
  );
});

test("CFG-029 on a disk that is nearly full the file gets no line, and says afterwards how many it lost", (context) => {
  const disk = { isLow: false };
  const { writer, lines, printed } = setUp(context, { isLow: () => disk.isLow });
  const log = writer.source("broker");
  log.error("one");
  disk.isLow = true;
  log.error("two");
  log.error("three");
  disk.isLow = false;
  log.error("four");
  assert.deepEqual(
    lines().map((line) => (line as { msg: string }).msg),
    ["one", "2 lines were lost", "four"],
  );
  assert.equal(printed.length, 4);
});

test("half a line of a killed process is not continued, and a link is not followed", (context) => {
  const { folder, path } = setUp(context);
  appendFileSync(path, '{"half":');
  const describeLoss = (): string => "{}";
  const file = openRotatingFile({ path, maxBytes: 1_000, maxFiles: 1, describeLoss });
  file.write('{"whole":1}');
  file.close();
  file.write("after close");
  assert.equal(readFileSync(path, "utf8"), '{"half":\n{"whole":1}\n');
  symlinkSync(path, join(folder, "alias"));
  assert.throws(() => openRotatingFile({ path: join(folder, "alias"), maxBytes: 9, maxFiles: 1, describeLoss }), {
    code: "internal",
    message: /symbolic link/,
  });
});

test("a full disk loses lines, says how many, and goes on", (context) => {
  const { folder } = setUp(context);
  // A rotation that cannot be done fails as a full disk does: inside `write`.
  const path = join(folder, "loss.jsonl");
  const file = openRotatingFile({
    path,
    maxBytes: 10,
    maxFiles: 1,
    describeLoss: (lines, errno) => `lost ${lines} ${errno}`,
  });
  file.write("first-long-line");
  const blocker = `${path}.1`;
  mkdirSync(blocker);
  file.write("second");
  file.write("third");
  rmSync(blocker, { recursive: true });
  file.write("fourth");
  file.close();
  const all = [`${path}.1`, path].map((name) => readFileSync(name, "utf8")).join("");
  assert.match(all, /lost 2 \w+\n/);
  assert.match(all, /fourth\n/);
});

test("LOG-002 audit records hold who, what and the verdict; commands are in a file of their own", () => {
  const all: string[] = [];
  const commands: string[] = [];
  const writer = createAuditWriter({
    clock,
    write: (line) => all.push(line),
    writeCommand: (line) => commands.push(line),
    redact: (line) => line.replaceAll("hunter2", "[redacted]"),
  });
  const run = { kind: "effect", verb: "process.run", agentId: "main", resource: "echo hunter2" } as const;
  writer.source("broker").record({ ...run, result: { exitCode: 0, durationMs: 3 } });
  writer.source("gateway").record({ kind: "decision", verb: "file.read", verdict: "deny", rule: "default" });
  assert.deepEqual(
    all.map((line): unknown => JSON.parse(line)),
    [
      { time, source: "broker", ...run, resource: "echo [redacted]", result: { exitCode: 0, durationMs: 3 } },
      { time, source: "gateway", kind: "decision", verb: "file.read", verdict: "deny", rule: "default" },
    ],
  );
  assert.deepEqual(commands, [all[0]]);
});

test("LOG-002 nothing in a command can hide what is recorded beside it, or make its record long or broken", () => {
  const lines: string[] = [];
  const { redact } = createRedactor({ values: () => [`quoted"secret`], patterns: [] });
  const write = (line: string): void => void lines.push(line);
  const { record } = createAuditWriter({ clock, write, writeCommand: () => undefined, redact }).source("broker");
  const run = {
    kind: "effect",
    verb: "process.run",
    principal: "owner",
    result: { end: "exited", exitCode: 0 },
  } as const;
  const shown = (resource: string): unknown => {
    record({ ...run, resource });
    return (JSON.parse(lines.at(-1) ?? "") as { resource: unknown }).resource;
  };
  // What looks like the beginning of a key ends with the command that it stands in.
  assert.equal(shown("a -----BEGIN PRIVATE KEY----- b"), "a [redacted]");
  assert.equal(shown(`curl quoted"secret`), "curl [redacted]");
  const control = shown("\u0001".repeat(limits.execCommandMaxBytes)) as string;
  assert.equal(control.slice(limits.auditTextMaxChars), `… (${limits.execCommandMaxBytes} characters)`);
  for (const line of lines) {
    const { resource: _, ...rest } = JSON.parse(line) as Record<string, unknown>;
    assert.deepEqual(rest, { time, source: "broker", ...run });
  }
});

test("the gateway cannot record what only the broker does, nor without bounds", () => {
  assert.equal(parseAuditRecord({ kind: "start" }).ok, false);
  assert.equal(parseAuditRecord({ kind: "effect", verdict: "maybe" }).ok, false);
  assert.equal(parseAuditRecord({ kind: "effect", reason: 1 }).ok, false);
  assert.equal(parseAuditRecord([]).ok, false);
  assert.deepEqual(
    parseAuditRecord({
      kind: "effect",
      reason: "r".repeat(10_000),
      time: "forged",
      source: "broker",
      result: { a: 1, b: {} },
    }),
    { ok: true, value: { kind: "effect", reason: "r".repeat(8_192), result: { a: 1 } } },
  );
});
