// Puts the old part of a window away behind a summary (RT-009). The entries themselves stay in the store; nothing of
// another session can come in, because a window is all that is read. Where no summary can be had the old part goes
// without one: a session never dies of its length.
import { assert } from "../../base/errors.ts";
import { joinAll } from "../../base/label.ts";
import { limits } from "../../base/limits.ts";
import type { AssistantPart } from "../../base/transcript.ts";
import { withDeadline } from "../../base/wait.ts";
import type { Entry } from "../../store/store.ts";
import type { TurnScope } from "../scope.ts";
import { estimatePrompt } from "./context.ts";
import type { Plan, Standing } from "./context.ts";
import { chooseCut } from "./cut.ts";
import { plainSummary, summaryPrompt, withIdentifiers } from "./summary.ts";
import type { Visible } from "./visible.ts";

export type Pressure = "threshold" | "overflow" | "asked";

const keepShares: Record<Pressure, number> = { threshold: 0.3, overflow: 0.15, asked: 0.1 };
/** A summary of less than this costs more than it wins. */
const leastShare = 0.02;
const charsPerToken = 3;
const promptShare = 0.6;

/** Whether anything was put away. */
export async function compact(
  scope: TurnScope,
  parts: { readonly standing: Standing; readonly plan: Plan; readonly pressure: Pressure; readonly focus?: string },
): Promise<boolean> {
  const { turn } = scope;
  if (compactionsOf(scope) >= limits.compactionsPerTurnMax) return false;
  const visible = scope.visible();
  const keepTokens = tokensToKeep(scope, visible, parts);
  const firstKeptSeq = chooseCut(visible.entries, { keepTokens, turnId: turn.id, estimator: scope.state.estimator });
  if (firstKeptSeq === undefined) return false;
  const gone = visible.entries.filter((entry) => entry.seq < firstKeptSeq);
  if (parts.pressure !== "asked" && scope.state.estimator.entries(gone) < parts.plan.contextTokens * leastShare)
    return false;
  assert(
    gone.every((entry) => entry.windowId === turn.windowId),
    "a compaction reads one window only",
  );
  const tokensBefore = estimatePrompt(scope, parts.standing, parts.plan);
  const earlier = summaryOf(visible);
  const written = await summarise(scope, { earlier, gone, plan: parts.plan, focus: parts.focus ?? "" });
  const summary = await screened(
    scope,
    written === undefined ? plainSummary(earlier, gone) : withIdentifiers(written, gone),
  );
  const label = joinAll(
    [...gone, ...(visible.compaction === undefined ? [] : [visible.compaction])].map(({ label }) => label),
  );
  await scope.append([{ kind: "compaction", summary, firstKeptSeq, tokensBefore }], label);
  const tokensAfter = estimatePrompt(scope, parts.standing, parts.plan);
  scope.run.emit({ type: "compacted", tokensBefore, tokensAfter });
  scope.options.observe({ point: "session.compacted", sessionKey: turn.sessionKey });
  return true;
}

async function screened({ options, turn, signal }: TurnScope, summary: string): Promise<string> {
  const { agentId, sessionKey } = turn;
  const { texts } = await options.dlp.inspect({ point: "summary", agentId, sessionKey, texts: [summary] }, signal);
  return texts[0] ?? "";
}

/** Where our own estimate was wrong or a person asks, a share of what there is; else of what there may be. */
function tokensToKeep(
  scope: TurnScope,
  visible: Visible,
  { plan, pressure }: { readonly plan: Plan; readonly pressure: Pressure },
): number {
  const share = Math.min(scope.profile.compaction.keepRecentTokens, plan.contextTokens * keepShares[pressure]);
  return pressure === "threshold" ? share : Math.min(share, scope.state.estimator.entries(visible.entries) / 2);
}

/** Counted in the journal, so that a turn which is taken up again does not begin to count anew. */
function compactionsOf(scope: TurnScope): number {
  return scope.window.entries().filter(({ turnId, body }) => turnId === scope.turn.id && body.kind === "compaction")
    .length;
}

function summaryOf({ compaction }: Visible): string | undefined {
  return compaction?.body.kind === "compaction" ? compaction.body.summary : undefined;
}

type Summarised = {
  readonly earlier: string | undefined;
  readonly gone: readonly Entry[];
  readonly plan: Plan;
  readonly focus: string;
};

/** Undefined where no model could write one; only the end of the turn itself is an error here. */
async function summarise(scope: TurnScope, parts: Summarised): Promise<string | undefined> {
  try {
    return await withDeadline(scope.signal, scope.profile.compaction.timeoutMs, (signal) =>
      askForSummary(scope, parts, signal),
    );
  } catch (error) {
    if (scope.signal.aborted) throw error;
    scope.options.report(`compaction:${scope.turn.id}`, error);
    return undefined;
  }
}

async function askForSummary(scope: TurnScope, parts: Summarised, signal: AbortSignal): Promise<string | undefined> {
  const { models } = scope.options;
  const { agentId, sessionKey, principal } = scope.turn;
  const cheap = models.candidates(agentId, "compaction");
  const candidates = cheap.length > 0 ? cheap : parts.plan.candidates;
  const window = models.describe(candidates[0] ?? "")?.contextTokens ?? limits.contextTokensDefault;
  const prompt = summaryPrompt(
    { earlier: parts.earlier, entries: parts.gone },
    { focus: parts.focus, maxChars: Math.floor(window * promptShare * charsPerToken) },
  );
  const call = { agentId, sessionKey, principal, label: scope.label(), candidates, prompt, tools: [] };
  const outputTokensMax = limits.compactionSummaryTokensMax;
  const stream = models.stream({ ...call, thinking: "off", outputTokensMax, rehearsal: undefined }, signal);
  for await (const event of stream) {
    if (event.type === "spent")
      await scope.spend(event.usage, { provider: event.provider, model: event.model, trigger: "compaction" });
    if (event.type !== "finish") continue;
    await scope.spend(event.usage, { provider: event.provider, model: event.model, trigger: "compaction" });
    return textOf(event.content);
  }
  return undefined;
}

function textOf(content: readonly AssistantPart[]): string | undefined {
  const text = content
    .flatMap((part) => (part.type === "text" ? [part.text] : []))
    .join("")
    .trim();
  return text === "" ? undefined : text;
}
