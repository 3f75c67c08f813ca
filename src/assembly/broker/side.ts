// What each keeper of a wall brings to the broker: what it answers the gateway, what it says before an effect, its line in
// the owner's status. The broker's build lists them, and this file knows none of them.
import type { Log } from "../../audit/audit.ts";
import type { Broker, BrokerAnswers, Guard, InForce } from "../../broker/broker.ts";
import type { PartStatus } from "../../protocol/owner/kit.ts";

export type BrokerSide = {
  readonly answers?: BrokerAnswers;
  readonly guard?: Guard;
  /** Which of a workspace's files may be told to a model. */
  readonly inForce?: InForce;
  /** Undefined where there is nothing to say. */
  readonly part?: () => PartStatus | undefined;
  /** Once the gateway serves. What it leaves running ends with the signal. */
  readonly start?: (broker: Broker, signal: AbortSignal) => void;
  /** Ends what a signal cannot. */
  readonly stop?: () => Promise<void>;
};

/** What all sides are to the broker, taken together. */
export type Sides = {
  readonly answers: BrokerAnswers;
  readonly guards: readonly Guard[];
  readonly inForce: InForce;
  readonly parts: () => readonly PartStatus[];
  readonly start: (broker: Broker, signal: AbortSignal) => void;
  readonly stop: () => Promise<void>;
};

export function joinSides(sides: readonly BrokerSide[], log: Log): Sides {
  return {
    answers: Object.assign({}, ...sides.map(({ answers }) => answers)) as BrokerAnswers,
    inForce: (agentId, files) => sides.reduce((left, { inForce }) => inForce?.(agentId, left) ?? left, files),
    guards: sides.flatMap(({ guard }) => guard ?? []),
    parts: () => sides.flatMap(({ part }) => part?.() ?? []),
    start(broker, signal) {
      for (const side of sides) side.start?.(broker, signal);
    },
    async stop() {
      const ends = await Promise.allSettled(sides.map(async (side) => await side.stop?.()));
      for (const end of ends) if (end.status === "rejected") log.error("a part did not end well", { err: end.reason });
    },
  };
}
