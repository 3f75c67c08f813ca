import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { installBinary } from "../../src/cli/service/binary.ts";
import type { Invocation } from "../../src/cli/context.ts";

test("CFG-033 the installed command follows root's newest release, and in a checkout the checkout", async () => {
  const folder = mkdtempSync(join(tmpdir(), "lorica-binary-"));
  const release = join(folder, "it's", "20260101000000.1");
  mkdirSync(release, { recursive: true });
  const binary = join(folder, "bin/openclaw");
  const install = async (codeRoot: string): Promise<string> => {
    await installBinary({ context: { codeRoot }, paths: { binary, watchdog: join(folder, "watchdog") } } as Invocation);
    return readFileSync(binary, "utf8");
  };
  assert.equal(await install(release), `#!/bin/sh\nexec '${folder}/it'\\''s/20260101000000.1/lorica' "$@"\n`);
  symlinkSync(release, join(release, "../current"));
  assert.equal(await install(release), `#!/bin/sh\nexec '${folder}/it'\\''s/current/lorica' "$@"\n`);
  rmSync(folder, { recursive: true });
});
