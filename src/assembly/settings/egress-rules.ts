// What `egress allow` and `egress deny` make of the two lists in the config.
import { LoricaError } from "../../base/errors.ts";
import type { Config } from "../../config/config.ts";
import { parseHostPlace } from "../../protocol/known/hosts.ts";

type Lists = Pick<Config["egress"], "allow" | "deny">;
type Rule = Lists["allow"][number];

export type NewRule = {
  readonly host: string;
  readonly agents?: readonly string[] | undefined;
  readonly until?: string | undefined;
};

export type Edit = { readonly path: string; readonly text: string };

/** The same host for the same agents stands once; what is on one list now is not left on the other. */
export function editRules(lists: Lists, list: "allow" | "deny", rule: NewRule): Edit[] {
  const place = parseHostPlace(rule.host);
  if (!place.ok) throw new LoricaError("invalid_request", place.reason);
  const isSame = (other: Rule): boolean => keyOf(other) === keyOf(written(rule));
  const kept = (name: "allow" | "deny"): readonly Rule[] => lists[name].filter((other) => !isSame(other));
  const another = list === "allow" ? "deny" : "allow";
  const edits: Edit[] = [{ path: `egress.${list}`, text: JSON.stringify([...kept(list), written(rule)]) }];
  if (lists[another].some(isSame)) edits.push({ path: `egress.${another}`, text: JSON.stringify(kept(another)) });
  return edits;
}

function written({ host, agents, until }: NewRule): Rule {
  if (agents === undefined && until === undefined) return host.toLowerCase();
  return {
    host: host.toLowerCase(),
    ...(agents === undefined ? {} : { agents: [...agents] }),
    ...(until === undefined ? {} : { until }),
  };
}

/** Whom it is about, and where; a rule that says more than that is somebody's own and stays. */
function keyOf(rule: Rule): string {
  if (typeof rule === "string") return JSON.stringify([rule.toLowerCase(), null]);
  const { host, agents, until: _until, ...more } = rule;
  return JSON.stringify([host.toLowerCase(), agents ?? null, ...Object.values(more)]);
}
