// Root gets no sandbox: what it started in one could still change the kernel's settings.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createCells } from "../../src/broker/cells.ts";
import { owner } from "../../src/base/principal.ts";

const skip = process.getuid?.() !== 0 && "only root can try this";

test("as root the sandbox is off, with what to do, and nothing is started", { skip }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "lorica-root-"));
  const cells = createCells({
    agents: () => new Map([["main", { workspace: folder, access: "rw" }]]),
    node: process.execPath,
    codeDir: join(import.meta.dirname, "../../src/sandbox/cell"),
    cacheDir: folder,
    home: folder,
    protectedPaths: [],
    audit: { record: () => undefined },
  });
  const signal = new AbortController().signal;
  const status = {
    kind: "off",
    reason: "lorica runs as root, and a sandbox of root's is none",
    fix: "start it as an ordinary user",
    walls: [],
  };
  assert.deepEqual(await cells.probe(signal), status);
  const run = cells.run(
    {
      verb: "process.run",
      agentId: "main",
      sessionKey: "s",
      principal: owner,
      label: { integrity: "owner", readers: [] },
      resource: { command: "id", cwd: ".", timeoutMs: 1_000, terminal: "none", mode: "foreground" },
    },
    () => undefined,
    signal,
  );
  await assert.rejects(run, { code: "unavailable", message: /as root.*ordinary user/ });
  await cells.close();
  rmSync(folder, { recursive: true });
});
