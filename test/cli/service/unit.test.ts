import assert from "node:assert/strict";
import { test } from "node:test";
import { renderUnit, unitMark } from "../../../src/cli/service/unit.ts";
import { unitName } from "../../../src/protocol/known/service-unit.ts";
import type { UnitSettings } from "../../../src/cli/service/unit.ts";

const own: UnitSettings = {
  scope: "user",
  profile: undefined,
  command: ["/home/ann/.openclaw/bin/openclaw", "gateway", "run"],
  writable: ["/home/ann/.cache/lorica", "/home/ann/.openclaw"],
  environment: {},
};

function lines(settings: UnitSettings): readonly string[] {
  return renderUnit(settings).split("\n");
}

test("DEP-006 the user's unit: restarted when it fails, bounded, and nothing to write but what it needs", () => {
  assert.deepEqual(lines(own), [
    unitMark,
    "[Unit]",
    "Description=Lorica gateway",
    "Wants=network-online.target",
    "After=network-online.target",
    "StartLimitIntervalSec=300",
    "StartLimitBurst=5",
    "",
    "[Service]",
    "Type=simple",
    "ExecStart=/home/ann/.openclaw/bin/openclaw gateway run",
    "WorkingDirectory=/",
    "Environment=NODE_ENV=production",
    "Restart=on-failure",
    "RestartSec=5",
    "RestartPreventExitStatus=2 3 4 6 78",
    "KillMode=mixed",
    "TimeoutStopSec=30",
    "UMask=0077",
    "ReadWritePaths=/home/ann/.cache/lorica",
    "ReadWritePaths=/home/ann/.openclaw",
    "MemoryMax=1G",
    "CPUQuota=80%",
    "TasksMax=512",
    "Delegate=memory pids cpu",
    "LimitCORE=0",
    "NoNewPrivileges=true",
    "ProtectSystem=strict",
    "ProtectHome=read-only",
    "PrivateTmp=true",
    "LockPersonality=true",
    "RestrictRealtime=true",
    "RestrictSUIDSGID=true",
    "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
    "SystemCallArchitectures=native",
    "SystemCallFilter=@system-service @mount sethostname seccomp",
    "SystemCallErrorNumber=EPERM",
    "",
    "[Install]",
    "WantedBy=default.target",
    "",
  ]);
});

test("DEP-008 VLT-013 the system's unit: the same limits, an ordinary user, the mounts that it needs, no capability", () => {
  const system: UnitSettings = { ...own, scope: "system", user: "lorica", writable: ["/var/lib/lorica"] };
  const user = new Set(lines({ ...own, writable: ["/var/lib/lorica"] }));
  assert.deepEqual(
    lines(system).filter((line) => !user.has(line)),
    [
      "RequiresMountsFor=/var/lib/lorica",
      "User=lorica",
      "Group=lorica",
      "CapabilityBoundingSet=",
      "AmbientCapabilities=",
      "ProtectClock=true",
      "ProtectKernelModules=true",
      "PrivateDevices=true",
      "RemoveIPC=true",
      "KeyringMode=private",
      "WantedBy=multi-user.target",
    ],
  );
});

test("a profile has a service of its own name", () => {
  assert.deepEqual(
    [unitName(undefined), unitName("work")],
    ["openclaw-gateway.service", "openclaw-gateway-work.service"],
  );
  assert.equal(lines({ ...own, profile: "work" })[2], "Description=Lorica gateway (profile work)");
});

test("what systemd would read as its own language is written so that it does not", () => {
  const strange = lines({
    ...own,
    command: ["/home/o'neil x/bin", '--say="$HOME"', "50%"],
    environment: { OPENCLAW_HOME: String.raw`/a b\c` },
  });
  assert.deepEqual(
    strange.filter((line) => /^(ExecStart|Environment)=/.test(line)),
    [
      String.raw`ExecStart="/home/o'neil x/bin" "--say=\"$$HOME\"" 50%%`,
      "Environment=NODE_ENV=production",
      String.raw`Environment="OPENCLAW_HOME=/a b\\c"`,
    ],
  );
  assert.throws(() => renderUnit({ ...own, writable: ["/a\nExecStartPre=/bin/evil"] }), { code: "invalid_request" });
});
