// That a change is noticed whatever was done to the folder, and that one bad look is not the last.
import assert from "node:assert/strict";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { setTimeout } from "node:timers/promises";
import { watchFiles } from "../../../src/config/keep/watch.ts";
import { temporary } from "../harness.ts";

async function open(context: TestContext, onLook: () => void = () => undefined) {
  const folder = join(await temporary(context), "folder");
  await mkdir(folder);
  const path = join(folder, "file");
  const ending = new AbortController();
  context.after(() => ending.abort());
  let looks = 0;
  const lost: string[] = [];
  const onChange = async (): Promise<void> => {
    looks += 1;
    onLook();
  };
  watchFiles({ files: () => [path], onChange, onLost: (reason) => lost.push(reason) }, ending.signal);
  /** Whether it is noticed, long before the scan would find it. */
  const isNoticed = async (act: () => Promise<unknown>): Promise<boolean> => {
    const before = looks;
    const isSo = (): boolean => looks > before;
    await act();
    for (let tries = 0; tries < 150 && !isSo(); tries++) await setTimeout(20);
    const noticed = isSo();
    // Until it is quiet again, so that the next act is not seen by a look for this one.
    let last = -1;
    while (last < looks) {
      last = looks;
      await setTimeout(400);
    }
    return noticed;
  };
  return { folder, path, lost, isNoticed, write: () => writeFile(path, "x") };
}

test("a look that fails is reported, and the next change is noticed all the same", async (context) => {
  let isBroken = true;
  const { lost, isNoticed, write } = await open(context, () => {
    if (isBroken) throw new Error("no such luck");
  });
  assert.equal(await isNoticed(write), true);
  assert.ok(lost.includes("no such luck"));
  isBroken = false;
  assert.equal(await isNoticed(write), true);
});

test("a folder that is moved away and made anew is watched at its place", async (context) => {
  const { folder, isNoticed, write, lost } = await open(context);
  assert.equal(await isNoticed(write), true);
  await isNoticed(async () => {
    await rename(folder, `${folder}-away`);
    await mkdir(folder);
    await write();
  });
  assert.equal(await isNoticed(write), true);
  await isNoticed(() => rm(folder, { recursive: true }));
  await mkdir(folder);
  assert.equal(await isNoticed(write), true);
  assert.deepEqual(lost, []);
});
