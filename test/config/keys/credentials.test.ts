// Every key of the config that holds a credential, whatever it is for: the name of a secret may stand there, and what
// stands there in plain text is found, so that the vault takes it in.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Json } from "../../../src/base/json.ts";
import { describeKeys } from "../../../src/config/reference.ts";
import { loadGood, setting } from "../harness.ts";

type Nested = { models?: { providers?: { one?: object } } };

/** A config that sets the key, with what a provider must have besides. */
function configWith(path: string, value: string): Json {
  const config = setting(path, value) as Nested;
  const provider = config.models?.providers?.one;
  if (provider !== undefined) Object.assign(provider, { baseUrl: "https://api.example.com/v1" });
  return config as Json;
}

const keys = describeKeys()
  .filter(({ secret }) => secret)
  .map(({ path }) => path.replaceAll("<name>", path.startsWith("channels.") ? "telegram" : "one"))
  // A map of headers holds a credential where a header's name says so, one of variables in each.
  .map((path) => path.replace(/\.headers$/, ".headers.Authorization").replace(/^env\.vars$/, "env.vars.MY_TOKEN"));

test("GAP-023 every key for a credential takes a name of the vault, and plain text in it is found to be moved there", async () => {
  assert.ok(keys.length >= 15, keys.join());
  const value = "a-credential-in-plain-text-0123456789abcdef";
  for (const path of keys) {
    const referred = await loadGood(configWith(path, "vault:other:place"));
    assert.deepEqual([referred.plain, [...referred.secrets.values()]], [[], []], path);
    const plain = await loadGood(configWith(path, value));
    assert.deepEqual(
      plain.plain.map((one) => [one.path, one.value]),
      [[path, value]],
    );
    assert.doesNotMatch(JSON.stringify(plain.config), new RegExp(value), path);
  }
});
