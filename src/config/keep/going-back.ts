// Which earlier version of the config file a rollback brings back.
import { LoricaError } from "../../base/errors.ts";
import type { Judge } from "../guard/approval.ts";
import type { StatePaths } from "../paths.ts";
import { listVersions, readVersion, versionNames, versionPath } from "./versions.ts";

type Choosing = {
  readonly paths: StatePaths;
  readonly judge: Judge;
  readonly to: string | undefined;
  /** Of the present file. */
  readonly hash: string;
  /** Whether a copy is what held once: others may have written to the copies. */
  readonly held: (hash: string) => Promise<boolean>;
};

export async function chooseVersion({ paths, judge, held, to, hash }: Choosing): Promise<Uint8Array> {
  const names = to === undefined ? versionNames().filter((name) => name !== "current") : [to];
  for (const name of names) {
    const bytes = await readVersion(versionPath(paths.configPath, name));
    if (bytes === undefined) continue;
    const loaded = await judge(bytes);
    if (!(await held(loaded.hash))) {
      if (to === undefined) continue;
      throw new LoricaError("conflict", `the copy ${to} is not as it was kept: somebody else has written to it`);
    }
    if (to !== undefined || (loaded.kind === "loaded" && loaded.hash !== hash)) return bytes;
  }
  throw new LoricaError(
    "not_found",
    to === undefined
      ? "there is no earlier config that is valid and differs from the present one"
      : `there is no version ${to} yet; ${await versionsThere(paths)}`,
  );
}

export async function versionsThere({ configPath }: StatePaths): Promise<string> {
  const names = (await listVersions(configPath)).map(({ name }) => name);
  return names.length === 0 ? "there is no config file either" : `there are: ${names.join(", ")}`;
}
