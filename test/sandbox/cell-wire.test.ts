import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { commandLine } from "../../src/sandbox/cell/command.ts";
import { createOutputBuffer } from "../../src/sandbox/cell/output-buffer.ts";
import { parseControlReply, parseFileAnswer } from "../../src/sandbox/replies.ts";

const run = { command: "echo 'x'", cwd: ".", timeoutMs: 1, terminal: "none", mode: "foreground" } as const;

test("a command is one argument of the shell, never part of another one's text", () => {
  assert.deepEqual(commandLine(run), ["/bin/bash", "-c", "exec 2>&1; echo 'x'"]);
  assert.deepEqual(commandLine({ ...run, cwd: "-a b" }), [
    "/usr/bin/env",
    "-C",
    "-a b",
    "--",
    "/bin/bash",
    "-c",
    "exec 2>&1; echo 'x'",
  ]);
});

test("in a terminal the command is quoted whole", () => {
  assert.deepEqual(commandLine({ ...run, terminal: "pty" }), [
    "/usr/bin/script",
    "-q",
    "-e",
    "-f",
    "-c",
    String.raw`stty rows 40 cols 120; exec '/bin/bash' '-c' 'exec 2>&1; echo '\''x'\'''`,
    "/dev/null",
  ]);
});

test("an output buffer keeps the newest bytes and counts the others", () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 20 }),
      fc.integer({ min: 1, max: 30 }),
      (chunks, max) => {
        const buffer = createOutputBuffer(max);
        for (const chunk of chunks) buffer.add(Buffer.from(chunk));
        const all = Buffer.concat(chunks);
        const kept = all.subarray(Math.max(0, all.length - max));
        assert.deepEqual(buffer.take(), { output: Buffer.from(kept), droppedBytes: all.length - kept.length });
        assert.deepEqual(buffer.take(), { output: Buffer.alloc(0), droppedBytes: 0 });
      },
    ),
  );
});

test("replies of a cell are taken only in their exact shapes", () => {
  const good = { kind: "ended", call: 1, end: "exited", exitCode: 0, droppedBytes: 0, durationMs: 1.5 };
  assert.deepEqual(parseControlReply(good), { ok: true, value: good });
  const bad: readonly unknown[] = [
    { ...good, exitCode: 256 },
    { ...good, exitCode: -1 },
    { ...good, call: 0.5 },
    { ...good, durationMs: "1" },
    { ...good, end: "won" },
    { ...good, extra: 1 },
    { kind: "report", call: 1, processes: Array.from({ length: 17 }, () => ({})) },
    { kind: "unknown" },
    null,
  ];
  for (const head of bad) assert.equal(parseControlReply(head).ok, false, JSON.stringify(head));
  assert.equal(parseFileAnswer({ kind: "image", call: 1, mime: "text/html" }).ok, false);
  assert.equal(parseFileAnswer({ kind: "text", call: 1, totalLines: -1, truncated: false }).ok, false);
});
