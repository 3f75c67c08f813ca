import assert from "node:assert/strict";
import { test } from "node:test";
import { DatabaseSync } from "node:sqlite";
import { openTestStore } from "../faux/store.ts";

/** Read in full by design, and never by a message or a turn: pruning, sealing what was plain, bounded lists. */
const mayScan =
  /^(DELETE|SELECT key FROM sessions|SELECT id, name FROM media$|SELECT kind, name FROM \(|SELECT \(page_count|SELECT (count\(\*\) AS files|id, bytes, created_at)\b.* FROM media|SELECT \* FROM session_keys LIMIT|SELECT \* FROM (sessions|channel_state|media) WHERE :after|SELECT .* FROM (devices|device_requests|nodes|node_requests|sender_requests|sender_approvals)\b)/;

test("no statement of the store reads a whole table to find a few rows", async () => {
  const statements: string[] = [];
  const prepare = DatabaseSync.prototype.prepare;
  DatabaseSync.prototype.prepare = function (this: DatabaseSync, sql: string) {
    statements.push(sql.trim());
    return prepare.call(this, sql);
  };
  try {
    await using opened = await openTestStore();
    const database = new DatabaseSync(opened.path, { readOnly: true });
    const explained = statements.filter(
      (sql) => /^(SELECT|INSERT|UPDATE|DELETE)/.test(sql) && !/sqlite_schema/.test(sql),
    );
    const scans = explained.flatMap((sql) => {
      const plan = prepare.call(database, `EXPLAIN QUERY PLAN ${sql}`).all();
      const steps = plan.map((row) => String(row["detail"]));
      // A walk in the order of the rows that stops at its limit reads what it answers, and no more.
      const limited = /ORDER BY position DESC LIMIT/.test(sql) && !steps.some((step) => step.includes("TEMP B-TREE"));
      const scanned = limited ? [] : steps.filter((step) => /^SCAN (?!.*USING (COVERING )?INDEX)/.test(step));
      return scanned.length > 0 && !mayScan.test(sql) ? [[sql, scanned]] : [];
    });
    database.close();
    assert.deepEqual(scans, []);
    assert.ok(explained.length > 40, `${explained.length} statements were looked at`);
  } finally {
    DatabaseSync.prototype.prepare = prepare;
  }
});
