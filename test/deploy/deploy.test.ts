import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { test } from "node:test";
import { limits } from "../../src/base/limits.ts";
import { deployTargets, isAddressOrRange, isHostName, renderDeployment } from "../../src/deploy/deploy.ts";
import { assessExposure } from "../../src/network/network.ts";
import { planLimits, wafRules } from "../../src/deploy/cloudflare-waf.ts";
import { cloudflareRanges } from "../../src/network/cloudflare.ts";

const facts = {
  port: 18_789,
  hostName: "gate.example.com",
  unit: "openclaw-gateway.service",
  ownAddresses: ["203.0.113.7"],
};
const render = (target: string, change: Partial<typeof facts> = {}): string => {
  const text = renderDeployment(target, { ...facts, ...change });
  assert.ok(text !== undefined);
  return text;
};

test("VLT-008 a drop-in gives the named service the vault's sealed key, from where its comment has it put", () => {
  const text = render("systemd-credential", { unit: "openclaw-gateway-work.service" });
  const settings = text.split("\n").filter((line) => !line.startsWith("#"));
  const place = "/etc/credstore.encrypted/lorica-vault-key";
  assert.deepEqual(settings, ["[Service]", `LoadCredentialEncrypted=lorica-vault-key:${place}`, ""]);
  assert.match(text, /^# +systemctl edit openclaw-gateway-work\.service$/m);
  assert.match(text, new RegExp(`systemd-creds encrypt --name=lorica-vault-key KEYFILE ${place}$`, "m"));
});

test("NET-033 each proxy leads to the loopback, under the name, with the gateway's own pace", () => {
  const nginx = render("nginx");
  assert.match(nginx, new RegExp(`zone=lorica_general:10m rate=${limits.httpPerSecond}r/s`));
  assert.match(nginx, new RegExp(`zone=lorica_chat:10m rate=${limits.chatPerMinute}r/m`));
  assert.match(nginx, /limit_req_status 429;/);
  assert.match(nginx, /return 301 https:/);
  assert.match(nginx, /X-Forwarded-For \$proxy_add_x_forwarded_for/);
  for (const target of ["nginx", "caddy", "traefik"]) {
    const text = render(target);
    assert.match(text, /gate\.example\.com/);
    assert.match(text, /127\.0\.0\.1:18789/);
    assert.match(text, /lorica config set gateway\.trustedProxies/);
  }
  assert.deepEqual(deployTargets, [
    "nginx",
    "caddy",
    "traefik",
    "ufw",
    "ufw-tailscale",
    "compose",
    "compose-seccomp",
    "systemd-credential",
    "cloudflare-waf",
  ]);
  assert.equal(renderDeployment("toString", facts), undefined);
});

test("NET-034 NET-035 GAP-042 the firewall is closed but for the owner's SSH, the edge or the tailnet, and never opens the gateway's port", () => {
  const commands = (text: string) => text.split("\n").filter((line) => line.startsWith("ufw "));
  assert.deepEqual(commands(render("ufw")), [
    "ufw default deny incoming",
    "ufw default allow outgoing",
    "ufw allow from 203.0.113.7 to any port 22 proto tcp",
    ...cloudflareRanges.map((range) => `ufw allow from ${range} to any port 443 proto tcp`),
    "ufw --force enable",
  ]);
  assert.ok(commands(render("ufw", { ownAddresses: [] })).includes("ufw limit 22/tcp"));
  assert.deepEqual(commands(render("ufw-tailscale")), [
    "ufw default deny incoming",
    "ufw default allow outgoing",
    "ufw allow in on tailscale0",
    "ufw allow 41641/udp",
    "ufw --force enable",
  ]);
  for (const target of ["ufw", "ufw-tailscale"])
    assert.ok(commands(render(target)).every((line) => !line.includes("18789")));
});

test("NET-041 a tunnel is advised before any address that others can reach", () => {
  const guide = readFileSync(resolve(import.meta.dirname, "../../docs/deploy.md"), "utf8");
  const ways = [...guide.matchAll(/^\d\. \*\*(.*?)\*\*/gm)].map(([, way]) => way);
  assert.equal(ways[0], "A tunnel");
  assert.ok(ways.length > 1, "there are other ways");
  const port = 18_789;
  const facts = { isTls: false, authMode: "token", allowedAddresses: [] };
  const here = assessExposure({ ...facts, listening: [{ host: "127.0.0.1", port }] });
  assert.match(here.lines.join("\n"), /use a tunnel: ssh -N -L 18789:127\.0\.0\.1:18789/);
  const open = assessExposure({ ...facts, listening: [{ host: "0.0.0.0", port }] });
  if (open.level !== "machine") assert.match(open.lines.join("\n"), /or a tunnel in front/);
});

test("ID-014 ID-015 ID-016 ID-017 ID-018 fifteen rules, each with an action and a plan that can hold it", () => {
  const rules = wafRules(facts);
  assert.deepEqual(
    rules.map(({ number }) => number),
    Array.from({ length: 15 }, (_, at) => at + 1),
  );
  for (const { expression, plan, action } of rules) {
    if (expression.includes(" matches ")) assert.notEqual(plan, "Free", expression);
    if (action === "log") assert.equal(plan, "Enterprise");
    assert.equal(expression.split("(").length, expression.split(")").length, expression);
    for (const [, name = ""] of expression.matchAll(/headers\["([^"]+)"\]/g)) assert.equal(name, name.toLowerCase());
  }
  assert.deepEqual(planLimits, { Free: 5, Pro: 20, Business: 100, Enterprise: 1_000 });
});

test("ID-019 the rules come with the owner's addresses and a call of the API", () => {
  const text = render("cloudflare-waf", { ownAddresses: ["203.0.113.7", "2001:db8::/32"] });
  assert.match(text, /ip\.src in \{203\.0\.113\.7 2001:db8::\/32\}/);
  const [, body = ""] = /--data '(.*)'/.exec(text) ?? [];
  assert.deepEqual((JSON.parse(body) as { action: string }).action, "managed_challenge");
});

test("what is put into these files is a name or an address, and nothing that means more there", () => {
  for (const good of ["a.example.com", "x-1.ts.net"]) assert.equal(isHostName(good), true);
  for (const bad of ["localhost", "a b.com", "a.com;", "a.com\n}", "-a.com", "`id`.com", "A.com"])
    assert.equal(isHostName(bad), false);
  for (const good of ["203.0.113.7", "10.0.0.0/8", "2001:db8::/32"]) assert.equal(isAddressOrRange(good), true);
  for (const bad of ["203.0.113.7; reboot", "", "10.0.0.0/33", "127.1", "any"])
    assert.equal(isAddressOrRange(bad), false);
});

test("GAP-034 the compose file opens nothing but the loopback, and gives the container no right that it does not need", () => {
  const compose = render("compose", { port: 18_790 });
  assert.deepEqual(compose.match(/^ +- "[\d.:]+"$/gm), ['      - "127.0.0.1:18790:18790"']);
  for (const line of ["user: node", "read_only: true", "cap_drop: [ALL]", "- no-new-privileges:true"])
    assert.ok(
      compose.split("\n").some((each) => each.trim() === line),
      line,
    );
  for (const bound of ["pids_limit", "mem_limit", "memswap_limit", "cpus"])
    assert.match(compose, new RegExp(`^    ${bound}: [1-9]`, "m"));
  for (const word of [
    "privileged",
    "docker.sock",
    "network_mode",
    "cap_add",
    "0.0.0.0",
    "seccomp=unconfined",
    "env_file",
  ])
    assert.equal(compose.includes(word), false, word);
  const profile = JSON.parse(render("compose-seccomp")) as { syscalls: readonly { names: readonly string[] }[] };
  const names = new Set(profile.syscalls.flatMap((rule) => rule.names));
  for (const name of ["keyctl", "bpf", "io_uring_setup", "kexec_load", "ptrace"]) assert.ok(names.has(name), name);
  // Of these the sandboxes inside are made.
  for (const name of ["clone", "unshare", "mount", "umount2", "pivot_root"]) assert.equal(names.has(name), false);
});
