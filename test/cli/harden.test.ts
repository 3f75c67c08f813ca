import assert from "node:assert/strict";
import { after, test } from "node:test";
import { createCommandLine, createRecorder, fauxOffline } from "../faux/command-line.ts";

const line = createCommandLine();
const { called, answering } = createRecorder();
after(() => line.close());

function config(value: unknown): void {
  const view = { path: "/c", exists: true, hash: "h", value, valid: true, issues: [], notices: [] };
  const change = { hash: "h2", changed: [{ path: "dlp.enabled", reload: "hot" }], notices: [], secretsKept: [] };
  Object.assign(line.overrides, {
    openOffline: fauxOffline({
      "config.get": answering("config.get", view),
      "config.set": answering("config.set", change),
    }),
  });
  called.length = 0;
}

const weakened = {
  gateway: { bind: "lan", auth: { mode: "none" }, tailscale: { mode: "off" } },
  dlp: { enabled: false },
  session: { jsonlMirror: true },
  agents: {
    defaults: { sandbox: { mode: "off" }, egress: { profile: "listed" } },
    list: [{ id: "main" }, { id: "kids", egress: { profile: "packages" } }],
  },
  security: { acknowledged: ["gateway.auth.mode=none", "channels.telegram.dmPolicy=open"] },
};

test("GAP-020 harden names each key that weakens a wall, and changes nothing by itself", async () => {
  config(weakened);
  const { exit, stdout } = await line.run(["harden"]);
  assert.equal(exit, 1);
  const names = stdout.split("\n").flatMap((text) => /^(\S+) is \S+: /.exec(text)?.[1] ?? []);
  assert.deepEqual(names, [
    "gateway.bind",
    "gateway.auth.mode",
    "dlp.enabled",
    "session.jsonlMirror",
    "agents.defaults.sandbox.mode",
    "agents.list[1].egress.profile",
  ]);
  assert.deepEqual(
    called.map(([method]) => method),
    ["config.get"],
  );
});

test("IR-006 harden --apply unsets them in one edit, with what acknowledged them, and leaves what is to be kept", async () => {
  config(weakened);
  const { exit } = await line.run(["harden", "--apply", "--keep", "gateway.bind,session.jsonlMirror"]);
  assert.equal(exit, 0);
  assert.deepEqual(called.at(-1), [
    "config.set",
    {
      edits: [
        ...["gateway.auth.mode", "dlp.enabled", "agents.defaults.sandbox.mode", "agents.list[1].egress.profile"].map(
          (path) => ({ path, unset: true }),
        ),
        { path: "security.acknowledged", value: ["channels.telegram.dmPolicy=open"] },
      ],
      baseHash: "h",
    },
  ]);
});

test("harden finds nothing in a config that weakens nothing, and writes nothing", async () => {
  config({ gateway: { bind: "loopback" }, dlp: { enabled: true }, agents: { defaults: {}, list: [] } });
  const { exit, stdout } = await line.run(["harden", "--apply"]);
  // Nothing is wrong as far as it could look, and that is not the same as nothing being wrong.
  assert.equal(exit, 7);
  assert.match(stdout, /The gateway does not run/);
  assert.deepEqual(
    called.map(([method]) => method),
    ["config.get"],
  );
});
