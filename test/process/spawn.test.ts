import assert from "node:assert/strict";
import { test } from "node:test";
import { findBwrap, spawnClean, startConfined } from "../../src/broker/spawn.ts";

test("TOOL-017 a child inherits nothing of the environment, and gets what is named", async () => {
  process.env["LORICA_CANARY"] = "planted";
  try {
    const command = "while IFS= read -r -d '' line; do echo $line; done < /proc/self/environ";
    assert.equal(await outputOf({ file: "/bin/bash", args: ["-c", command] }), "");
    assert.equal(
      await outputOf({ file: "/bin/bash", args: ["-c", command], environment: { LANG: "C.UTF-8" } }),
      "LANG=C.UTF-8\n",
    );
    // The control: the same command with this process's environment does show the canary.
    const own = await outputOf({ file: "/bin/bash", args: ["-c", command], environment: copyOfOwn() });
    assert.match(own, /^LORICA_CANARY=planted$/m);
  } finally {
    delete process.env["LORICA_CANARY"];
  }
});

test("root may not start a sandbox", { skip: process.getuid?.() !== 0 && "only root can try this" }, () => {
  assert.throws(
    () => startConfined({ bwrap: findBwrap() ?? "/usr/bin/bwrap", profile: [], argv: ["/bin/true"], stdio: [] }),
    { name: "LoricaError", code: "forbidden" },
  );
});

function copyOfOwn(): Record<string, string> {
  return Object.fromEntries(Object.entries(process.env).map(([name, value]) => [name, value ?? ""]));
}

async function outputOf(options: {
  readonly file: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}): Promise<string> {
  const child = spawnClean({ ...options, stdio: ["ignore", "pipe", "ignore"] });
  assert.ok(child.stdout);
  child.stdout.setEncoding("utf8");
  let output = "";
  for await (const chunk of child.stdout) output += chunk;
  return output;
}
