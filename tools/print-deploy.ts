// Prints docs/deploy.md from the renderers of `deploy render`; `--check` only says whether it is up to date.
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { planLimits, wafRules } from "../src/deploy/cloudflare-waf.ts";
import { deployTargets, renderDeployment } from "../src/deploy/deploy.ts";

const path = join(resolve(import.meta.dirname, ".."), "docs", "deploy.md");
const facts = {
  port: 18_789,
  hostName: "gateway.example.com",
  unit: "openclaw-gateway.service",
  ownAddresses: ["203.0.113.7"],
};

const text = `# What stands around the gateway

\`lorica deploy render <target>\` prints a file made from the running config; nothing is ever applied by itself. Targets:
${deployTargets.map((target) => `\`${target}\``).join(", ")}. This page is printed by \`tools/print-deploy.ts\`.

## Which way in

1. **A tunnel** (Tailscale, cloudflared, SSH): the gateway stays on the loopback and no port is open. Prefer it to everything
   below. \`lorica gateway --tailscale serve\` does it for a tailnet.
2. **A proxy on the same machine** (nginx, Caddy, Traefik): the gateway stays on the loopback, the proxy has the certificate.
3. **Cloudflare in front of that proxy**: close the origin to all but Cloudflare's ranges (\`deploy render ufw\`), or whoever
   finds the address comes past it.

\`gateway.bind: "lan"\` is for a network whose every machine you trust.

## Proxies and firewall

${deployTargets
  .filter((target) => !["cloudflare-waf", "systemd-credential"].includes(target) && !target.startsWith("compose"))
  .map((target) => `### ${target}\n\n\`\`\`text\n${renderDeployment(target, facts)}\`\`\``)
  .join("\n\n")}

## The vault's key with systemd

docs/vault.md says what it protects from.

\`\`\`ini
${renderDeployment("systemd-credential", facts)}\`\`\`

## In a container

A service of systemd (\`lorica gateway install\`) is the better way: it needs nothing that a container's master may do. Whoever
wants a container puts these two beside a checkout, as \`compose.yaml\` and \`seccomp.json\`, and runs \`docker compose up -d\`. The port
is published on this machine's loopback only, the root is read-only, there is no capability, no new privilege and no socket of
the engine. Whether its sandboxes hold there is tried at each start as everywhere: \`lorica status\` says so, and without them
there are no commands and no file tools. The file has not been tried against every engine.

\`\`\`yaml
${renderDeployment("compose", facts)}\`\`\`

\`\`\`json
${renderDeployment("compose-seccomp", facts)}\`\`\`

## Cloudflare's firewall

Custom rules by plan: ${Object.entries(planLimits)
  .map(([plan, max]) => `${plan} ${max}`)
  .join(
    ", ",
  )}. \`contains\` looks at case, \`matches\` needs Business, \`log\` Enterprise; names of headers are written in lower
case. Dashboard: Security, WAF, Custom rules, Create rule, Edit expression; rule 6 is placed first, rule 13 is a rate limiting
rule. Rules 1 to 10 are for those who run sites, 11 to 15 for the owner of a gateway. The WAF does not see into WebSockets: the
gateway checks everything again itself. \`deploy render cloudflare-waf\` puts in your own addresses and shows the call of the API.

| # | what | plan | action | expression |
|---|---|---|---|---|
${wafRules(facts)
  .map(
    ({ number, name, plan, action, expression }) =>
      `| ${number} | ${name} | ${plan} | ${action} | \`${expression.replaceAll("|", "\\|")}\` |`,
  )
  .join("\n")}

Headers to take away from what comes in (a transform rule): \`x-openclaw-session-key\`, \`x-openclaw-agent-id\`.
`;

if (!process.argv.includes("--check")) writeFileSync(path, text);
else if (readFileSync(path, "utf8") !== text) {
  process.stderr.write("docs/deploy.md is out of date: node tools/print-deploy.ts\n");
  process.exit(1);
}
