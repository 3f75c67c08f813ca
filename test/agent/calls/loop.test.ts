import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { detectLoop } from "../../../src/agent/calls/loop.ts";
import { limits } from "../../../src/base/limits.ts";

const call = (tool: string, input: unknown, output = "same") => ({ tool, input: JSON.stringify(input), output });
const times = <T>(count: number, ...values: readonly T[]): readonly T[] =>
  Array.from({ length: count }, () => values).flat();
const max = limits.loopRepeatsMax;

suite("AG-017 the loop detector", () => {
  test("AG-017 warns of identical calls at the bound and ends the turn at twice the bound", () => {
    const same = call("exec", { command: "ls" });
    assert.deepEqual(detectLoop(times(max - 1, same)), { kind: "fine" });
    assert.deepEqual(detectLoop(times(max, same)), { kind: "warn", rounds: max, tools: ["exec"] });
    assert.deepEqual(detectLoop(times(max * 2, same)), { kind: "end", rounds: max * 2, tools: ["exec"] });
  });

  test("AG-017 sees ping-pong and cycles of three", () => {
    const [a, b, c] = [call("read", 1), call("exec", 2), call("grep", 3)];
    assert.deepEqual(detectLoop(times(max, a, b)), { kind: "warn", rounds: max, tools: ["read", "exec"] });
    assert.deepEqual(detectLoop(times(max * 2, a, b, c)), {
      kind: "end",
      rounds: max * 2,
      tools: ["read", "exec", "grep"],
    });
  });

  test("AG-017 lets a poll wait longer, but not for ever", () => {
    const poll = call("process", { operation: "poll", processId: "1" });
    assert.deepEqual(detectLoop(times(max * 2, poll)), { kind: "fine" });
    const { loopPollRepeatsMax } = limits;
    assert.equal(detectLoop(times(loopPollRepeatsMax, poll)).kind, "warn");
    assert.equal(detectLoop(times(loopPollRepeatsMax * 2, poll)).kind, "end");
  });

  test("counts from the last call that brought something new", () => {
    const same = call("exec", 1);
    assert.deepEqual(detectLoop([...times(9, same), call("exec", 1, "new"), same]), { kind: "fine" });
  });

  test("takes two wrappings of one content, and its own warning, for the same", () => {
    const wrapped = (id: string, note: string) =>
      call(
        "fetch",
        1,
        `<<<EXTERNAL_UNTRUSTED_CONTENT id="${id}">>>x<<<END_EXTERNAL_UNTRUSTED_CONTENT id="${id}">>>${note}`,
      );
    const calls = [wrapped("0a", ""), wrapped("1b", ""), wrapped("2c", "\n[#note] a"), wrapped("3d", "\n[#note] b")];
    assert.equal(detectLoop(calls).kind, "warn");
  });

  test("never speaks where no call comes twice", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string()), (outputs) => {
        assert.deepEqual(detectLoop(outputs.map((output) => call("exec", output))), { kind: "fine" });
      }),
    );
  });
});
