import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { sha256 } from "../../src/base/ids.ts";
import { createRecent } from "../../src/gateway/recent.ts";
import { createStreamedText } from "../../src/gateway/http/streamed-text.ts";
import { renderError, withoutPaths } from "../../src/gateway/http/answer.ts";
import { composeMessage } from "../../src/gateway/http/conversation.ts";
import type { Said } from "../../src/gateway/http/content.ts";

test("GW-042 what is remembered of requests is bounded in number and in time", () => {
  const clock = { ms: 0 };
  const recent = createRecent<number>({ entriesMax: 3, windowMs: 100, now: () => clock.ms });
  for (let index = 0; index < 10; index++) recent.add(`k${index}`, index);
  assert.equal(recent.size(), 3);
  assert.deepEqual(
    ["k6", "k7", "k8", "k9"].map((key) => recent.find(key)),
    [undefined, 7, 8, 9],
  );
  clock.ms = 100;
  assert.equal(recent.find("k9"), undefined);
  recent.add("new", 1);
  assert.equal(recent.size(), 1);
});

test("a streamed answer that only grows arrives exactly, however it was cut", () => {
  fc.assert(
    fc.property(fc.string(), fc.array(fc.nat()), (answer, cuts) => {
      const streamed = createStreamedText();
      const ends = [...cuts.map((cut) => cut % (answer.length + 1)), answer.length].toSorted((a, b) => a - b);
      const pieces = ends.map((end) => streamed.follow(answer.slice(0, end)));
      assert.equal(pieces.join("") + streamed.finish(answer), answer);
    }),
  );
});

test("an attempt that starts anew repeats nothing, and a different one starts a paragraph", () => {
  const streamed = createStreamedText();
  const pieces = ["Hel", "Hello", "", "He", "Hello", "Hello w", "Bye"].map(streamed.follow);
  assert.deepEqual(pieces, ["Hel", "lo", "", "", "", " w", "\n\nBye"]);
  assert.equal(streamed.finish("Bye."), ".");
});

test("nothing is repeated at the end where the reply is all answers together", () => {
  const streamed = createStreamedText();
  assert.equal(streamed.follow("One."), "One.");
  streamed.endAnswer();
  assert.equal(streamed.follow("Two."), "\n\nTwo.");
  assert.equal(streamed.finish("One.\n\nTwo."), "");
  assert.equal(createStreamedText().finish("All at once."), "All at once.");
});

test("GW-051 messages lose the paths of this machine and keep those of the API", () => {
  const cases: readonly (readonly [message: string, shown: string])[] = [
    ["cannot read /home/ada/.openclaw/openclaw.json", "cannot read <path>"],
    ["cannot open '/var/lib/lorica/state/lorica.sqlite': locked", "cannot open '<path>': locked"],
    ["(/tmp/x-1/y)", "(<path>)"],
    ["nothing is at /v1/nowhere", "nothing is at /v1/nowhere"],
    ["use openclaw/main, openclaw/beta", "use openclaw/main, openclaw/beta"],
  ];
  for (const [message, shown] of cases) assert.equal(withoutPaths(message), shown);
});

test("GW-051 what is thrown inside answers 500 with an id, and nothing of its message", () => {
  const { status, body } = renderError(new TypeError(`cannot read secret ${sha256("x")} in /home/ada`), "id-1");
  assert.equal(status, 500);
  assert.deepEqual(body, {
    error: {
      message: "something went wrong inside; the log has it as id-1",
      type: "api_error",
      param: null,
      code: "internal",
      id: "id-1",
    },
  });
});

test("a conversation becomes one message: all of it once, afterwards only what is new", () => {
  const user = (text: string): Said => ({ role: "user", text, media: [] });
  const assistant = (text: string): Said => ({ role: "assistant", text, media: [] });
  const tool: Said = { role: "tool", text: "42", media: [] };
  const all = [user("a"), assistant("b"), tool, user("c"), user("d")];
  assert.equal(
    composeMessage(all, "new").text,
    "[What was said before]\nUser: a\nAssistant: b\nTool: 42\nUser: c\n[The message to answer]\nUser: d",
  );
  assert.equal(
    composeMessage(all, "known").text,
    "[What was said before]\nTool: 42\nUser: c\n[The message to answer]\nUser: d",
  );
  assert.equal(composeMessage([user("a")], "new").text, "a");
  assert.throws(() => composeMessage([user("a"), assistant("b")], "known"), { status: 400 });
});
