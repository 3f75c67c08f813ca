// How texts are brought to the inspector, wherever it is. The gateway's is the broker's, which knows the values.
import type { Point, Verdict } from "./verdict.ts";

export type Question = {
  readonly point: Point;
  readonly agentId: string;
  readonly sessionKey: string;
  /** Whom it would reach, as `channel:account:recipient`; what they were given before counts. */
  readonly to?: string | undefined;
  /** The owner alone reads it: what people are named in it is theirs to know. */
  readonly isOwner?: boolean | undefined;
  /** What the owner must be asked about is kept until they answer, under the name that `hold` then gives it. */
  readonly keeps?: boolean | undefined;
  /** The broker's own word for its looks at one and the same thing, and for where it is on its way. */
  readonly passage?: { readonly id?: string; readonly step?: string; readonly to?: string } | undefined;
  /** Judged together, answered one by one. */
  readonly texts: readonly string[];
};

export type Answer = {
  readonly verdict: Verdict;
  /** Fit to be kept and shown; where the verdict is `hold` or `block` they may be kept, and not sent unless their owner says so. */
  readonly texts: readonly string[];
  /** What was found and what became of it, for people; empty where nothing was. */
  readonly reason: string;
  /** The incident for which it is held. */
  readonly incident?: string | undefined;
  /** The owner is asked about it. */
  readonly hold?: string | undefined;
};

export type StreamQuestion = Pick<Question, "agentId" | "sessionKey"> & {
  /** The last of what was shown already, as it was written. */
  readonly before: string;
  readonly text: string;
  readonly isEnd: boolean;
};

export type StreamAnswer = {
  /** What may be shown now. */
  readonly text: string;
  /** So many characters of the question it stands for; the rest is to be asked for again with more behind it. */
  readonly taken: number;
  /** Nothing more of it may be shown. */
  readonly reason?: string | undefined;
};

export type Inspector = {
  inspect(question: Question, signal: AbortSignal): Promise<Answer>;
  inspectStream(question: StreamQuestion, signal: AbortSignal): Promise<StreamAnswer>;
};
