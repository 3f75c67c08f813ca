// Whether the disk below a folder is encrypted, as far as Linux says it (VLT-013). It matters beside the vault: what is
// not sealed, as workspaces and logs, is protected against theft of the disk by this alone.
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { basename, join } from "node:path";

export type Disk = { readonly encrypted: boolean | null; readonly detail: string };

/** Where Linux tells of its devices and mounts. */
const linux = { devices: "/sys/dev/block", mounts: "/proc/self/mountinfo" } as const;

export async function describeDisk(
  folder: string,
  { devices, mounts }: Readonly<Record<keyof typeof linux, string>> = linux,
): Promise<Disk> {
  try {
    const { dev } = await stat(folder);
    const mount = await mountOf(folder, mounts);
    if (mount !== undefined && /^(ecryptfs|fuse\.gocryptfs|fuse\.encfs)$/.test(mount.type))
      return { encrypted: true, detail: `${mount.type} at ${mount.at}` };
    if (mount?.type === "tmpfs") return { encrypted: null, detail: "a file system in memory" };
    const [major, minor] = [(dev >> 8) & 0xfff, (dev & 0xff) | ((dev >> 12) & 0xfff00)];
    const device = await realpath(join(devices, `${major}:${minor}`));
    const uuid = await uuidOf(device);
    if (uuid?.startsWith("CRYPT-") === true)
      return { encrypted: true, detail: `${basename(device)} (${uuid.split("-")[1]})` };
    if (await hasCryptBelow(device, 0))
      return { encrypted: true, detail: `${basename(device)} on an encrypted device` };
    const detail = `${basename(device)} is not encrypted by this system; a provider or the disk itself may do so`;
    return { encrypted: false, detail };
  } catch {
    // No block device below, or no /sys: a container, a network file system, another system than Linux.
    return { encrypted: null, detail: "it cannot be told here" };
  }
}

async function mountOf(
  folder: string,
  table: string,
): Promise<{ readonly at: string; readonly type: string } | undefined> {
  const real = await realpath(folder);
  const lines = (await readFile(table, "utf8")).split("\n");
  const mounts = lines.flatMap((line) => {
    const [before = "", after = ""] = line.split(" - ");
    const at = before.split(" ")[4];
    const type = after.split(" ")[0];
    if (at === undefined || type === undefined) return [];
    return at === "/" || real === at || real.startsWith(`${at}/`) ? [{ at, type }] : [];
  });
  return mounts.toSorted((left, right) => right.at.length - left.at.length)[0];
}

/** A volume of LVM or a RAID lies on other devices. */
async function hasCryptBelow(device: string, depth: number): Promise<boolean> {
  if (depth > 4) return false;
  const names = await readdir(`${device}/slaves`).catch((): string[] => []);
  for (const name of names) {
    const below = await realpath(`${device}/slaves/${name}`);
    if ((await uuidOf(below))?.startsWith("CRYPT-") === true || (await hasCryptBelow(below, depth + 1))) return true;
  }
  return false;
}

async function uuidOf(device: string): Promise<string | undefined> {
  return await readFile(`${device}/dm/uuid`, "utf8").catch(() => undefined);
}
