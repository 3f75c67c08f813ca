import assert from "node:assert/strict";
import { test } from "node:test";
import { LoricaError } from "../../src/base/errors.ts";
import { report } from "../../src/cli/report.ts";

test("what a gateway says of an error does not draw on the terminal", () => {
  const written: string[] = [];
  const stderr = { write: (text: string) => written.push(text), isTTY: true } as never;
  const error = new LoricaError("unavailable", "no \u001B]0;taken\u0007\u001B[31mred\u009B2J\u202E", {
    details: { errorId: "\u001B[2Jid" },
  });
  assert.equal(report(error, { stderr, json: false, verbose: false, program: "lorica" }), 7);
  assert.deepEqual(written, ["lorica: no red2J (logged as id)\n"]);
});
