// The hosts that the enabled providers and platforms need, as rules: nobody lists them by hand.
import { LoricaError } from "../../base/errors.ts";
import type { Reach } from "../../network/network.ts";
import { judge } from "../judge/judge.ts";
import type { EgressRule } from "../judge/judge.ts";
import { accountOf } from "./target.ts";
import type { OutgoingResource, ProviderCeiling, RouteCeiling, Target } from "./target.ts";

export type { EgressRule } from "../judge/judge.ts";

export function routeRules({ providers, channels }: RouteCeiling): readonly EgressRule[] {
  return [
    ...[...providers].flatMap(([id, far]) => ruleOf(`models.providers.${id}`, id, far)),
    ...[...channels].flatMap(([id, far]) => ruleOf(`channels.${id}`, id, far)),
  ];
}

function ruleOf(id: string, account: string, far: ProviderCeiling): readonly EgressRule[] {
  if (!URL.canParse(far.baseUrl)) return [];
  const url = new URL(far.baseUrl);
  return [
    {
      id,
      verdict: "allow",
      host: { kind: "literal", name: url.hostname },
      ports: [portOf(url)],
      accounts: [account],
      reach: far.ownerNamed ? "owner-named" : "public",
    },
  ];
}

function portOf(url: URL): number {
  if (url.port !== "") return Number(url.port);
  return url.protocol === "https:" ? 443 : 80;
}

type Asked = {
  readonly rules: readonly EgressRule[];
  readonly provider: ProviderCeiling;
  readonly target: Target;
  /** Whether the owner asks about a far side that the config does not name yet. */
  readonly isTried: boolean;
};

/** The same judge as for what comes out of a cell. Throws where it denies. */
export function checkRules(
  { agentId, resource }: { readonly agentId?: string; readonly resource: OutgoingResource },
  { rules, provider, target, isTried }: Asked,
): Reach {
  const account = accountOf(resource);
  const held = isTried
    ? [...rules.filter(({ verdict }) => verdict === "deny"), ...ruleOf("tried", account, provider)]
    : rules;
  const url = new URL(target.origin);
  const question = {
    agentId: agentId ?? "owner",
    host: url.hostname,
    port: portOf(url),
    method: resource.method,
    path: target.path,
    account,
    credential: provider.secret,
    transport: "route",
  } as const;
  const verdict = judge({ rules: held, terminate: [], uploadMaxBytes: undefined }, question, Date.now());
  if (verdict.verdict === "allow") return verdict.reach;
  throw new LoricaError("forbidden", `a request to ${target.host} was denied: ${verdict.reason}`);
}
