// One heartbeat for all connections of a door: a timer of its own for each would cost every idle client memory.
import { limits } from "../../base/limits.ts";

/** Called every `limits.pulseMs`. It must not throw. */
export type Beat = () => void;

export type Pulse = {
  /** Answers how to leave. It beats only while somebody is there. */
  join(beat: Beat): () => void;
};

/** How many beats pass in `durationMs`, at least. */
export function beatsIn(durationMs: number): number {
  return Math.ceil(durationMs / limits.pulseMs);
}

export function createPulse(): Pulse {
  const beats = new Set<Beat>();
  let timer: NodeJS.Timeout | undefined;

  function beatAll(): void {
    for (const beat of beats) beat();
  }

  return {
    join(beat) {
      beats.add(beat);
      timer ??= setInterval(beatAll, limits.pulseMs);
      return () => {
        beats.delete(beat);
        if (beats.size > 0) return;
        clearInterval(timer);
        timer = undefined;
      };
    },
  };
}
