// What the steps of one turn share: opened when the turn starts, the same until it ends.
import { LoricaError } from "../base/errors.ts";
import { joinAll, joinLabels } from "../base/label.ts";
import type { Label } from "../base/label.ts";
import type { EntryBody } from "../base/transcript.ts";
import type { Entry, Session, Turn } from "../store/store.ts";
import type { Tool } from "../tool/tool.ts";
import { createBook } from "./book.ts";
import { offeredTools } from "./calls/offered.ts";
import type { Book } from "./book.ts";
import { visibleEntries } from "./context/visible.ts";
import type { Visible } from "./context/visible.ts";
import type { Window } from "./context/window.ts";
import type { RunnerState } from "./runner-state.ts";
import type { TurnRun, TurnRunnerOptions } from "./runner.ts";
import type { AgentProfile } from "./settings.ts";

export type TurnScope = Book & {
  readonly options: TurnRunnerOptions;
  readonly state: RunnerState;
  readonly turn: Turn;
  readonly run: TurnRun;
  /** Ends with the caller's, or when the turn has taken too long. */
  readonly signal: AbortSignal;
  readonly session: Session;
  readonly profile: AgentProfile;
  readonly window: Window;
  /** By name: what this principal may call and what works now. */
  readonly tools: ReadonlyMap<string, Tool>;
  readonly unavailable: { readonly tools: readonly string[]; readonly reason: string };
  /** What of the window the model sees. */
  visible(): Visible;
  /** The join of the session's label and of all that is in the window. */
  label(): Label;
  /** Calls that may not be made, by their ids, and why. */
  readonly withheld: Map<string, string>;
  append(bodies: readonly EntryBody[], label?: Label): Promise<readonly Entry[]>;
};

export async function openScope(
  options: TurnRunnerOptions,
  state: RunnerState,
  begun: { readonly turn: Turn; readonly run: TurnRun; readonly signal: AbortSignal },
): Promise<TurnScope> {
  const { turn } = begun;
  const profile = options.profile(turn.agentId);
  if (profile === undefined)
    throw new LoricaError("not_found", `no agent is called ${turn.agentId}: see agents.list in the config`);
  const session = await options.store.sessions.find(turn.sessionKey);
  if (session === undefined) throw new LoricaError("not_found", `the session ${turn.sessionKey} was deleted`);
  const window = await state.windows.open(turn.windowId);
  const visible = createView(window, turn.id);
  const label = (): Label => joinAll([session.label, turn.label, window.label()]);
  return {
    ...begun,
    options,
    state,
    session,
    profile,
    window,
    ...offeredTools(options, profile, turn.principal.kind),
    label,
    visible,
    withheld: new Map(),
    ...createBook(options, { turn, window, label }),
    async append(bodies, added) {
      const joined = added === undefined ? label() : joinLabels(label(), added);
      // What must be on the disk before the world is touched is that a call begins; the rest follows with the next flush.
      const durability = bodies.some(({ kind }) => kind === "tool_call") ? "flushed" : "ordered";
      return window.append(
        bodies.map((body) => ({ windowId: turn.windowId, turnId: turn.id, label: joined, body })),
        { durability },
      );
    },
  };
}

/** Worked out once for each state of the window. */
function createView(window: Window, turnId: string): () => Visible {
  let seen: readonly Entry[] | undefined;
  let view: Visible = { compaction: undefined, entries: [] };
  return () => {
    const entries = window.entries();
    if (entries !== seen) view = visibleEntries(entries, turnId);
    seen = entries;
    return view;
  };
}

/** What one tool call needs of the turn that it belongs to. */
export type CallScope = Pick<TurnScope, "options" | "signal" | "label" | "tools" | "unavailable" | "withheld"> & {
  readonly turn: Pick<Turn, "agentId" | "sessionKey" | "principal">;
  readonly run: Pick<TurnRun, "emit">;
  readonly state: Pick<RunnerState, "slots">;
};
