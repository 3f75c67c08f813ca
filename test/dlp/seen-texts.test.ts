// What was looked through before: spared where it is the very same, and never instead of a look that could find more.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { limits } from "../../src/base/limits.ts";
import { guardBody } from "../../src/dlp/body-guard.ts";
import type { BodyJudge } from "../../src/dlp/body-guard.ts";
import { createKnownValues } from "../../src/dlp/known/known.ts";
import type { KnownValues } from "../../src/dlp/known/known.ts";
import { createSeenTexts } from "../../src/dlp/seen-texts.ts";

const secret = "aZ3kP9qL0vT5xW8mR2nY7bD4";
const other = "Q7wE2rT9yU4iO1pA6sD3fG8h";

async function pass(body: string, judge: Omit<BodyJudge, "onFound">): Promise<string> {
  const out: Uint8Array[] = [];
  for await (const chunk of guardBody(ReadableStream.from([Buffer.from(body)]), { ...judge, onFound: () => undefined }))
    out.push(chunk);
  return Buffer.concat(out).toString();
}

/** Values that count how many characters they were asked to look through. */
function counted(values: () => readonly string[]): { readonly known: KnownValues; readonly looked: () => number } {
  const known = createKnownValues(values);
  let chars = 0;
  const scan = (text: string): ReturnType<KnownValues["scan"]> => {
    chars += text.length;
    return known.scan(text);
  };
  return { known: { ...known, scan }, looked: () => chars };
}

test("a conversation that grows is looked through once, at its end", async () => {
  const { known, looked } = counted(() => [secret]);
  const seen = createSeenTexts(known);
  const line = (at: number): string => `what somebody says for the ${at}th time, and what is answered. `;
  let body = Array.from({ length: 6_000 }, (_, at) => line(at)).join("");
  await pass(body, { known, seen });
  const first = looked();
  assert.ok(first >= body.length);
  body += line(6_000);
  assert.equal(await pass(body, { known, seen }), body);
  assert.ok(looked() - first < 2 * limits.dlpBodyBlockBytes, `${looked() - first} of ${body.length} again`);
});

test("DLP-001 with what was seen before a body comes out as without it, wherever a value stands and is cut", async () => {
  const piece = fc.oneof(fc.stringMatching(/^[a-z ,.]{0,80}$/), fc.constant(secret), fc.constant(secret.slice(0, 14)));
  await fc.assert(
    fc.asyncProperty(
      fc.array(piece, { maxLength: 12 }),
      fc.integer({ min: 8, max: 120 }),
      async (pieces, blockBytes) => {
        const known = createKnownValues(() => [secret]);
        const seen = createSeenTexts(known);
        for (let length = 1; length <= pieces.length; length++) {
          const body = pieces.slice(0, length).join("");
          assert.equal(await pass(body, { known, seen, blockBytes }), await pass(body, { known, blockBytes }));
        }
      },
    ),
    { numRuns: 200 },
  );
});

test("DLP-001 a value that is new is found in what held nothing before", async () => {
  const values = [secret];
  const known = createKnownValues(() => values);
  const seen = createSeenTexts(known);
  const body = `${"before ".repeat(5_000)}${other} ${"after ".repeat(5_000)}`;
  // Positive control: as long as it is nobody's value it passes, and is remembered.
  assert.equal(await pass(body, { known, seen }), body);
  assert.ok(seen.size() > 0);
  values.push(other);
  known.refresh();
  assert.equal(await pass(body, { known, seen }), body.replace(other, "*".repeat(other.length)));
  // What held a value is looked through each time.
  assert.equal(await pass(body, { known, seen }), body.replace(other, "*".repeat(other.length)));
});

test("so many texts are remembered, and the ones that were not asked for longest are forgotten", () => {
  const seen = createSeenTexts({ version: () => 0 });
  for (let at = 0; at < limits.dlpSeenTextsMax; at++) seen.keep(String(at), at);
  assert.equal(seen.openAt("0"), 0);
  seen.keep("one more", 7);
  assert.deepEqual([seen.size(), seen.openAt("0"), seen.openAt("1")], [limits.dlpSeenTextsMax, 0, undefined]);
});
