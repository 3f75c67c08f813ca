// The only place where yes is said. An action that no rule allows is denied.
import type { Action, Verb } from "../base/action.ts";
import type { Clock } from "../base/clock.ts";
import type { Grant, Redeem } from "../base/grant.ts";
import { createMint } from "./mint.ts";
import { firstVerdict } from "./rules.ts";
import type { Rule } from "./rules.ts";

export { compileRules, expandTools, needsCell, toolsFor, toolsOfPrincipal } from "./rules.ts";
export type { PolicySettings, Rule, ToolPolicy, Verdict } from "./rules.ts";

/** Approvals arrive with step 4; until then no rule answers `ask`, and the union already has its place. */
export type Decision<V extends Verb> =
  | { readonly kind: "allow"; readonly grant: Grant<V>; readonly rule: string }
  | { readonly kind: "deny"; readonly reason: string; readonly rule: string };

export type Policy = {
  /** Judges one action. Total: it answers for every action, and never throws for a denied one. */
  decide<V extends Verb>(action: Action<V>): Decision<V>;
  /** Handed to every effect, which calls it before it touches anything. */
  readonly redeem: Redeem;
  /** Takes effect at the next decision; grants already minted stay valid until they expire. */
  replaceRules(rules: readonly Rule[]): void;
};

export function createPolicy(options: { readonly rules: readonly Rule[]; readonly clock: Clock }): Policy {
  let rules = options.rules;
  const mint = createMint(options.clock);
  return {
    decide(action) {
      const verdict = firstVerdict(rules, action as Action);
      if (verdict.kind === "deny") return verdict;
      return { kind: "allow", grant: mint.mint(action), rule: verdict.rule };
    },
    redeem: mint.redeem,
    replaceRules(next) {
      rules = next;
    },
  };
}
