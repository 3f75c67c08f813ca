// Secrets are compared in constant time, or not at all: whoever measures how long a comparison took learns nothing.
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { equalInConstantTime } from "../../src/base/ids.ts";

const root = resolve(import.meta.dirname, "../..");
/** A name that stands for a secret or its hash, on either side of a comparison that stops at the first difference. */
const secretName = String.raw`[\w.]*(?:[Tt]oken|[Hh]ash|[Cc]ode|[Ss]ecret|[Pp]assword|[Ss]ignature|[Nn]once)`;
const comparison = new RegExp(String.raw`${secretName}\s*[!=]==\s*(\S+)|(\S+)\s*[!=]==\s*${secretName}\b(?!\()`, "g");
const doors = ["src/pairing/**/*.ts", "src/gateway/auth/*.ts", "src/vault/*.ts", "src/protocol/device/*.ts"];

/** What is no secret when it is compared: nothing at all, and what the client itself sent twice. */
const harmless = [
  /^"|undefined|null|typeof/,
  // The nonce was sent to this client in the clear, and is new for each connection.
  /at\.nonce|device\.nonce/,
  // Whether a client said the same twice is known to it.
  /auth\.token === auth\.deviceToken/,
];

test("GW-049 no secret and no hash of one is compared but in constant time, wherever somebody may show a guess", () => {
  const files = globSync(doors, { cwd: root });
  assert.ok(files.length > 15, `${files.length} files were looked at`);
  const found = files.flatMap((file) =>
    readFileSync(join(root, file), "utf8")
      .split("\n")
      .flatMap((text, index) => {
        const suspects = [...text.matchAll(comparison)].map(([whole, right, left]) => ({
          whole,
          other: right ?? left ?? "",
        }));
        const bad = suspects.filter(
          ({ whole, other }) => !harmless.some((each) => each.test(other) || each.test(whole)),
        );
        return bad.map(({ whole }) => `${file}:${index + 1}: ${whole}`);
      }),
  );
  assert.deepEqual(found, []);
});

test("GW-049 the comparison itself tells equal from unequal, whatever the lengths", () => {
  const pairs = [
    ["", ""],
    ["a", "a"],
    ["a", "b"],
    ["a", "aa"],
    ["ü", "ü"],
    ["\0", ""],
  ] as const;
  assert.deepEqual(
    pairs.map(([left, right]) => equalInConstantTime(left, right)),
    [true, true, false, false, true, false],
  );
});
