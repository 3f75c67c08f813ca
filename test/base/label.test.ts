import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { joinAll, joinLabels, mayRead } from "../../src/base/label.ts";
import type { Label } from "../../src/base/label.ts";

const label: fc.Arbitrary<Label> = fc.record({
  integrity: fc.constantFrom("owner", "member", "untrusted"),
  readers: fc
    .uniqueArray(fc.constantFrom("*", "owner", "telegram:default:1", "telegram:default:2"))
    .map((all) => all.toSorted()),
});
const rank = { untrusted: 0, member: 1, owner: 2 };

test("joining labels never raises integrity", () => {
  fc.assert(
    fc.property(label, label, (a, b) => {
      const joined = joinLabels(a, b);
      assert.equal(rank[joined.integrity], Math.min(rank[a.integrity], rank[b.integrity]));
    }),
  );
});

test("joining labels never adds a reader", () => {
  fc.assert(
    fc.property(label, label, fc.constantFrom("owner", "telegram:default:1", "nobody"), (a, b, reader) => {
      assert.equal(mayRead(joinLabels(a, b), reader), mayRead(a, reader) && mayRead(b, reader));
    }),
  );
});

test("the label of nothing is the owner's and public", () => {
  assert.deepEqual(joinAll([]), { integrity: "owner", readers: ["*"] });
});
