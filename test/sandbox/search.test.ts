import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { imageType, readFileAt } from "../../src/sandbox/cell/files/read.ts";
import { findLines, findPaths } from "../../src/sandbox/cell/files/search.ts";
import type { Search } from "../../src/sandbox/cell/files/search.ts";
import type { FileBounds } from "../../src/sandbox/cell/settings.ts";

const bounds: FileBounds = {
  textMaxBytes: 100,
  imageMaxBytes: 50,
  editMaxBytes: 1_000,
  patchPathsMaxChars: 1_000,
  matchesMaxChars: 1_000,
  globResultsMax: 4,
  grepResultsMax: 3,
  grepLineMaxChars: 20,
  grepFileMaxBytes: 1_000,
  walkEntriesMax: 1_000,
  walkTimeMs: 10_000,
};
const root = mkdtempSync(join(tmpdir(), "lorica-search-"));
after(() => rmSync(root, { recursive: true, force: true }));
for (const folder of ["src/deep", ".git", "node_modules/x", "outside"])
  mkdirSync(join(root, folder), { recursive: true });
const files: Readonly<Record<string, string | Buffer>> = {
  "a.ts": "const alpha = 1;\r\nconst beta = 2;\n",
  "src/b.ts": "alpha\nALPHA\n",
  "src/deep/c.md": "# alpha\n",
  ".git/config": "alpha",
  "node_modules/x/i.ts": "alpha",
  binary: Buffer.from("alpha\0"),
  "outside/o.ts": "alpha alpha alpha alpha alpha",
};
for (const [name, content] of Object.entries(files)) writeFileSync(join(root, name), content);
symlinkSync("outside", join(root, "src/link"));
execFileSync("/usr/bin/mkfifo", [join(root, "fifo")]);

const search = (rest: Partial<Search> = {}): Search => ({ root, shown: "", bounds, isCancelled: () => false, ...rest });
const grep = (pattern: string, include = "", rest: Partial<Search> = {}) =>
  findLines({ pattern, include, ignoreCase: false }, search(rest));

test("glob finds by name, does not follow links, and passes over .git and node_modules", async () => {
  assert.deepEqual(await findPaths("**/*.ts", search()), {
    lines: ["a.ts", "outside/o.ts", "src/b.ts"],
    truncated: false,
  });
});

test("glob enters a folder that the pattern names", async () => {
  assert.deepEqual(await findPaths("node_modules/**/*.ts", search()), {
    lines: ["node_modules/x/i.ts"],
    truncated: false,
  });
});

test("glob below a folder answers paths that can be used as they are", async () => {
  const found = await findPaths("*.ts", search({ root: join(root, "src"), shown: "src" }));
  assert.deepEqual(found, { lines: ["src/b.ts"], truncated: false });
});

test("glob stops at its bound and says so", async () => {
  const found = await findPaths("**", search());
  assert.equal(found.lines.length, bounds.globResultsMax);
  assert.equal(found.truncated, true);
});

test("an answer is bounded in size as well as in lines", async () => {
  const small = { bounds: { ...bounds, matchesMaxChars: 12 } };
  assert.deepEqual(await findPaths("**/*.ts", search(small)), { lines: ["a.ts"], truncated: true });
  assert.deepEqual(await grep("alpha", "", small), { lines: [], truncated: true });
});

test("a newline at the end of a file begins no line", async () => {
  assert.deepEqual(await grep("^$", "*.ts"), { lines: [], truncated: false });
});

test("grep answers path, line and text, and reads neither binaries nor fifos", async () => {
  assert.deepEqual(await grep("alpha|beta", "*.ts", { bounds: { ...bounds, grepResultsMax: 10 } }), {
    lines: [
      "a.ts:1: const alpha = 1;",
      "a.ts:2: const beta = 2;",
      "outside/o.ts:1: alpha alpha alpha al",
      "src/b.ts:1: alpha",
    ],
    truncated: false,
  });
  assert.deepEqual(await grep("alpha", "binary"), { lines: [], truncated: false });
  assert.deepEqual(await grep(".", "fifo"), { lines: [], truncated: false });
});

test("grep of one file, and without regard to case", async () => {
  const one = search({ root: join(root, "src/b.ts"), shown: "src/b.ts" });
  assert.deepEqual(await findLines({ pattern: "alpha", include: "", ignoreCase: true }, one), {
    lines: ["src/b.ts:1: alpha", "src/b.ts:2: ALPHA"],
    truncated: false,
  });
});

test("grep stops at its bound, at its time, when it is given up, and refuses what is no pattern", async () => {
  assert.equal((await grep("alpha")).truncated, true);
  assert.deepEqual(await grep("alpha", "", { bounds: { ...bounds, walkTimeMs: -1 } }), { lines: [], truncated: true });
  assert.deepEqual(await grep("alpha", "", { isCancelled: () => true }), { lines: [], truncated: true });
  await assert.rejects(grep("("), { code: "invalid_request", message: /not a regular expression/ });
});

test("a folder to search that is not there is an error, not an empty answer", async () => {
  await assert.rejects(findPaths("*", search({ root: join(root, "absent") })), { code: "ENOENT" });
});

const read = (name: string, offset = 1, lines = 100, rest: Partial<FileBounds> = {}) => {
  const answer = readFileAt(join(root, name), { offset, lines }, { ...bounds, ...rest });
  return { ...answer, body: answer.body.toString() };
};

test("read answers a window of lines, with plain newlines, and how many there are", () => {
  assert.deepEqual(read("a.ts"), {
    kind: "text",
    body: "const alpha = 1;\nconst beta = 2;\n",
    totalLines: 2,
    truncated: false,
  });
  assert.deepEqual(read("a.ts", 2, 1), { kind: "text", body: "const beta = 2;\n", totalLines: 2, truncated: false });
  assert.deepEqual(read("a.ts", 1, 1), { kind: "text", body: "const alpha = 1;\n", totalLines: 2, truncated: true });
  assert.deepEqual(read("a.ts", 9, 1), { kind: "text", body: "", totalLines: 2, truncated: false });
});

test("read counts the lines of a file much larger than what it answers", () => {
  const lines = Array.from({ length: 50_000 }, (_, index) => `line ${index + 1}`);
  writeFileSync(join(root, "large"), lines.join("\n"));
  assert.deepEqual(read("large", 49_999, 5), {
    kind: "text",
    body: "line 49999\nline 50000",
    totalLines: 50_000,
    truncated: false,
  });
  const cut = read("large");
  assert.deepEqual([cut.body.length, cut.kind === "text" && cut.truncated], [bounds.textMaxBytes, true]);
  rmSync(join(root, "large"));
});

test("read refuses folders, fifos and binaries, and does not wait for a fifo's writer", () => {
  assert.throws(() => read("src"), { code: "invalid_request", message: /is a folder/ });
  assert.throws(() => read("fifo"), { code: "invalid_request", message: /not a regular file/ });
  assert.throws(() => read("binary"), { code: "invalid_request", message: /binary file of 6 bytes/ });
});

test("read shows an image by its bytes, within the bound", () => {
  const png = Buffer.from("89504e470d0a1a0a0000", "hex");
  writeFileSync(join(root, "image.txt"), png);
  assert.deepEqual(readFileAt(join(root, "image.txt"), { offset: 1, lines: 1 }, bounds), {
    kind: "image",
    mime: "image/png",
    body: png,
  });
  assert.throws(() => read("image.txt", 1, 1, { imageMaxBytes: 5 }), { code: "too_large" });
  rmSync(join(root, "image.txt"));
  const types = ["ffd8ffe0", "474946383961", "524946460000000057454250", "00"].map((hex) =>
    imageType(Buffer.from(hex, "hex")),
  );
  assert.deepEqual(types, ["image/jpeg", "image/gif", "image/webp", undefined]);
});
