// Whatever byte and whatever line of the evidence somebody changes: it shows.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { check, folderFor, lines, open, rewrite, sealed, secret, write } from "../faux/evidence/log.ts";

test("WD-007 flip any byte of any file of the evidence: it shows, and everything else is still read", async (context) => {
  const folder = folderFor(context);
  const evidence = open(folder, { maxBytes: 1_500, filesMax: 4 });
  evidence.unlock(secret);
  write(evidence, 12);
  evidence.close();
  const { records } = await check(folder);
  const files = readdirSync(folder).map((name) => {
    const path = join(folder, name);
    return { path, bytes: readFileSync(path) };
  });
  await fc.assert(
    fc.asyncProperty(fc.nat(files.length - 1), fc.nat(), fc.integer({ min: 1, max: 255 }), async (which, at, mask) => {
      const { path, bytes } = files[which] ?? assert.fail("there is such a file");
      const changed = Buffer.from(bytes);
      changed[at % bytes.length] = (changed[at % bytes.length] ?? 0) ^ mask;
      writeFileSync(path, changed);
      const report = await check(folder);
      writeFileSync(path, bytes);
      assert.equal(report.verdict, "broken");
      assert.ok(report.records >= records - 2, `${report.records} of ${records}`);
    }),
    { numRuns: 300 },
  );
  assert.equal((await check(folder)).verdict, "intact");
});

test("WD-007 any lines removed, repeated or moved show", async (context) => {
  const folder = folderFor(context);
  sealed(folder, 10);
  const before = lines(folder);
  const edit = fc.record({
    kind: fc.constantFrom("remove", "move", "repeat"),
    at: fc.nat(10),
    to: fc.nat(10),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 4 }), async (edits) => {
      let after = before;
      for (const { kind, at, to } of edits) {
        const line = after[at] ?? after[0] ?? "";
        const without = kind === "repeat" ? after : after.toSpliced(at, 1);
        after = kind === "remove" ? without : without.toSpliced(to, 0, line);
      }
      rewrite(folder, after);
      const isSame = after.join("\n") === before.join("\n");
      assert.equal((await check(folder)).verdict, isSame ? "intact" : "broken");
    }),
    { numRuns: 150 },
  );
});
