// Commands write in their workspaces while a backup is made, and the gateway in its own folders: what was listed as a folder
// may be a link a moment later.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { writeArchive } from "../../src/backup/write/archive.ts";
import { collectFiles } from "../../src/backup/write/collect.ts";
import { listBelow, openBelow } from "../../src/base/files/below.ts";

const never = new AbortController().signal;
const path = "workspace/a/b/id";

function setUp(context: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "lorica-swapped-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const stateDir = join(folder, ".openclaw");
  const outside = join(folder, ".ssh");
  for (const [place, text] of [
    [join(stateDir, "workspace/a/b"), "mine"],
    [outside, "the owner's key"],
  ] as const) {
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, "id"), text);
  }
  const swap = (): void => {
    rmSync(join(stateDir, "workspace/a/b"), { recursive: true });
    symlinkSync(outside, join(stateDir, "workspace/a/b"));
  };
  return { folder, stateDir, swap };
}

test("ADV-014 a folder that becomes a link while a backup is made leads to nothing outside", async (context) => {
  const { folder, stateDir, swap } = setUp(context);
  /** How long what was packed is, after this happened between the listing and the reading. */
  const pack = async (meanwhile: () => void): Promise<number | undefined> => {
    const order = { folder: join(folder, "backups"), name: "one.tar", recipients: [], now: 0 };
    const { packed } = await writeArchive(
      order,
      async (archive) => {
        assert.deepEqual((await collectFiles(stateDir, "full")).files, [path]);
        meanwhile();
        return await archive.file(path, { root: stateDir, path });
      },
      never,
    );
    return packed?.size;
  };
  assert.equal(await pack(() => undefined), "mine".length);
  assert.equal(await pack(swap), undefined);
  // The control: by its path alone it is the owner's key.
  assert.equal(readFileSync(join(stateDir, path), "utf8"), "the owner's key");
});

test("what is listed and opened below a folder is below it, whichever step is a link, a pipe or gone", async (context) => {
  const { stateDir, swap } = setUp(context);
  const names = async (at: string) => (await listBelow(stateDir, at))?.map(({ name }) => name);
  const open = async (at: string): Promise<boolean> => {
    const file = await openBelow(stateDir, at);
    await file?.close();
    return file !== undefined;
  };
  assert.deepEqual([await names(""), await names("workspace/a/b"), await open(path)], [["workspace"], ["id"], true]);
  swap();
  assert.deepEqual(
    [await names("workspace/a"), await names("workspace/a/b"), await open(path)],
    [["b"], undefined, false],
  );
  symlinkSync("a", join(stateDir, "workspace/link"));
  for (const at of ["workspace/link", "workspace/link/b", "workspace/none", "workspace/a/b/id/x"])
    assert.deepEqual([await names(at), await open(at), await open(`${at}/id`)], [undefined, false, false], at);
  assert.equal(await open("workspace/a"), false);
  assert.deepEqual((await collectFiles(stateDir, "full")).files, []);
});
