// Credentials that stand in the config or in `.env` as they are go into the vault before anything is served. What is
// taken away is taken away only after the sealed copy was read back; the config keeps `vault:NAME` in their place, and so
// do the earlier versions of it.
import { rm } from "node:fs/promises";
import { readPrivateFile, writePrivateFile } from "../../base/files/private-file.ts";
import { limits } from "../../base/limits.ts";
import { listConfigVersions, parseDotEnv, secretNameOfVariable } from "../../config/config.ts";
import type { StatePaths } from "../../config/config.ts";
import type { SealedVault } from "../../vault/vault.ts";
import type { ConfigKeeper } from "./config-keeper.ts";

type Moving = {
  readonly paths: StatePaths;
  readonly keeper: Pick<ConfigKeeper, "plain" | "service">;
  readonly vault: SealedVault;
};

/** Says in a line each what was moved; the config has to be read again where anything was. */
export async function movePlainText(moving: Moving): Promise<readonly string[]> {
  if (moving.vault.status().state === "locked") return [];
  return [...(await moveFromConfig(moving)), ...(await moveFromDotEnv(moving))];
}

async function moveFromConfig({ paths, keeper, vault }: Moving): Promise<readonly string[]> {
  // What an included file holds is edited by whoever keeps that file.
  const plain = keeper.plain().filter(({ file }) => file === paths.configPath);
  if (plain.length === 0) return [];
  const values = new Map(plain.map(({ name, value }) => [name, value]));
  await vault.writeAll(values);
  await vault.verify(values);
  const edits = plain.map(({ name, path }) => ({ path, value: `vault:${name}` }));
  await keeper.service.edit(edits, { baseHash: undefined, actor: "vault" });
  for (const { path } of await listConfigVersions(paths.configPath)) await cleanVersion(path, values);
  return plain.map(
    ({ name, path }) => `${path} stood in ${paths.configPath} in plain text; it is in the vault as ${name} now`,
  );
}

/** An earlier config goes on meaning what it meant. One from which a value cannot be taken is worth less than the value. */
async function cleanVersion(path: string, values: ReadonlyMap<string, string>): Promise<void> {
  const text = await readPrivateFile(path, limits.configFileMaxBytes);
  if (text === undefined) return;
  let clean = text;
  for (const [name, value] of values) {
    const literal = JSON.stringify(value);
    const quoted = `'${literal.slice(1, -1)}'`;
    for (const found of [literal, quoted]) clean = clean.replaceAll(found, () => JSON.stringify(`vault:${name}`));
  }
  if ([...values.values()].some((value) => clean.includes(value))) return await rm(path);
  if (clean !== text) await writePrivateFile(path, clean);
}

async function moveFromDotEnv({ paths, vault }: Moving): Promise<readonly string[]> {
  const text = await readPrivateFile(paths.dotEnvPath, limits.dotEnvMaxBytes);
  if (text === undefined) return [];
  const config = (await readPrivateFile(paths.configPath, limits.configFileMaxBytes)) ?? "";
  const found = [...parseDotEnv(text).values].flatMap(([variable, value]) => {
    const name = secretNameOfVariable(variable);
    // What the config refers to by the variable's name stays where the config finds it.
    const isWanted = name !== undefined && !name.startsWith("env:") && value !== "" && !config.includes(variable);
    return isWanted ? [{ variable, name, value }] : [];
  });
  if (found.length === 0) return [];
  const values = new Map(found.map(({ name, value }) => [name, value]));
  await vault.writeAll(values);
  await vault.verify(values);
  await removeLines(paths.dotEnvPath, text, new Set(found.map(({ variable }) => variable)));
  return found.map(
    ({ variable, name }) => `${variable} stood in ${paths.dotEnvPath}; it is in the vault as ${name} now`,
  );
}

async function removeLines(path: string, text: string, variables: ReadonlySet<string>): Promise<void> {
  const rest = text.split("\n").filter((line) => {
    const variable = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=/.exec(line)?.[1];
    return variable === undefined || !variables.has(variable);
  });
  const isEmpty = rest.every((line) => /^\s*(#.*)?$/.test(line));
  if (isEmpty) await rm(path);
  else await writePrivateFile(path, rest.join("\n"));
}
