// What is known of the encryption of the disk below a folder, told by a tree that looks like Linux's own.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { describeDisk } from "../../src/vault/disk.ts";

type Device = { readonly uuid?: string; readonly below?: readonly string[] };

/** Names of devices, the first of which the folder is on. */
function fake(context: TestContext, devices: Readonly<Record<string, Device>>, mount = "ext4") {
  const root = mkdtempSync(join(tmpdir(), "lorica-disk-"));
  context.after(() => rmSync(root, { recursive: true }));
  const folder = join(root, "state");
  mkdirSync(folder);
  mkdirSync(join(root, "sys/dev/block"), { recursive: true });
  const at = (name: string): string => join(root, "sys/devices", name);
  for (const [name, { uuid, below = [] }] of Object.entries(devices)) {
    mkdirSync(join(at(name), "dm"), { recursive: true });
    mkdirSync(join(at(name), "slaves"));
    if (uuid !== undefined) writeFileSync(join(at(name), "dm/uuid"), uuid);
    for (const other of below) symlinkSync(at(other), join(at(name), "slaves", other));
  }
  const { dev } = statSync(folder);
  const [major, minor] = [(dev >> 8) & 0xfff, (dev & 0xff) | ((dev >> 12) & 0xfff00)];
  const [first] = Object.keys(devices);
  if (first !== undefined) symlinkSync(at(first), join(root, `sys/dev/block/${major}:${minor}`));
  const mounts = join(root, "mountinfo");
  writeFileSync(mounts, `20 1 0:1 / / rw - ext4 /dev/a rw\n21 20 0:2 / ${root} rw - ${mount} /dev/b rw\n`);
  return describeDisk(folder, { devices: join(root, "sys/dev/block"), mounts });
}

test("VLT-013 a LUKS volume is known, also below volumes of LVM, and so is a disk without any", async (context) => {
  const luks = { uuid: "CRYPT-LUKS2-0123456789abcdef-root" };
  assert.deepEqual(await fake(context, { "dm-0": luks }), { encrypted: true, detail: "dm-0 (LUKS2)" });
  const lvm = { "dm-1": { uuid: "LVM-abc", below: ["dm-0"] }, "dm-0": luks };
  assert.deepEqual(await fake(context, lvm), { encrypted: true, detail: "dm-1 on an encrypted device" });
  assert.deepEqual(await fake(context, { sda1: { below: [] } }), {
    encrypted: false,
    detail: "sda1 is not encrypted by this system; a provider or the disk itself may do so",
  });
});

test("VLT-013 an encrypted file system counts, memory is no disk, and where nothing is known nothing is said", async (context) => {
  assert.equal((await fake(context, { sda1: {} }, "fuse.gocryptfs")).encrypted, true);
  assert.deepEqual(await fake(context, { sda1: {} }, "tmpfs"), {
    encrypted: null,
    detail: "a file system in memory",
  });
  assert.deepEqual(await fake(context, {}), { encrypted: null, detail: "it cannot be told here" });
});

test("VLT-013 devices that lie on each other in a circle end the search", async (context) => {
  const round = { "dm-0": { below: ["dm-1"] }, "dm-1": { below: ["dm-0"] } };
  assert.equal((await fake(context, round)).encrypted, false);
});
