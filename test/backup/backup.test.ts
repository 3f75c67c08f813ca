import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, test } from "node:test";
import type { TestContext } from "node:test";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { packTar } from "modern-tar";
import fc from "fast-check";
import {
  createBackup,
  isCloudSynced,
  latestDue,
  listBackups,
  removeOldBackups,
  restoreBackup,
  verifyBackup,
} from "../../src/backup/backup.ts";
import type { BackupKind } from "../../src/backup/backup.ts";

let identity: string;
let recipient: string;
before(async () => {
  identity = await generateX25519Identity();
  recipient = await identityToRecipient(identity);
});
const never = new AbortController().signal;
const now = Date.UTC(2026, 0, 4, 2, 0, 0);

function setUp(context: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "lorica-backup-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const stateDir = join(folder, "home", ".openclaw");
  const put = (path: string, text: string): void => {
    mkdirSync(join(stateDir, path, ".."), { recursive: true, mode: 0o700 });
    writeFileSync(join(stateDir, path), text, { mode: 0o600 });
  };
  put("openclaw.json", "{}");
  put("credentials/vault.age", "sealed");
  put("state/lorica.sqlite", "the database as it is being written");
  put("state/lorica.sqlite-wal", "its log");
  put("media/a.sealed", "x".repeat(700_000));
  put("agents/main/sessions/one.jsonl", "words");
  put("workspace/SOUL.md", "soul");
  put("workspace/run.sh", "#!/bin/sh");
  chmodSync(join(stateDir, "workspace/run.sh"), 0o755);
  put("workspace/tmp/scrap", "scrap");
  put("logs/audit.jsonl", "evidence");
  put("run/owner.sock", "");
  put("cache/c", "c");
  symlinkSync("/etc/passwd", join(stateDir, "workspace/link"));
  const copy = join(folder, "copy.sqlite");
  writeFileSync(copy, "one moment of the database");
  const order = (kind: BackupKind = "full", recipients: readonly string[] = [recipient]) => ({
    stateDir,
    folder: join(folder, "backups"),
    kind,
    recipients,
    version: "1",
    now,
    database: kind === "full" ? new Map([["state/lorica.sqlite", copy]]) : new Map<string, string>(),
    head: undefined,
    instead: new Map<string, string>(),
  });
  const make = (kind?: BackupKind, recipients?: readonly string[]) => createBackup(order(kind, recipients), never);
  const restore = (path: string, to = stateDir) =>
    restoreBackup({ path, stateDir: to, identities: [identity], now, judge: async () => undefined }, never);
  return { folder, stateDir, put, make, restore, order };
}

/** Every file with its content. */
function tree(folder: string): Readonly<Record<string, string>> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const named = files.map((file) => join(file.parentPath, file.name)).toSorted();
  return Object.fromEntries(
    named.map((path) => [path.slice(folder.length + 1), readFileSync(path, "utf8").slice(0, 60)]),
  );
}

const full = {
  "agents/main/sessions/one.jsonl": "words",
  "credentials/vault.age": "sealed",
  "media/a.sealed": "x".repeat(60),
  "openclaw.json": "{}",
  "state/lorica.sqlite": "one moment of the database",
  "workspace/SOUL.md": "soul",
  "workspace/run.sh": "#!/bin/sh",
  "workspace/tmp/scrap": "scrap",
};

test("a folder in which the system makes nothing is refused, and nobody waits for it", async (context) => {
  const { order } = setUp(context);
  await assert.rejects(createBackup({ ...order(), folder: "/proc/nothing/below" }, never), {
    code: "forbidden",
    message: "no backup can be written to /proc/nothing/below (ENOENT); name another with --to",
  });
});

test("a folder that cannot be written to is named with what the system said", async (context) => {
  const { folder, order } = setUp(context);
  const inTheWay = join(folder, "file");
  writeFileSync(inTheWay, "");
  const target = join(inTheWay, "backups");
  await assert.rejects(createBackup({ ...order(), folder: target }, never), {
    code: "forbidden",
    message: `no backup can be written to ${target} (ENOTDIR); name another with --to`,
  });
});

test("BAK-001 BAK-006 a full backup holds what is needed to go on elsewhere, with one moment of the database", async (context) => {
  const { make, restore, folder } = setUp(context);
  const made = await make();
  assert.deepEqual(made.skipped, ["workspace/link"]);
  const elsewhere = join(folder, "other", ".openclaw");
  const restored = await restore(made.path, elsewhere);
  assert.deepEqual(tree(elsewhere), full);
  assert.deepEqual([restored.replaced, restored.files], [undefined, 8]);
});

test("BAK-001 a backup without transcripts holds nothing that people said, whichever agent they said it to", async (context) => {
  const { make, restore, folder, put } = setUp(context);
  put("agents/other/sessions/two.jsonl", "words");
  put("agents/other/notes.md", "notes");
  put("memory/index", "words");
  const elsewhere = join(folder, "other");
  await restore((await make("no-transcripts")).path, elsewhere);
  assert.deepEqual(Object.keys(tree(elsewhere)), [
    "agents/other/notes.md",
    "credentials/vault.age",
    "openclaw.json",
    "workspace/SOUL.md",
    "workspace/run.sh",
  ]);
});

test("BAK-002 a backup is sealed for the key it is made for, and opens with no other", async (context) => {
  const { make } = setUp(context);
  const { path } = await make();
  assert.equal(readFileSync(path).includes("openclaw.json"), false);
  assert.equal((await verifyBackup(path, [identity], never)).files, 8);
  const other = await generateX25519Identity();
  await assert.rejects(verifyBackup(path, [other], never), /sealed for another key/);
  const plain = await make("full", []);
  assert.equal(readFileSync(plain.path).includes("openclaw.json"), true, "the control: unsealed it is readable");
  assert.equal((await verifyBackup(plain.path, [], never)).kind, "full");
});

test("BAK-003 a restore keeps what it replaces, brings evidence over, and makes everything its owner's alone", async (context) => {
  const { make, restore, stateDir, put, folder } = setUp(context);
  const { path } = await make();
  put("workspace/SOUL.md", "another soul");
  put("logs/audit.jsonl", "more evidence");
  const restored = await restore(path);
  assert.ok(restored.replaced !== undefined);
  assert.equal(tree(restored.replaced)["workspace/SOUL.md"], "another soul");
  assert.deepEqual(tree(stateDir), { ...full, "cache/c": "c", "logs/audit.jsonl": "more evidence" });
  for (const entry of readdirSync(stateDir, { recursive: true, withFileTypes: true })) {
    const mode = statSync(join(entry.parentPath, entry.name)).mode & 0o777;
    assert.ok(
      mode === (entry.isDirectory() || entry.name === "run.sh" ? 0o700 : 0o600),
      `${entry.name} ${mode.toString(8)}`,
    );
  }
  assert.deepEqual(
    readdirSync(join(folder, "home")).filter((name) => /restor/.test(name)),
    [],
  );
});

test("BAK-008 a config-only backup puts back the config and touches nothing else", async (context) => {
  const { make, restore, stateDir, put } = setUp(context);
  const { path } = await make("config-only");
  put("openclaw.json", "{ broken");
  const before = tree(stateDir);
  await restore(path);
  assert.deepEqual(tree(stateDir), { ...before, "openclaw.json": "{}", "openclaw.json.before-restore": "{ broken" });
});

test("BAK-005 a backup in which any byte was changed, or that was cut anywhere, is refused and nothing is restored", async (context) => {
  const { make, folder, restore } = setUp(context);
  for (const recipients of [[recipient], []]) {
    const { path } = await make("full", recipients);
    const pristine = readFileSync(path);
    await fc.assert(
      fc.asyncProperty(fc.nat(pristine.length - 1), fc.boolean(), async (at, isCut) => {
        // The two blocks of zeros that end a plain archive say nothing.
        const place = Math.min(at, pristine.length - (recipients.length === 0 ? 1_100 : 1));
        writeFileSync(path, pristine);
        if (isCut) truncateSync(path, place);
        else writeFileSync(path, Buffer.from(pristine).fill((pristine[place] ?? 0) ^ 0x55, place, place + 1));
        const target = join(folder, "target");
        rmSync(target, { recursive: true, force: true });
        const outcome = await restore(path, target).then(
          () => "restored",
          () => "refused",
        );
        if (outcome === "refused") return assert.equal(existsSync(target), false);
        // In a plain archive there are bytes that nobody reads, as the padding of a file; the files are what they were.
        assert.deepEqual([recipients, isCut, tree(target)], [[], false, full]);
      }),
      { numRuns: 25 },
    );
    rmSync(path);
  }
});

const entry = (name: string, more: object = {}) => ({
  header: { name, size: 1, type: "file" as const, ...more },
  body: "x",
});

test("ADV-014 ADV-022 BAK-003 an archive that leads out of its folder, links, lies or repeats itself is refused", async (context) => {
  const { folder, restore } = setUp(context);
  const target = join(folder, "target", "state");
  const hostile = {
    parent: [entry("../../escaped")],
    inside: [entry("a/../../../escaped")],
    absolute: [entry("/tmp/escaped")],
    backslash: [entry("a\\..\\b")],
    twice: [entry("a"), entry("a")],
    link: [{ header: { name: "l", size: 0, type: "symlink" as const, linkname: "/etc" } }, entry("l/passwd")],
    hardlink: [{ header: { name: "l", size: 0, type: "link" as const, linkname: "/etc/passwd" } }],
    folder: [{ header: { name: "d/", size: 0, type: "directory" as const } }],
    listless: [entry("a")],
    long: [entry(`${"a".repeat(100)}/`.repeat(20) + "a")],
  };
  for (const [name, entries] of Object.entries(hostile)) {
    const path = join(folder, `${name}.tar`);
    writeFileSync(path, await packTar(entries));
    await assert.rejects(restore(path, target), /refused|cut off|damaged/, name);
    assert.equal(existsSync(target), false, name);
  }
  assert.equal(existsSync(join(folder, "escaped")) || existsSync("/tmp/escaped"), false);
  assert.deepEqual(readdirSync(join(folder, "target")), []);
});

test("a backup that fails or is stopped leaves no file that looks whole; what a killed one left is cleared away", async (context) => {
  const { folder, order } = setUp(context);
  const backups = join(folder, "backups");
  const ending = new AbortController();
  ending.abort();
  await assert.rejects(createBackup(order(), ending.signal));
  assert.deepEqual(readdirSync(backups), []);
  const left = `.lorica-20260104T020000Z-full.tar.age.${crypto.randomUUID()}.partial`;
  writeFileSync(join(backups, left), "half");
  assert.deepEqual(await listBackups(backups), []);
  await createBackup({ ...order(), now: Date.now() + 2 * 60 * 60_000 }, never);
  assert.equal(existsSync(join(backups, left)), false);
});

test("BAK-005 of one kind the newest are kept", async (context) => {
  const { folder, order } = setUp(context);
  const backups = join(folder, "backups");
  for (const day of [1, 2, 3]) await createBackup({ ...order("config-only"), now: Date.UTC(2026, 0, day) }, never);
  await createBackup({ ...order("no-transcripts"), now: Date.UTC(2025, 0, 1) }, never);
  // What a vault with a passphrase has put beside them.
  for (const { path } of await listBackups(backups)) writeFileSync(`${path}.key`, "sealed");
  await removeOldBackups(backups, "config-only", 2);
  const days = (await listBackups(backups)).map(
    ({ kind, createdAt }) => `${kind} ${new Date(createdAt).toISOString().slice(0, 10)}`,
  );
  assert.deepEqual(days, ["config-only 2026-01-03", "config-only 2026-01-02", "no-transcripts 2025-01-01"]);
  assert.deepEqual(
    readdirSync(backups).filter((name) => name.endsWith(".key")),
    (await listBackups(backups)).map(({ path }) => `${path.slice(backups.length + 1)}.key`).toSorted(),
  );
});

test("BAK-004 a weekly backup is due on Sundays at two, also where the machine slept through it", () => {
  const weekly = { every: "weekly", day: 0, minute: 120 } as const;
  const at = (day: number, hour: number): number => new Date(2026, 0, day, hour).getTime();
  assert.equal(new Date(at(4, 2)).getDay(), 0);
  assert.deepEqual(
    [at(4, 1), at(4, 2), at(7, 12), at(11, 1), at(11, 3)].map((moment) => latestDue(weekly, moment)),
    [new Date(2025, 11, 28, 2).getTime(), at(4, 2), at(4, 2), at(4, 2), at(11, 2)],
  );
  assert.equal(latestDue({ every: "daily", day: 0, minute: 270 }, at(7, 4)), new Date(2026, 0, 6, 4, 30).getTime());
});

test("BAK-009 a folder that a program copies to other machines is known by its name", async () => {
  assert.equal(await isCloudSynced("/nowhere/Dropbox/backups"), "Dropbox");
  assert.equal(await isCloudSynced("/nowhere/backups"), undefined);
});
