// Everything a model call is made of (GW-032): system prompt, history, schemas, and how much room they take.
import type { LanguageModelV4FunctionTool, LanguageModelV4Message, LanguageModelV4Prompt } from "@ai-sdk/provider";
import { limits } from "../../base/limits.ts";
import type { Entry } from "../../store/store.ts";
import { chooseModels, seesImages } from "../asking/choose.ts";
import type { TurnScope } from "../scope.ts";
import { encodeHistory } from "./history.ts";
import { loadMedia } from "./media.ts";
import { renderSystemPrompt } from "./prompt.ts";
import { drawPruneLine, pruneResult } from "./prune.ts";
import type { PruneLine } from "./prune.ts";
import { estimateText, estimateTools } from "./tokens.ts";
import { filesFor, renderWorkspaceFiles } from "./workspace.ts";

/** The part that stays the same through a turn, and between turns while nobody edits a file. */
export type Standing = {
  readonly messages: readonly LanguageModelV4Message[];
  readonly tools: readonly LanguageModelV4FunctionTool[];
  readonly tokens: number;
};

export type Plan = {
  readonly candidates: readonly string[];
  /** What the first candidate can hold, or less where the agent is set to use less. */
  readonly contextTokens: number;
  /** What must stay free of it. */
  readonly reserveTokens: number;
  readonly seesImages: boolean;
  readonly provider: string;
};

/** A small window keeps a smaller share free, or nothing would be left for the conversation. */
const reserveShareMax = 0.4;

export async function loadStanding(scope: TurnScope): Promise<Standing> {
  const { turn, profile, run } = scope;
  const names = filesFor(scope.session, turn.principal);
  const files = await scope.options.workspace.read(turn.agentId, names, scope.signal);
  const rendered = renderWorkspaceFiles(files, {
    fileMaxChars: profile.bootstrapFileMaxChars,
    totalMaxChars: profile.bootstrapTotalMaxChars,
  });
  const system = renderSystemPrompt({
    profile,
    unavailable: scope.unavailable,
    files: rendered,
    canary: scope.options.canary,
  });
  const tools = [...scope.tools.keys()].flatMap((name) => scope.state.schemas.get(name) ?? []);
  // What a client puts in front of its own conversation comes after ours, so that our prefix is everybody's.
  const texts = run.request.instructions === undefined ? [system] : [system, run.request.instructions];
  return {
    messages: texts.map((content) => ({ role: "system", content })),
    tools,
    tokens: texts.reduce((sum, text) => sum + estimateText(text), 0) + estimateTools(tools),
  };
}

export function planCall(scope: TurnScope): Plan {
  const { models } = scope.options;
  const candidates = chooseModels(models, {
    agentId: scope.turn.agentId,
    sessionKey: scope.turn.sessionKey,
    requested: scope.run.request.model,
    preferred: scope.session.model,
    hasImages: hasImages(scope.window.entries(), scope.turn.id),
  });
  const first = candidates[0];
  const known = first === undefined ? undefined : models.describe(first);
  const contextTokens = Math.min(
    known?.contextTokens ?? limits.contextTokensDefault,
    scope.profile.contextTokensMax ?? Number.POSITIVE_INFINITY,
  );
  return {
    candidates,
    contextTokens,
    reserveTokens: Math.min(scope.profile.compaction.reserveTokensFloor, Math.floor(contextTokens * reserveShareMax)),
    seesImages: seesImages(models, first),
    provider: known?.provider ?? first?.split("/")[0] ?? "",
  };
}

export async function assemblePrompt(scope: TurnScope, standing: Standing, plan: Plan): Promise<LanguageModelV4Prompt> {
  const visible = scope.visible();
  const line = pruneLine(scope, plan);
  const media = await loadMedia(visible.entries, {
    media: scope.options.store.media,
    seesImages: plan.seesImages,
    fromSeq: line.trimBefore,
  });
  const { renderer } = scope.state;
  const view = {
    turnId: scope.turn.id,
    provider: plan.provider,
    renderer,
    media,
    line,
    pruning: scope.profile.pruning,
  };
  return [...standing.messages, ...encodeHistory(visible, view)];
}

/** What the next prompt will cost, estimated before it is sent (COST-016). */
export function estimatePrompt(scope: TurnScope, standing: Standing, plan: Plan): number {
  const visible = scope.visible();
  const line = pruneLine(scope, plan);
  let tokens = standing.tokens;
  if (visible.compaction !== undefined) tokens += scope.state.estimator.entry(visible.compaction);
  for (const entry of visible.entries) tokens += prunedTokens(scope, entry, line);
  return tokens;
}

function pruneLine(scope: TurnScope, plan: Plan): PruneLine {
  const { entries } = scope.visible();
  return drawPruneLine(entries, {
    contextTokens: plan.contextTokens,
    estimator: scope.state.estimator,
    settings: scope.profile.pruning,
  });
}

function prunedTokens(scope: TurnScope, entry: Entry, line: PruneLine): number {
  if (entry.body.kind !== "tool_result" || entry.seq >= line.trimBefore) return scope.state.estimator.entry(entry);
  return estimateText(pruneResult(entry.body.text, entry.seq, { line, settings: scope.profile.pruning }));
}

function hasImages(entries: readonly Entry[], turnId: string): boolean {
  return entries.some(
    ({ body, turnId: of }) =>
      of === turnId && body.kind === "user" && body.media.some((ref) => ref.mime.startsWith("image/")),
  );
}
