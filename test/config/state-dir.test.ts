import assert from "node:assert/strict";
import { chmod, mkdir, readdir, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import {
  findForeignState,
  lockMeetingDir,
  lockStateDir,
  prepareStateDir,
  resolvePaths,
} from "../../src/config/config.ts";
import { temporary } from "./harness.ts";

const at = (stateDir: string) => resolvePaths({ env: { OPENCLAW_STATE_DIR: stateDir }, home: dirname(stateDir) });
const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

test("CFG-014 the layout is private from the moment it is made, and what was open is tightened and reported", async (context) => {
  const home = await temporary(context);
  const paths = at(join(home, "s"));
  assert.deepEqual(await prepareStateDir(paths), []);
  assert.deepEqual((await readdir(paths.stateDir)).toSorted(), [
    "agents",
    "cache",
    "credentials",
    "incident",
    "logs",
    "media",
    "run",
    "state",
    "watchdog",
    "workspace",
  ]);
  for (const folder of [
    paths.stateDir,
    paths.credentials,
    paths.state,
    paths.agents,
    paths.workspace,
    paths.logs,
    paths.run,
    paths.media,
    paths.cache,
  ])
    assert.equal(await modeOf(folder), "700", folder);
  const files = [paths.configPath, `${paths.configPath}.bak`, paths.dotEnvPath, paths.secretsPath, paths.database];
  for (const file of files) {
    await writeFile(file, "");
    await chmod(file, 0o644);
  }
  await chmod(paths.credentials, 0o755);
  const notices = await prepareStateDir(paths);
  assert.deepEqual(notices.map(({ path }) => path).toSorted(), [paths.credentials, ...files].toSorted());
  assert.deepEqual(notices[0], {
    path: paths.credentials,
    message: "could be reached by other users (mode 755); it is 700 now",
  });
  for (const file of files) assert.equal(await modeOf(file), "600", file);
  assert.deepEqual(await prepareStateDir(paths), []);
});

test("CFG-028 a state directory that is a link, or that another program copies elsewhere, is refused", async (context) => {
  const home = await temporary(context);
  await mkdir(join(home, "real"));
  await symlink(join(home, "real"), join(home, "link"));
  await assert.rejects(prepareStateDir(at(join(home, "link"))), { code: "forbidden", message: /is a symbolic link/ });
  for (const folder of ["Dropbox", "OneDrive - Work", "Google Drive", "Library/Mobile Documents", "Box"]) {
    await mkdir(join(home, folder), { recursive: true });
    await assert.rejects(
      prepareStateDir(at(join(home, folder, "a", "s"))),
      { code: "forbidden", message: /copies it to other machines/ },
      folder,
    );
    assert.deepEqual(await readdir(join(home, folder)), []);
  }
  await symlink(join(home, "Dropbox"), join(home, "innocent"));
  await assert.rejects(prepareStateDir(at(join(home, "innocent", "s"))), { code: "forbidden" });
});

test("a state directory of another program is named, refused with what to do, and not touched", async (context) => {
  const home = await temporary(context);
  for (const [index, file] of [
    "state/openclaw.sqlite",
    "agents/main/agent/openclaw-agent.sqlite",
    "agents/main/agent/auth-profiles.json",
    "agents/x/sessions/sessions.json",
    "devices/paired.json",
    "cron/jobs.json",
  ].entries()) {
    const paths = at(join(home, `s${index}`));
    await mkdir(join(paths.stateDir, dirname(file)), { recursive: true });
    await chmod(paths.stateDir, 0o755);
    await writeFile(join(paths.stateDir, file), "theirs");
    assert.deepEqual(await findForeignState(paths), [file]);
    await assert.rejects(prepareStateDir(paths), (error: Error) => {
      assert.match(error.message, new RegExp(`another program of this name \\(${file}\\)`));
      assert.match(error.message, /OPENCLAW_STATE_DIR=.*-lorica[\s\S]*lorica sessions import/);
      return true;
    });
    assert.deepEqual([await modeOf(paths.stateDir), await readdir(paths.stateDir)], ["755", [file.split("/")[0]]]);
  }
  // Lorica's own mirror of its sessions is not somebody else's.
  const ours = at(join(home, "ours"));
  await prepareStateDir(ours);
  await mkdir(join(ours.agents, "main", "sessions"), { recursive: true });
  await writeFile(join(ours.agents, "main", "sessions", "sessions.json"), "{}");
  await writeFile(ours.database, "");
  assert.deepEqual(await findForeignState(ours), []);
});

test("a state directory whose sockets would have too long a name is refused before anything is made", async (context) => {
  const home = await temporary(context);
  await assert.rejects(prepareStateDir(at(join(home, "x".repeat(100)))), {
    code: "invalid_request",
    message: /too long for a socket/,
  });
  assert.deepEqual(await readdir(home), []);
});

test("GW-043 two gateways may not share a state directory, a config, a workspace or a port", async (context) => {
  const home = await temporary(context);
  const first = {
    stateDir: join(home, "a"),
    configPath: join(home, "a.json"),
    workspaces: [join(home, "wa")],
    port: 1,
    meetingDir: lockMeetingDir(home),
  };
  const second = {
    stateDir: join(home, "b"),
    configPath: join(home, "b.json"),
    workspaces: [join(home, "wb")],
    port: 2,
    meetingDir: lockMeetingDir(home),
  };
  const lock = await lockStateDir(first);
  for (const [shared, what] of [
    [{ stateDir: first.stateDir }, /another gateway is using the state directory/],
    [{ configPath: first.configPath }, /the config file .*OPENCLAW_CONFIG_PATH/],
    [{ workspaces: [join(home, "wb"), `${first.workspaces[0]}/`] }, /the workspace .*agents.defaults.workspace/],
    [{ port: 1 }, /the port 1 .*gateway.port/],
  ] as const)
    await assert.rejects(lockStateDir({ ...second, ...shared }), (error: Error & { code?: string }) => {
      assert.equal(error.code, "locked");
      assert.match(error.message, what);
      assert.match(error.message, new RegExp(`process ${process.pid}, port 1`));
      return true;
    });
  const other = await lockStateDir(second);
  lock.release();
  (await lockStateDir(first)).release();
  other.release();
});
