// The evidence log: what is written continues what was written, and nothing can be changed in it unseen.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { appendFileSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { evidenceKeys } from "../../src/audit/chain/keys.ts";
import { readLine, verifyEvidence } from "../../src/audit/verify/verify-evidence.ts";
import type { EvidenceReport } from "../../src/audit/verify/verify-evidence.ts";
import { check, folderFor, lines, log, open, publicKey, rewrite, sealed, secret, write } from "../faux/evidence/log.ts";

const seen = ({ problems }: EvidenceReport): readonly string[] =>
  problems.map(({ file, line, seq, what }) => `${file}:${line ?? ""} ${seq ?? ""} ${what}`);

test("WD-007 records are chained across starts and signed, and the public key is beside them", async (context) => {
  const folder = folderFor(context);
  sealed(folder, 3);
  sealed(folder, 2);
  const report = await check(folder);
  assert.deepEqual(
    { ...report, last: report.last?.seq },
    {
      verdict: "intact",
      files: ["audit.jsonl"],
      records: 7,
      first: 1,
      last: 7,
      signedUpTo: 7,
      problems: [],
      notes: [],
    },
  );
  assert.equal(readFileSync(join(folder, "audit.pub"), "utf8"), `${publicKey}\n`);
});

test("with a locked vault records are chained and wait for their signature, which the unlocking brings", async (context) => {
  const folder = folderFor(context);
  const evidence = open(folder);
  write(evidence, 3);
  assert.deepEqual((await verifyEvidence(folder)).verdict, "unsigned");
  evidence.unlock(secret);
  const { verdict, signedUpTo } = await check(folder);
  assert.deepEqual({ verdict, signedUpTo }, { verdict: "intact", signedUpTo: 4 });
  evidence.close();
});

test("WD-007 each way to change the log is named with file, line and record, and the rest is still verified", async (context) => {
  const attacks: readonly [name: string, attack: (folder: string) => void, expected: RegExp][] = [
    [
      "edit",
      (at) => rewrite(at, lines(at).with(3, lines(at)[3]?.replace("echo 3", "echo 9") ?? "")),
      /^audit.jsonl:4 4 its text/,
    ],
    ["delete", (at) => rewrite(at, lines(at).toSpliced(3, 1)), /^audit.jsonl:4 5 record 4 is missing/],
    [
      "reorder",
      (at) =>
        rewrite(
          at,
          lines(at)
            .with(3, lines(at)[4] ?? "")
            .with(4, lines(at)[3] ?? ""),
        ),
      /^audit.jsonl:4 5 record 4/,
    ],
    [
      "repeat",
      (at) => rewrite(at, lines(at).toSpliced(3, 0, lines(at)[3] ?? "")),
      /^audit.jsonl:5 4 it comes after record 4/,
    ],
    [
      "insert",
      (at) => rewrite(at, lines(at).toSpliced(3, 0, `{"kind":"effect"}`)),
      /^audit.jsonl:5 4 before it stands/,
    ],
    ["cut a line", (at) => rewrite(at, lines(at).slice(0, -1)), /^audit.head: 9 the log was cut: record 9 is missing/],
    [
      "cut a byte",
      (at) => truncateSync(log(at), readFileSync(log(at)).length - 1),
      /^audit.jsonl:9  this is no record/,
    ],
    ["empty it", (at) => truncateSync(log(at), 0), /^audit.head: 9 the log was cut: records 1 to 9/],
    ["remove it", (at) => rmSync(log(at)), /^audit.head: 9 the log was cut/],
    ["remove the head", (at) => rmSync(join(at, "audit.head")), /^audit.head:  it is missing/],
    [
      "another key",
      (at) => writeFileSync(join(at, "audit.pub"), `${evidenceKeys(randomBytes(32)).publicKey}\n`),
      /^audit.pub:  not the key/,
    ],
    ["the start", (at) => rewrite(at, lines(at).slice(2)), /^audit.jsonl: 3 records 1 to 2 are missing/],
  ];
  for (const [name, attack, expected] of attacks) {
    const folder = folderFor(context);
    sealed(folder);
    assert.equal((await check(folder)).verdict, "intact", name);
    attack(folder);
    const report = await check(folder);
    assert.equal(report.verdict, "broken", name);
    assert.match(seen(report)[0] ?? "", expected, name);
  }
});

test("a log that was written anew from the beginning, with another key, is not the broker's", async (context) => {
  const folder = folderFor(context);
  sealed(folder);
  const [head] = (await check(folder)).last === null ? [] : [(await check(folder)).last];
  for (const name of readdirSync(folder)) rmSync(join(folder, name));
  const forged = open(folder);
  forged.unlock(randomBytes(32));
  write(forged, 8);
  forged.close();
  assert.equal((await verifyEvidence(folder)).verdict, "intact");
  assert.equal((await check(folder)).verdict, "broken");
  // Without knowing the key, a head that was written down elsewhere tells them apart too.
  assert.match(seen(await verifyEvidence(folder, { anchor: head ?? undefined }))[0] ?? "", /written down elsewhere/);
});

test("records that are put after the last signature while nobody writes are found by the next start", async (context) => {
  const folder = folderFor(context);
  sealed(folder, 2);
  const forged = open(folder);
  write(forged, 2);
  forged.close();
  const head = readFileSync(join(folder, "audit.head"), "latin1").slice(0, 192);
  const claimed = head.replace('"mac":null', `"mac":"${"B".repeat(43)}"`).slice(0, 191);
  writeFileSync(join(folder, "audit.head"), `${claimed}\n`.repeat(2));
  const evidence = open(folder);
  evidence.unlock(secret);
  assert.deepEqual(evidence.status().problems, [
    "the evidence log was taken up again: the broker did not write its last head",
  ]);
  evidence.close();
});

test("WD-007 a log that was cut or added to while the vault's key is not asked for is found by the next start", async (context) => {
  const none = (seq: number, hash: string): string => `${JSON.stringify({ seq, hash, mac: null }).padEnd(191)}\n`;
  const cut = (folder: string, count: number): string => {
    rewrite(folder, lines(folder).slice(0, count));
    return none(
      count,
      lines(folder)
        .at(-1)
        ?.match(/"hash":"([\w-]{43})"/)?.[1] ?? "",
    );
  };
  const forge = (folder: string, count: number): void => {
    const forged = open(folder);
    write(forged, count);
    forged.close();
  };
  const attacks: readonly [name: string, attack: (folder: string) => void, found: RegExp][] = [
    [
      "cut to the signature before, and the head says that the vault was locked",
      (folder) => writeFileSync(join(folder, "audit.head"), cut(folder, 4) + none(0, "A".repeat(43))),
      /its head is not proved/,
    ],
    [
      "cut, and filled up with others of the same number",
      (folder) => {
        const proved = readFileSync(join(folder, "audit.head"), "latin1").slice(192);
        writeFileSync(join(folder, "audit.head"), cut(folder, 4) + none(0, "A".repeat(43)));
        forge(folder, 6);
        const head = readFileSync(join(folder, "audit.head"), "latin1").slice(0, 192);
        writeFileSync(join(folder, "audit.head"), head + proved);
      },
      /record 8 is not the one that the broker wrote/,
    ],
    [
      "one record put at the end",
      (folder) => {
        const head = readFileSync(join(folder, "audit.head"));
        forge(folder, 1);
        writeFileSync(join(folder, "audit.head"), head);
      },
      /or somebody added that/,
    ],
  ];
  for (const [name, attack, found] of attacks) {
    const folder = folderFor(context);
    sealed(folder, 3);
    sealed(folder, 3);
    attack(folder);
    const report = await check(folder);
    assert.equal(report.problems.length + report.notes.length > 0, true, name);
    const evidence = open(folder);
    evidence.unlock(secret);
    assert.match(evidence.status().problems.join("\n"), found, name);
    evidence.close();
  }
  // What a locked vault leaves is none of that.
  const folder = folderFor(context);
  sealed(folder, 3);
  forge(folder, 2);
  forge(folder, 2);
  assert.deepEqual((await check(folder)).problems, []);
  const evidence = open(folder);
  evidence.unlock(secret);
  evidence.close();
  assert.deepEqual([evidence.status().problems, (await check(folder)).problems], [[], []]);
});

test("WD-007 what was cut off at the beginning is not excused by a record that nobody has signed", async (context) => {
  const folder = folderFor(context);
  const evidence = open(folder, { maxBytes: 2_000, filesMax: 9 });
  evidence.unlock(secret);
  write(evidence, 30);
  evidence.close();
  assert.equal((await check(folder)).verdict, "intact");
  const [oldest = ""] = readdirSync(folder)
    .filter((name) => /^audit\.jsonl\.\d$/.test(name))
    .toSorted()
    .toReversed();
  const last = readLine(readFileSync(join(folder, oldest), "latin1").trimEnd().split("\n").at(-1) ?? "");
  rmSync(join(folder, oldest));
  const forged = open(folder);
  forged.write(JSON.stringify({ source: "broker", kind: "pruned", result: { toSeq: last?.seq, hash: last?.hash } }));
  forged.close();
  assert.match(seen(await verifyEvidence(folder, { key: publicKey }))[0] ?? "", /no signed record says/);
});

test("a crash in the middle of a line, or before the head was written, is closed honestly", async (context) => {
  const folder = folderFor(context);
  sealed(folder, 3);
  appendFileSync(log(folder), '{"seq":5,"kind":"eff');
  assert.equal((await check(folder)).verdict, "intact");
  sealed(folder, 2);
  const { verdict, notes } = await check(folder);
  assert.equal(verdict, "intact");
  assert.match(notes[0]?.what ?? "", /ended in the middle of a line/);
  // What stands there is recorded by its digest: it cannot be made longer or shorter either.
  writeFileSync(log(folder), readFileSync(log(folder), "utf8").replace('"eff\n', '"ef\n'));
  assert.equal((await check(folder)).verdict, "broken");
});

test("a log that was cut while nobody wrote stays broken, and the next start says so", async (context) => {
  const folder = folderFor(context);
  sealed(folder, 5);
  rewrite(folder, lines(folder).slice(0, 3));
  const evidence = open(folder);
  evidence.unlock(secret);
  evidence.close();
  assert.match(evidence.status().problems[0] ?? "", /records 4 to 6 are missing/);
  assert.match(seen(await check(folder))[0] ?? "", /records 4 to 6 are missing before it; the broker found that/);
});

test("somebody who touches the log while it is written is noticed at the next signature", async (context) => {
  const folder = folderFor(context);
  const evidence = open(folder);
  evidence.unlock(secret);
  write(evidence, 3);
  rewrite(folder, lines(folder).slice(0, 2));
  evidence.checkpoint();
  assert.match(evidence.status().problems[0] ?? "", /somebody else touched the log: it was removed|bytes/);
  write(evidence, 1);
  evidence.close();
  assert.equal((await check(folder)).verdict, "broken");
});

test("WD-007 rotation keeps the chain, and what is pruned leaves a signed record of where it ended", async (context) => {
  const folder = folderFor(context);
  const evidence = open(folder, { maxBytes: 2_000, filesMax: 3 });
  evidence.unlock(secret);
  write(evidence, 60);
  evidence.close();
  const report = await check(folder);
  assert.deepEqual(
    { verdict: report.verdict, files: report.files, began: (report.first ?? 0) > 20, problems: report.problems },
    {
      verdict: "intact",
      files: ["audit.jsonl.3", "audit.jsonl.2", "audit.jsonl.1", "audit.jsonl"],
      began: true,
      problems: [],
    },
  );
  const at = (name: string): string => join(folder, name);
  renameSync(at("audit.jsonl.3"), at("aside"));
  assert.match(
    seen(await check(folder))[0] ?? "",
    /are missing before it, and no signed record says that they were pruned/,
  );
  renameSync(at("audit.jsonl.2"), at("audit.jsonl.3"));
  renameSync(at("aside"), at("audit.jsonl.2"));
  assert.equal((await check(folder)).verdict, "broken");
});

test("records from before there was a chain are kept beside it", async (context) => {
  const folder = folderFor(context);
  writeFileSync(log(folder), '{"kind":"start"}\n{"kind":"stop"}\n');
  sealed(folder, 1);
  assert.equal((await check(folder)).verdict, "intact");
  assert.equal(readFileSync(join(folder, "audit-unchained.jsonl"), "utf8"), '{"kind":"start"}\n{"kind":"stop"}\n');
});
