// The `./lorica` script run for real, where its folders, root and the system user are played.
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { after } from "node:test";

export const checkout = resolve(import.meta.dirname, "../../..");

/** Whoever it is asked about is there, and becoming somebody else is only said. */
export const playedRoot: Readonly<Record<string, string>> = {
  id: `[ $# != 1 ] && echo 4711 || echo "\${FAUX_UID-0}"`,
  stat: "echo 4711",
  setpriv: `while [ "$1" != -- ]; do shift; done; shift; FAUX_UID=4711 exec "$@"`,
  chown: "true",
};

export type Place = {
  readonly folder: string;
  write(path: string, text: string, mode?: number): void;
  /** Programs of a line or more of shell, which come before the system's. */
  programs(texts: Readonly<Record<string, string>>): void;
};

/** A folder that is gone once the tests of the file have ended. */
export function createPlace(name: string): Place {
  const folder = mkdtempSync(join(tmpdir(), `lorica-${name}-`));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const write = (path: string, text: string, mode = 0o644): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
    chmodSync(join(folder, path), mode);
  };
  const programs = (texts: Readonly<Record<string, string>>): void => {
    for (const [program, text] of Object.entries(texts)) write(`programs/${program}`, `#!/bin/sh\n${text}\n`, 0o755);
  };
  return { folder, write, programs };
}

/** The script's own text with every folder of the system's moved below `folder`, and its programs before root's. */
export function movedScript(folder: string): string {
  const moves = [
    ["home=/var/lib/lorica\n", `home=${folder}/home\n`],
    ["library=/usr/local/lib/lorica\n", `library=${folder}/library\n`],
    ["units=/etc/systemd/system\n", `units=${folder}/units\n`],
    ["booted=/run/systemd/system\n", `booted=${folder}/booted\n`],
    ["groups=/sys/fs/cgroup\n", `groups=${folder}/groups\n`],
    ["  PATH=/usr/local/sbin:", `  PATH=${folder}/programs:/usr/local/sbin:`],
  ] as const;
  let script = readFileSync(join(checkout, "lorica"), "utf8");
  for (const [from, to] of moves) {
    assert.ok(script.includes(from), from);
    script = script.replace(from, () => to);
  }
  return script;
}
