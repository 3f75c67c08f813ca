// What the guard remembers, with one byte of it changed: it is noticed, whichever byte it is, and what governs stays.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { encodeChecked, parseChecked } from "../../../src/base/files/checked-json.ts";
import { createConfigFile, prepareStateDir, resolvePaths } from "../../../src/config/config.ts";
import type { Finding } from "../../../src/config/config.ts";
import { createApprovedStore } from "../../../src/config/guard/approved.ts";
import { createJournal } from "../../../src/config/keep/journal.ts";
import { openInstructionBook } from "../../../src/watchdog/watchdog.ts";
import { temporary } from "../harness.ts";
import { bindOf, open } from "./guarded.ts";

function folderFor(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "lorica-damage-"));
  context.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Every byte of a file in turn, changed to another one: to one of the same alphabet, and to one that is no text. */
async function withEachByte(path: string, look: (at: number) => unknown): Promise<void> {
  const whole = readFileSync(path);
  for (let at = 0; at < whole.length; at++) {
    for (const mask of [1 << (at % 7), 0x80]) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] ?? 0) ^ mask;
      writeFileSync(path, changed);
      await look(at);
    }
  }
  writeFileSync(path, whole);
}

test("what is written with a sum of itself is read as it was, and not with a byte changed or added", () => {
  const value = { b: [1, null, "ä\u0000"], a: { "2": true, "1": 1e21 } };
  const text = encodeChecked(value);
  assert.deepEqual(parseChecked(text), { ok: true, value });
  for (const other of [`${text} `, text.replace('"b"', '"c"'), "{}", "null", "", text.replace(/,"sum".*$/, "}")])
    assert.equal(parseChecked(other).ok, false, other);
});

test("any byte of what is kept of the approved config", async (context) => {
  const folder = folderFor(context);
  const store = createApprovedStore(folder, "/c");
  const files = new Map([["/c/openclaw.json", Buffer.from("{ gateway: {} }")]]);
  await store.save({ at: "2030-01-01", actor: "owner", files, earlier: ["a".repeat(64)] });
  for (const name of readdirSync(folder))
    await withEachByte(join(folder, name), async (at) => assert.equal(await store.load(), "damaged", `${name} ${at}`));
  assert.notEqual(await store.load(), "damaged");
});

test("an approved config is the same one where its state directory was moved or restored to another place", async (context) => {
  const folder = folderFor(context);
  const [inside, outside] = [Buffer.from("{ gateway: {} }"), Buffer.from("{}")];
  const at = (stateDir: string) =>
    new Map([
      [`${stateDir}/openclaw.json`, inside],
      ["/elsewhere/..more.json", outside],
    ]);
  const about = { at: "2030-01-01", actor: "owner", earlier: [] };
  await createApprovedStore(folder, "/home/a").save({ ...about, files: at("/home/a") });
  assert.deepEqual(await createApprovedStore(folder, "/home/b").load(), { ...about, files: at("/home/b") });
});

test("a damaged memory is said once and mended, and what last started well is what a change is judged by", async (context) => {
  const paths = resolvePaths({ env: {}, home: await temporary(context) });
  await prepareStateDir(paths);
  const open = () => createConfigFile({ paths, env: {}, clock: { now: () => 0 } });
  const put = (text: string): void => writeFileSync(paths.configPath, text, { mode: 0o600 });
  put("{ gateway: { bind: 'loopback' } }");
  const first = await open().screen();
  assert(first.kind === "loaded");
  await open().markGood(first.hash);
  const memory = join(paths.watchdog, "config/approved.json");
  writeFileSync(memory, readFileSync(memory, "utf8").replace("first start", "first stort"));
  put("{ gateway: { bind: 'lan' } }");
  for (const expected of [["damaged", "held"], []]) {
    const file = open();
    const findings: Finding[] = [];
    const held = await file.screen();
    file.listen((finding) => findings.push(finding));
    assert(held.kind === "loaded");
    assert.equal(held.config.gateway.bind, "loopback");
    assert.deepEqual(
      findings.map(({ kind }) => kind),
      expected,
    );
  }
});

test("any byte of the list of changes shows in its line, and the other lines are read", async (context) => {
  const path = join(folderFor(context), "config-audit.jsonl");
  const journal = createJournal(path);
  const entry = { at: "t", actor: "owner", before: "x", after: "y", suspicious: false, widening: [] };
  for (const changed of [["a"], ["b"], ["c"]]) await journal.append({ ...entry, changed });
  await withEachByte(path, async (at) => {
    const read = await journal.read();
    const flagged = read.filter(({ flags = [] }) =>
      flags.some((flag) => flag.endsWith(`changed or cut off, in ${path}`)),
    );
    assert.ok(flagged.length > 0, `byte ${at}`);
    assert.ok(read.length - flagged.length >= 1, `byte ${at}`);
  });
  assert.deepEqual(
    (await journal.read()).map(({ changed }) => changed),
    [["a"], ["b"], ["c"]],
  );
});

test("any byte of what is known of the instruction files", async (context) => {
  const folder = folderFor(context);
  const book = openInstructionBook(folder);
  const hash = book.keep(Buffer.from("be kind"));
  book.set("main/SOUL.md", { hash, at: 1, by: "owner", previous: null, base: hash, aside: null });
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    await withEachByte(path, (at) => assert.deepEqual(openInstructionBook(folder).damaged, [path], `${name} ${at}`));
  }
  assert.deepEqual(openInstructionBook(folder).damaged, []);
});

test("WD-001 a damaged memory without a config that ever started: what forbids holds, what allows waits for the owner", async (context) => {
  const opened = await open(context, '{ tools: { deny: ["exec"] } }\n');
  const { paths, put, reopen } = opened;
  const memory = join(paths.watchdog, "config/approved.json");
  writeFileSync(memory, readFileSync(memory, "utf8").replace("first start", "first stort"));
  const written =
    '{\n  // mine\n  gateway: { bind: "lan", port: 18800 },\n  tools: { deny: ["exec"] },\n  models: { providers: { x: { baseUrl: "https://x.example/v1", models: [{ id: "m" }] } } },\n  agents: { defaults: { model: { primary: "x/m" } } },\n}\n';
  await put(written);
  const peeked = await reopen().peek();
  const file = reopen();
  const findings: Finding[] = [];
  file.listen((finding) => findings.push(finding));
  const held = await file.screen();
  assert(held.kind === "loaded" && peeked.kind === "loaded");
  assert.deepEqual(peeked.config, held.config);
  const { gateway, tools, models } = held.config;
  assert.deepEqual(
    [gateway.bind, gateway.port, tools.deny, Object.keys(models.providers)],
    ["loopback", 18_800, ["exec"], []],
  );
  assert.deepEqual(
    findings.map(({ kind }) => kind),
    ["damaged", "held"],
  );
  assert.equal((await file.accept([], "owner")).kind, "saved");
  assert.equal(await opened.text(), written);
  assert.equal(await bindOf({ file: reopen() }), "lan");
});

test("with a damaged memory a config that allows nothing beyond the defaults holds as it is", async (context) => {
  const opened = await open(context, '{ tools: { deny: ["exec"] } }\n');
  const memory = join(opened.paths.watchdog, "config/approved.json");
  writeFileSync(memory, readFileSync(memory, "utf8").replace("first start", "first stort"));
  const file = opened.reopen();
  const held = await file.screen();
  assert(held.kind === "loaded");
  assert.deepEqual(held.config.tools.deny, ["exec"]);
  assert.deepEqual(await file.pending(), []);
  assert.equal(await opened.text(), '{ tools: { deny: ["exec"] } }\n');
});
