// Whoever may ask what is in a text, and knows no value, must not learn one by asking: the attacker here has the gateway
// and asks as often as he likes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../src/base/limits.ts";
import { parseQuestion } from "../../src/assembly/broker/dlp/questions.ts";
import type { LocalInspector } from "../../src/dlp/dlp.ts";
import { createTestInspector } from "../faux/dlp/inspector.ts";

const { signal } = new AbortController();
const about = { agentId: "main", sessionKey: "s" } as const;
const key = "ab3de9fgh2jkq7m5npqr7stuv1wxyz4cd8";

/** Letters so far apart that few of them are in what is held back anyway. */
function spread(text: string): string {
  return [...text].join(" ".repeat(110));
}

async function heldOf(inspector: LocalInspector, text: string): Promise<number> {
  const { taken } = await inspector.inspectStream({ ...about, before: "", text, isEnd: false }, signal);
  return text.length - taken;
}

test("how much of a stream is held back says nothing about how much of a value is in it", async () => {
  const password = "correct horse battery staple";
  for (const value of [key, password]) {
    const inspector = createTestInspector([value]);
    for (const shown of [6, 7, 8, 9, 10, 11]) {
      const right = value.slice(0, shown);
      if (right.endsWith(" ")) continue;
      const wrong = `${right.slice(0, -1)}${right.endsWith("w") ? "x" : "w"}`;
      for (const write of [spread, (text: string): string => `${"word ".repeat(200)}${text}`])
        assert.equal(await heldOf(inspector, write(right)), await heldOf(inspector, write(wrong)), `${value} ${shown}`);
    }
    assert.deepEqual(inspector.told, []);
  }
});

test("a value that is known as a whole only is held back until it is whole, and then not shown", async () => {
  const password = "correct horse battery staple";
  const inspector = createTestInspector([password]);
  for (const length of [10, 20, password.length - 1]) {
    const text = `${"word ".repeat(200)}${password.slice(0, length)}`;
    assert.ok((await heldOf(inspector, text)) >= length, String(length));
  }
  // The positive control: other words of that length are shown once enough follows them.
  assert.ok((await heldOf(inspector, `${"word ".repeat(200)}${"other ".repeat(60)}`)) < 200);
});

/** Finds the letters behind a known part, one by one; answers how many it found before it was told nothing more. */
async function guessOn(inspector: LocalInspector, known: string): Promise<string> {
  let found = known;
  while (found.length < key.length) {
    const next = await guessLetter(inspector, found);
    if (next === undefined) return found;
    found += next;
  }
  return found;
}

async function guessLetter(inspector: LocalInspector, found: string): Promise<string | undefined> {
  // The last eleven and one more: what is already known must not be found by itself.
  const tail = found.slice(-11);
  for (const letter of "abcdefghijklmnopqrstuvwxyz0123456789") {
    try {
      const { verdict } = await inspector.inspect({ point: "result", ...about, texts: [`${tail}${letter}`] }, signal);
      if (verdict === "redact") return letter;
    } catch {
      return undefined;
    }
  }
  return undefined;
}

test("THR-011 whoever goes on from a part of a value gets a few letters further, and then no more answers", async () => {
  const inspector = createTestInspector([key]);
  const found = await guessOn(inspector, key.slice(0, 11));
  assert.equal(found, key.slice(0, 11 + limits.dlpPartsMax));
  assert.equal(inspector.alarms(), 1);
  const asked = { point: "reply", ...about, to: "x", texts: ["good morning"] } as const;
  await assert.rejects(() => inspector.inspect(asked, signal), { code: "forbidden" });
  await assert.rejects(() => inspector.inspectStream({ ...about, before: "", text: "good", isEnd: true }, signal), {
    code: "forbidden",
  });
  assert.throws(() => inspector.find("good morning", { id: "1", step: "effect", sessionKey: "s", to: "" }), {
    code: "forbidden",
  });
  // Until the owner has looked.
  inspector.guesses.forget();
  assert.deepEqual(await inspector.inspect(asked, signal), { verdict: "pass", texts: ["good morning"], reason: "" });
});

test("a part that is pulled apart ends a stream, whatever is between its letters, and counts", async () => {
  for (const between of [" ", ".", "-", "_"]) {
    const inspector = createTestInspector([key]);
    for (let shown = 12; shown <= 12 + limits.dlpPartsMax; shown++) {
      const text = `${"~".repeat(5_000)}${key.slice(0, shown).split("").join(between.repeat(600))}`;
      const asked = inspector.inspectStream({ ...about, before: "", text, isEnd: false }, signal);
      if (shown < 12 + limits.dlpPartsMax) assert.match((await asked).reason ?? "", /value from the vault/);
      else await assert.rejects(() => asked, { code: "forbidden" });
    }
    assert.equal(inspector.alarms(), 1);
  }
});

test("a thousand guesses in one question are not answered at once", async () => {
  const inspector = createTestInspector([key]);
  const parts = Array.from({ length: 12 }, (_, at) => key.slice(at, at + 13));
  const question = { point: "result", ...about, texts: [parts.join("\n#\n")] } as const;
  await assert.rejects(() => inspector.inspect(question, signal), { code: "forbidden" });
});

test("the whole of a value is no guess, however often and in how many spellings it comes", async () => {
  const inspector = createTestInspector([key, "zY9xW8vU7tS6rQ5pO4nM3lK2"]);
  const spellings = [key, Buffer.from(key).toString("hex"), Buffer.from(key).toString("base64"), `"${key}"\n`];
  for (let time = 0; time < 3; time++)
    for (const text of spellings)
      assert.equal((await inspector.inspect({ point: "result", ...about, texts: [text] }, signal)).verdict, "redact");
  const long = `${"word ".repeat(limits.dlpBreathChars / 5 - 3)}${key} and on`;
  assert.equal((await inspector.inspect({ point: "result", ...about, texts: [long] }, signal)).verdict, "redact");
  assert.equal(inspector.alarms(), 0);
});

test("where the pieces of a value stand is not said, and only people are given anything in pieces", async () => {
  const inspector = createTestInspector([key]);
  const texts = [`one ${key.slice(0, 9)} two ${key.slice(15, 24)} three`];
  const { verdict, texts: left } = await inspector.inspect({ point: "reply", ...about, to: "x", texts }, signal);
  assert.deepEqual([verdict, left], ["block", ["[redacted]"]]);
  for (const point of ["result", "inbound", "summary", "call", "answer"])
    assert.equal(parseQuestion({ point, ...about, to: "x", texts }).to, undefined);
  assert.equal(parseQuestion({ point: "reply", ...about, to: "x", texts }).to, "x");
});
