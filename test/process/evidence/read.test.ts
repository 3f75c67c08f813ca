// Reading the evidence log: finding records, following them, and handing them on with what verifies them.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { createEvidenceAnswers } from "../../../src/audit/read/answers.ts";
import { queryAudit } from "../../../src/audit/read/query.ts";
import { folderFor, headKey, open, publicKey, secret } from "../../faux/evidence/log.ts";

const records = [
  {
    time: "2026-01-01T00:00:00Z",
    kind: "decision",
    verdict: "deny",
    agentId: "main",
    principal: "owner",
    resource: "A",
  },
  { time: "2026-01-02T00:00:00Z", kind: "effect", agentId: "kids", sessionKey: "agent:kids:main", resource: "curl B" },
  { time: "2026-01-03T00:00:00Z", kind: "pairing", verdict: "allow", actor: "owner", resource: "C" },
];

function filled(folder: string) {
  const evidence = open(folder, { maxBytes: 600, filesMax: 5 });
  evidence.unlock(secret);
  for (const record of records) evidence.write(JSON.stringify(record));
  evidence.checkpoint();
  return evidence;
}

test("records are found by kind, verdict, agent, session, actor, time and text, over all files", async (context) => {
  const folder = folderFor(context);
  filled(folder).close();
  const found = async (query: Parameters<typeof queryAudit>[1]) =>
    (await queryAudit(folder, query)).records.map(({ resource }) => resource).filter((name) => name !== undefined);
  assert.deepEqual(await found({}), ["A", "curl B", "C"]);
  assert.deepEqual(await found({ kinds: ["decision", "pairing"] }), ["A", "C"]);
  assert.deepEqual(await found({ verdict: "deny" }), ["A"]);
  assert.deepEqual(await found({ agent: "kids" }), ["curl B"]);
  assert.deepEqual(await found({ session: "agent:kids:main" }), ["curl B"]);
  assert.deepEqual(await found({ actor: "owner" }), ["A", "C"]);
  assert.deepEqual(await found({ text: "CURL" }), ["curl B"]);
  assert.deepEqual(await found({ since: Date.parse("2026-01-02"), until: Date.parse("2026-01-02T12:00:00Z") }), [
    "curl B",
  ]);
  assert.deepEqual(await found({ kinds: ["decision", "effect", "pairing"], limit: 2 }), ["curl B", "C"]);
});

test("following goes on where it was, over a rotation", async (context) => {
  const folder = folderFor(context);
  const evidence = filled(folder);
  const first = await queryAudit(folder, { kinds: ["effect"] });
  assert.deepEqual(await queryAudit(folder, { after: first.next }), { records: [], next: first.next });
  for (let number = 0; number < 6; number++) evidence.write(JSON.stringify({ kind: "effect", resource: `n${number}` }));
  const more = await queryAudit(folder, { after: first.next, kinds: ["effect"] });
  assert.deepEqual(
    more.records.map(({ resource }) => resource),
    ["n0", "n1", "n2", "n3", "n4", "n5"],
  );
  evidence.close();
});

test("the broker verifies the log that it is writing, and names its head", async (context) => {
  const folder = folderFor(context);
  const evidence = filled(folder);
  const answers = createEvidenceAnswers(folder, evidence);
  const { text, ...report } = await answers["audit.verify"]({});
  assert.equal(report.verdict, "intact");
  assert.match(text, /^intact: 4 records/);
  const key = await answers["audit.key"]({});
  assert.deepEqual(key, { publicKey, folder, head: evidence.status().head });
  assert.equal((await answers["audit.verify"]({ head: evidence.status().head })).verdict, "intact");
  assert.equal((await answers["audit.verify"]({ head: { seq: 2, hash: "A".repeat(43) } })).verdict, "broken");
  evidence.close();
  // Without a broker the same is read from the files.
  assert.deepEqual((await createEvidenceAnswers(folder, undefined)["audit.key"]({})).publicKey, publicKey);
  assert.deepEqual(Buffer.from(evidence.headKey() ?? []), Buffer.from(headKey));
});

test("what is exported verifies with nothing but Node, and a change in it shows", async (context) => {
  const folder = folderFor(context);
  const evidence = filled(folder);
  const to = join(folderFor(context), "bundle");
  const answers = createEvidenceAnswers(folder, evidence);
  const exported = await answers["audit.export"]({ folder: to, verdict: "deny" });
  assert.equal(exported.selected, 1);
  await assert.rejects(answers["audit.export"]({ folder: to }), { code: "conflict" });
  await assert.rejects(answers["audit.export"]({ folder: "relative" }), { code: "invalid_request" });
  evidence.close();
  const verify = async (...words: string[]): Promise<{ code: number; stdout: string }> => {
    const run = promisify(execFile)(process.execPath, [join(to, "verify-evidence.ts"), to, ...words], { env: {} });
    return await run.then(
      ({ stdout }) => ({ code: 0, stdout }),
      (error: { code: number; stdout: string }) => error,
    );
  };
  assert.equal((await verify("--key", publicKey)).code, 0);
  const log = join(to, "audit.jsonl");
  writeFileSync(log, readFileSync(log, "utf8").replace('"seq":', '"seq" :'));
  const { code, stdout } = await verify("--json");
  assert.equal(code, 1);
  assert.equal((JSON.parse(stdout) as { verdict: string }).verdict, "broken");
});

test("the verifier is short, and needs nothing but Node", () => {
  const text = readFileSync(new URL("../../../src/audit/verify/verify-evidence.ts", import.meta.url), "utf8");
  assert.ok(text.split("\n").length < 300);
  const imports = [...text.matchAll(/from "([^"]+)"/g)].map(([, name]) => name);
  assert.deepEqual(
    imports.filter((name) => name?.startsWith("node:") !== true),
    [],
  );
});
