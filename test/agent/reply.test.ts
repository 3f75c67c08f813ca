import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { createReplyStream, sanitizeReply } from "../../src/agent/reply.ts";

const cases: readonly (readonly [string, string])[] = [
  ["plain text", "plain text"],
  ["[[reply_to_current]] Yes.", "Yes."],
  ["[[reply_to: 42]]\nYes.", "Yes."],
  ["Yes. [[ reply_to_current ]]", "Yes."],
  ["NO_REPLY", ""],
  [" **NO_REPLY**. ", ""],
  ["HEARTBEAT_OK", ""],
  ["All is well.\n\nHEARTBEAT_OK", "All is well."],
  ["NO_REPLY is what I would say", "NO_REPLY is what I would say"],
  ["Hi<|im_end|>", "Hi"],
  ["<|assistant|>Hi</s>", "Hi"],
  ["[INST] Hi [/INST]", "Hi"],
  ["<think>secret\nplan</think>\nAnswer", "Answer"],
  ["a\n<thinking>x</thinking>b", "a\nb"],
  ['See <<<EXTERNAL_UNTRUSTED_CONTENT id="1">>>x<<<END_EXTERNAL_UNTRUSTED_CONTENT id="1">>>', "See x"],
  ["Use `<|im_end|>` and `[[reply_to_current]]`.", "Use `<|im_end|>` and `[[reply_to_current]]`."],
  [
    "```\n<|im_end|>\n[[reply_to_current]]\n\n<think>\n```\nEnd</s>",
    "```\n<|im_end|>\n[[reply_to_current]]\n\n<think>\n```\nEnd",
  ],
  ["if a < b [x] and [[y]] <b>", "if a < b [x] and [[y]] <b>"],
  ["one\n\n\ntwo\n  indented", "one\n\n\ntwo\n  indented"],
];

suite("a reply", () => {
  for (const [said, shown] of cases)
    test(`AG-022 AG-027 shows ${JSON.stringify(shown)} of ${JSON.stringify(said)}`, () => {
      assert.equal(sanitizeReply(said), shown);
    });

  test("AG-022 AG-027 streamed in any pieces comes to the same, and shows no token on the way", () => {
    const piece = fc.constantFrom(
      ...cases.map(([said]) => said),
      "[[reply_to_current]]",
      "<|im_end|>",
      "<think>",
      "</think>",
      "\n",
      "```\n",
      "a",
      " ",
      "`",
      "[",
      "<",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), fc.array(fc.nat({ max: 60 })), (pieces, cuts) => {
        const text = pieces.join("");
        const stream = createReplyStream();
        const shown: string[] = [];
        let from = 0;
        for (const cut of [...cuts.toSorted((a, b) => a - b), text.length]) {
          shown.push(stream.push(text.slice(from, Math.max(from, cut))));
          from = Math.max(from, cut);
        }
        const whole = stream.end();
        assert.equal(whole, sanitizeReply(text));
        for (const hidden of ["<|im_end|>", "[[reply_to_current]]"])
          if (!text.includes("`")) assert.ok(!shown.some((part) => part.includes(hidden)), hidden);
      }),
      { numRuns: 1_000 },
    );
  });

  test("of one endless line is shown as it comes", () => {
    const stream = createReplyStream();
    let shown = "";
    for (let at = 0; at < 5_000; at++) shown = stream.push("word ");
    assert.equal(shown.length > 24_000, true);
    assert.equal(stream.end(), "word ".repeat(5_000).trim());
  });
});
