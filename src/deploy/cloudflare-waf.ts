// catalogue
// Rules for Cloudflare's firewall, as a table: 1 to 10 for those who run sites and want to know such assistants among
// their visitors, 11 to 15 for the owner of a gateway behind Cloudflare. `contains` looks at case; names of headers are
// written in lower case.
import type { DeployFacts } from "./deploy.ts";
import { lines } from "./proxy.ts";

type Plan = "Free" | "Business" | "Enterprise";

export type WafRule = {
  readonly number: number;
  readonly name: string;
  readonly plan: Plan;
  readonly action: "managed_challenge" | "block" | "log" | "skip";
  readonly expression: string;
};

/** How many custom rules each plan holds. */
export const planLimits = { Free: 5, Pro: 20, Business: 100, Enterprise: 1_000 } as const;

const agents = ["OpenClaw", "openclaw", "lorica/"];
const agentContains = any(agents.map((name) => `http.user_agent contains "${name}"`));
const refererContains = `http.referer contains "openclaw.ai"`;
const titleIs = `any(http.request.headers["x-title"][*] contains "OpenClaw")`;
const sourceIs = `any(http.request.headers["mm-api-source"][*] eq "OpenClaw")`;

export function wafRules({ hostName, ownAddresses }: DeployFacts): readonly WafRule[] {
  const here = `http.host eq "${hostName}"`;
  const known = `ip.src in {${(ownAddresses.length === 0 ? ["192.0.2.1"] : ownAddresses).join(" ")}}`;
  const rule = (
    number: number,
    name: string,
    [plan, action, expression]: readonly [Plan, WafRule["action"], string],
  ): WafRule => ({ number, name, plan, action, expression });
  return [
    rule(1, "Everything that such assistants are known by", [
      "Free",
      "managed_challenge",
      any([agentContains, refererContains, titleIs, sourceIs]),
    ]),
    rule(2, "User-Agent", ["Free", "managed_challenge", agentContains]),
    rule(3, "Referer", ["Free", "managed_challenge", refererContains]),
    rule(4, "Headers of their own", ["Free", "managed_challenge", any([titleIs, sourceIs])]),
    rule(5, "Log first, judge later", ["Enterprise", "log", any([agentContains, refererContains, titleIs])]),
    rule(6, "Addresses that are known to be good; place it first", ["Free", "skip", known]),
    rule(7, "User-Agent, in any spelling", [
      "Business",
      "managed_challenge",
      'http.user_agent matches "(?i)open-?claw|lorica/"',
    ]),
    rule(8, "User-Agent with a version", [
      "Business",
      "managed_challenge",
      'http.user_agent matches "(?i)(openclaw-gateway|openclaw|lorica)/[0-9]+"',
    ]),
    rule(9, "Every print in one", [
      "Business",
      "managed_challenge",
      any([
        'http.user_agent matches "(?i)open-?claw|lorica/"',
        'http.referer matches "(?i)openclaw"',
        titleIs,
        sourceIs,
      ]),
    ]),
    rule(10, "An old Chrome that sends none of its hints", [
      "Business",
      "managed_challenge",
      '(http.user_agent matches "Chrome/(10[0-9]|11[0-9]|12[0-2])\\\\." and len(http.request.headers["sec-ch-ua"]) eq 0)',
    ]),
    rule(11, "Routing headers from outside", [
      "Free",
      "block",
      `(${here} and ${any(["x-openclaw-session-key", "x-openclaw-agent-id"].map((name) => `len(http.request.headers["${name}"]) gt 0`))})`,
    ]),
    rule(12, "Hooks without their token", [
      "Free",
      "block",
      `(${here} and starts_with(http.request.uri.path, "/hooks/") and len(http.request.headers["authorization"]) eq 0 and len(http.request.headers["x-openclaw-token"]) eq 0)`,
    ]),
    rule(13, "The APIs, at a pace (a rate limiting rule: 60 requests a minute from one address)", [
      "Free",
      "block",
      `(${here} and (starts_with(http.request.uri.path, "/v1/") or starts_with(http.request.uri.path, "/tools/")))`,
    ]),
    rule(14, "The APIs without a credential", [
      "Free",
      "block",
      `(${here} and (starts_with(http.request.uri.path, "/v1/") or starts_with(http.request.uri.path, "/tools/")) and len(http.request.headers["authorization"]) eq 0)`,
    ]),
    rule(15, "Any header of the gateway's own", [
      "Business",
      "block",
      `(${here} and any(http.request.headers.names[*] matches "^x-openclaw-"))`,
    ]),
  ];
}

export function renderWaf(facts: DeployFacts): string {
  const rules = wafRules(facts);
  const [first] = rules;
  const body = { action: first?.action, description: first?.name, expression: first?.expression };
  return lines(
    "# Rules for Cloudflare's firewall (Security > WAF > Custom rules; rule 13 under Rate limiting rules).",
    `# Custom rules by plan: ${Object.entries(planLimits)
      .map(([plan, max]) => `${plan} ${max}`)
      .join(", ")}. \`matches\` needs Business, \`log\` Enterprise.`,
    "# The WAF does not see into WebSockets: the gateway checks everything again itself.",
    "",
    ...rules.flatMap(({ number, name, plan, action, expression }) => [
      `# ${number}. ${name}`,
      `#    plan: ${plan} · action: ${action}`,
      expression,
      "",
    ]),
    "# Transform rule: take these away from every request that comes in: x-openclaw-session-key, x-openclaw-agent-id.",
    "# The same through the API, for the first rule:",
    "# curl -X POST https://api.cloudflare.com/client/v4/zones/$ZONE_ID/rulesets/$RULESET_ID/rules \\",
    '#   -H "Authorization: Bearer $CLOUDFLARE_API_TOKEN" -H "Content-Type: application/json" \\',
    `#   --data '${JSON.stringify(body)}'`,
  );
}

function any(expressions: readonly string[]): string {
  return `(${expressions.join(" or ")})`;
}
