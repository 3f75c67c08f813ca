// Keys of the cell: what each accepts, and what is refused because it would open it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { accepts, defaultsTo, loadGood, refuses, valueAt, waits } from "../harness.ts";

test("KEY-047 every session is confined unless told otherwise", async () => {
  await defaultsTo("agents.defaults.sandbox.mode", "all");
  await accepts("agents.defaults.sandbox.mode", "all", "non-main", "off");
  await refuses("agents.defaults.sandbox.mode", /must be one of/, "host");
});

test("KEY-048 a cell belongs to a session unless told otherwise", async () => {
  await defaultsTo("agents.defaults.sandbox.scope", "session");
  await accepts("agents.defaults.sandbox.scope", "session", "agent", "shared");
  assert.equal(
    await valueAt({ agents: { defaults: { sandbox: { scope: "dedicated" } } } }, "agents.defaults.sandbox.scope"),
    "session",
  );
});

test("KEY-049 what a cell sees of the workspace has three values", async () => {
  await accepts("agents.defaults.sandbox.workspaceAccess", "none", "ro", "rw");
  await refuses("agents.defaults.sandbox.workspaceAccess", /must be one of "none", "ro", "rw"/, "all");
});

test("KEY-050 KEY-051 KEY-052 KEY-053 KEY-054 a cell has no network, a read-only root, no capabilities and bounds", async () => {
  const docker = (await loadGood({})).config.agents.defaults.sandbox.docker;
  assert.deepEqual(
    [docker.network, docker.readOnlyRoot, docker.capDrop, docker.pidsLimit, docker.memory],
    // Unset means a cell's own bounds: a hundred threads are not enough for a test runner on a machine of sixteen cores.
    ["none", true, ["ALL"], undefined, undefined],
  );
  await accepts("agents.defaults.sandbox.docker.pidsLimit", 100);
  await accepts("agents.defaults.sandbox.docker.memory", "512m");
  await waits("agents.defaults.sandbox.docker.network", "none", "host", "bridge");
  await waits("agents.defaults.sandbox.docker.readOnlyRoot", true, false);
  await waits("agents.defaults.sandbox.docker.capDrop", ["ALL"], [], ["NET_RAW"]);
  await refuses("agents.defaults.sandbox.docker.pidsLimit", /too small/, 0);
  await refuses("agents.defaults.sandbox.docker.memory", /a size is a number/, "lots");
});

test("KEY-055 ADV-003 SBX-007 SBX-008 SBX-009 whatever would open a cell is refused, with the reason", async () => {
  const docker = "agents.defaults.sandbox.docker";
  await waits(`${docker}.dns`, [], ["1.1.1.1"]);
  await waits(`${docker}.extraHosts`, [], ["a:1.2.3.4"]);
  await refuses(`${docker}.network`, /a network that is not theirs; this is never accepted/, "host", "container:db");
  for (const key of ["seccompProfile", "apparmorProfile"])
    await refuses(`${docker}.${key}`, /leave it out: .*(cannot be replaced|needs none)/, "unconfined", "");
  for (const key of ["setupCommand", "user"]) await refuses(`${docker}.${key}`, /leave it out/, "root");
  await refuses(`${docker}.workdir`, /leave it out: commands start in the workspace/, "/work");
  for (const key of ["pidsLimit", "memory", "memorySwap", "cpus"]) await refuses(`${docker}.${key}`, /./, 0, -1);
  await accepts(`${docker}.cpus`, 1.5);
});

test("SBX-006 a bind is absolute, plain, read-only unless it says more, and never opens the host", async () => {
  const key = "agents.defaults.sandbox.docker.binds";
  await accepts(key, ["/srv/models"], ["/srv/models:/models", "/data/set:/data/set:rw"]);
  await refuses(key, /absolute/, ["srv/models"], ["~/models"], ["/srv/models:models"]);
  await refuses(key, /plain/, ["/srv/../etc"], ["/srv/models/"], ["/srv//models"], ["/srv/models:/a/../b"]);
  await refuses(key, /ro or rw/, ["/srv/models:/models:rwx"], ["/a:/b:ro:/c"]);
  const holds = [
    "/",
    "/etc",
    "/etc/ssl",
    "/home",
    "/Users",
    "/root",
    "/run",
    "/var",
    "/proc",
    "/sys/fs",
    "/dev",
    "/usr",
  ];
  await refuses(key, /would open the host to commands/, ...holds.map((path) => [path]));
  await refuses(key, /a socket of the container's master/, ["/srv/docker.sock"], ["/data/podman.sock:/x"]);
  await refuses(key, /the cell has its own there/, ["/srv/x:/etc/x"], ["/srv/x:/usr"], ["/srv/x:/proc"], ["/srv/x:/"]);
});

test("ADV-017 ADV-003 variables of commands are no credentials and steer no loader", async () => {
  const key = "agents.defaults.sandbox.docker.env";
  await accepts(key, { LANG: "de_DE.UTF-8", TZ: "Europe/Berlin", CARGO_TERM_COLOR: "never" });
  const steering = ["LD_PRELOAD", "NODE_OPTIONS", "BASH_ENV", "PYTHONPATH", "PATH", "GIT_SSH_COMMAND", "https_proxy"];
  await refuses(key, /changes what programs load/, ...steering.map((name) => ({ [name]: "x" })));
  await refuses(key, /would show a credential/, { MY_API_KEY: "x" }, { DB_PASSWORD: "x" }, { gh_token: "x" });
  await refuses(key, /not the name of a variable/, { "A B": "x" }, { "A=B": "x" });
});

test("an empty folder in memory lies where nothing of the cell is", async () => {
  const key = "agents.defaults.sandbox.docker.tmpfs";
  await accepts(key, [], ["/srv/scratch", "/var/cache"]);
  await refuses(key, /the cell has its own there/, ["/etc"], ["/proc/x"], ["/"]);
});
