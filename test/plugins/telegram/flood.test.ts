// Somebody who is let in and writes faster than they are answered.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createIntake } from "../../../plugins/telegram/receive/intake.ts";
import type { Line } from "../../../plugins/telegram/line.ts";
import { createLine } from "../../../plugins/telegram/line.ts";
import { LoricaError } from "../../../src/base/errors.ts";
import { accountOf, createTestContext } from "../../faux/telegram/context.ts";

const flooder = { id: 7, is_bot: false, first_name: "Flo" };
const other = { id: 8, is_bot: false, first_name: "Ada" };

let number = 0;
function update(from: typeof flooder, more: Record<string, unknown> = { text: "hi" }): unknown {
  number += 1;
  const chat = { id: from.id, type: "private" };
  return { update_id: number, message: { message_id: number, chat, from, ...more } };
}

/** A session of the flooder's that is full until the test says otherwise. */
function setUp() {
  const state = { full: true };
  const test = createTestContext({
    accounts: [accountOf("http://127.0.0.1:1")],
    tokens: {},
    async receive({ sender }) {
      if (state.full && sender.id === "7") throw new LoricaError("overloaded", "20 messages are waiting");
    },
  });
  const line: Line = createLine(accountOf("http://127.0.0.1:1"), test.context, test.context.signal);
  const migrations = { add: async () => undefined, find: (chat: number) => chat };
  const intake = createIntake(line, { me: { id: 1, username: "bot" }, migrations, handMax: 10 });
  return { ...test, intake, state };
}

test("a flood of one person gives way before it keeps everybody else's messages from coming", async () => {
  const { intake, received, reports, end } = setUp();
  const open = new Set<number>();
  const flood = Array.from({ length: 10 }, (_, at) => {
    open.add(at);
    return intake.take(update(flooder)).then(
      () => open.delete(at),
      () => undefined,
    );
  });
  await intake.take(update(other));
  assert.deepEqual(
    received.map(({ sender }) => sender.id),
    ["8"],
  );
  // The oldest went, and at most half of the hand is theirs from then on.
  for (let tries = 0; open.size > 5 && tries < 1_000; tries += 1)
    await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual([...open], [5, 6, 7, 8, 9]);
  assert.equal(reports.filter((report) => /passed over after 1 attempts/.test(String(report))).length, 5);
  end();
  await Promise.all(flood);
});

test("no file is fetched while one person's messages crowd the hand", async () => {
  const { intake, requests, state, received, end } = setUp();
  state.full = false;
  const file = { caption: "look", document: { file_id: "d", file_size: 5 } };
  await Promise.all(Array.from({ length: 10 }, () => intake.take(update(flooder, file))));
  end();
  const crowded = received.filter(({ text }) => text.includes("[document was not taken: too much was sent at once]"));
  assert.deepEqual([received.length, crowded.length, requests.length], [10, 5, 5]);
});
