// What was let through goes on only while it still would be: a rule that is taken back, or whose time is over, ends what
// it has opened.
import { limits } from "../../base/limits.ts";
import { judge } from "../judge/judge.ts";
import type { EgressQuestion } from "../judge/judge.ts";
import type { Way } from "./way.ts";

export type Watched = Omit<EgressQuestion, "agentId"> & {
  /** Whether its TLS was to end here when it was opened. */
  readonly isEnded: boolean;
};

/** Calls `end` once where the rules have changed; what it gives back stops the looking. */
export function watchRules({ deps, asker }: Way, { isEnded, ...place }: Watched, end: () => void): () => void {
  const question = { agentId: asker.agentId, ...place };
  const timer = setInterval(() => {
    const verdict = judge(deps.rules(asker.agentId), question, deps.now());
    if (verdict.verdict === "allow" && verdict.terminate === isEnded) return;
    clearInterval(timer);
    end();
  }, limits.egressRulesAgainMs).unref();
  return () => clearInterval(timer);
}
