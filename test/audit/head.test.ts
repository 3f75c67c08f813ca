// The file that names the log's last record, as a crash leaves it and as no crash does.
import assert from "node:assert/strict";
import { rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { check, folderFor, open, sealed, write } from "../faux/evidence/log.ts";

test("WD-007 a head that no crash leaves so stays a finding after the next start, and one that a crash leaves does not", async (context) => {
  const head = (folder: string): string => join(folder, "audit.head");
  const attacks: readonly [attack: (folder: string) => void, found: string][] = [
    [(folder) => writeFileSync(head(folder), "x".repeat(384)), "changed"],
    [(folder) => truncateSync(head(folder), 100), "changed"],
    [(folder) => truncateSync(head(folder), 0), "emptied or removed"],
    [(folder) => writeFileSync(head(folder), Buffer.alloc(384)), "emptied or removed"],
    [(folder) => rmSync(head(folder)), "emptied or removed"],
  ];
  for (const [attack, found] of attacks) {
    const folder = folderFor(context);
    sealed(folder, 3);
    attack(folder);
    sealed(folder, 2);
    const report = await check(folder);
    assert.deepEqual(
      [report.verdict, report.problems.map(({ file, line, what }) => `${file}:${line} ${what}`)],
      ["broken", [`audit.jsonl:5 the log was taken up again: audit.head was ${found} while nobody wrote`]],
    );
  }
  // The machine went down before anything was signed, and before the head was on the disk.
  for (const left of ["", "\0".repeat(384)]) {
    const folder = folderFor(context);
    const evidence = open(folder);
    write(evidence, 2);
    evidence.close();
    writeFileSync(head(folder), left);
    sealed(folder, 2);
    const { verdict, problems } = await check(folder);
    assert.deepEqual({ verdict, problems }, { verdict: "intact", problems: [] });
  }
});
