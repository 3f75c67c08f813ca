// A config that its owner approved, guarded, for tests that change it behind its back.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import type { TestContext } from "node:test";
import { createConfigFile, prepareStateDir, resolvePaths } from "../../../src/config/config.ts";
import type { Finding } from "../../../src/config/config.ts";
import { temporary } from "../harness.ts";

export const approved =
  '{\n  // the owner says so\n  gateway: { bind: "loopback", port: 18800 },\n  tools: { deny: ["exec"] },\n}\n';
export const wider = '{\n  gateway: { bind: "lan", port: 18800 },\n}\n';

export async function open(context: TestContext, first = approved) {
  const paths = resolvePaths({ env: {}, home: await temporary(context) });
  await prepareStateDir(paths);
  const put = (text: string, path = paths.configPath) => writeFile(path, text, { mode: 0o600 });
  await put(first);
  const reopen = () => createConfigFile({ paths, env: {}, clock: { now: () => Date.now() } });
  const file = reopen();
  const findings: Finding[] = [];
  file.listen((finding) => findings.push(finding));
  assert.equal((await file.screen()).kind, "loaded");
  return { paths, put, file, reopen, findings, text: () => readFile(paths.configPath, "utf8") };
}

type Opened = Awaited<ReturnType<typeof open>>;

export const bindOf = async ({ file }: Pick<Opened, "file">): Promise<string> => {
  const loaded = await file.screen();
  assert(loaded.kind === "loaded");
  return loaded.config.gateway.bind;
};
