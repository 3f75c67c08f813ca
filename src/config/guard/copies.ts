// The text of edits that wait: each file of an edit under the hash of what it says, sealed.
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { LoricaError } from "../../base/errors.ts";
import { sha256 } from "../../base/ids.ts";
import { writeAtomically } from "../keep/atomic.ts";
import { readIfThere } from "../../base/files/read-if-there.ts";

/** Sealing needs no secret; opening throws `locked` where there is no key for it. */
export type Sealing = {
  readonly seal: (plain: Uint8Array) => Promise<Uint8Array>;
  readonly open: (sealed: Uint8Array) => Promise<Uint8Array>;
};

export const sealedSuffix = ".age";

export function createCopies(sealing: Sealing | undefined) {
  return {
    async keep(folder: string, bytes: Uint8Array): Promise<void> {
      const path = join(folder, sha256(bytes));
      if (sealing === undefined) await writeAtomically(path, bytes);
      else await writeAtomically(`${path}${sealedSuffix}`, await sealing.seal(bytes));
    },
    async open(folder: string, hash: string): Promise<Uint8Array> {
      const path = join(folder, hash);
      const sealed = await readIfThere(`${path}${sealedSuffix}`);
      const bytes = sealed === undefined ? await readIfThere(path) : await sealing?.open(sealed);
      if (bytes !== undefined && sha256(bytes) === hash) return bytes;
      throw new LoricaError(
        "conflict",
        `the copy of the edit in ${folder} is not as it was kept. Refuse it with lorica config reject, and edit again`,
      );
    },
    /** What an earlier version has kept as plain text. */
    async sealPlain(folder: string): Promise<void> {
      if (sealing === undefined) return;
      for (const name of await readdir(folder)) {
        if (!/^[0-9a-f]{64}$/.test(name)) continue;
        const path = join(folder, name);
        // Under the name that it had: a copy that somebody has changed is still found to be changed.
        await writeAtomically(`${path}${sealedSuffix}`, await sealing.seal(await readFile(path)));
        await rm(path);
      }
    },
  };
}
