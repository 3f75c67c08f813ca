// Who waits for which run, and who watches. A run is in here from the moment it is accepted until it has ended.
import { LoricaError } from "../../base/errors.ts";
import type { TurnEvent } from "../../agent/agent.ts";
import type { RunEnd, RunListener } from "../pipeline.ts";

export type RunAbout = { readonly runId: string; readonly sessionKey: string; readonly agentId: string };

export type Runs = {
  open(about: RunAbout): void;
  emit(runIds: readonly string[], event: TurnEvent): void;
  /** Ends runs: whoever waits is answered. */
  close(runIds: readonly string[], end: Pick<RunEnd, "turnId" | "outcome">): void;
  /** Sends away whoever waits now; the runs go on. */
  tell(runIds: readonly string[], error: LoricaError): void;
  /** Undefined for a run that is not in here. */
  wait(runId: string): Promise<RunEnd> | undefined;
  watch(listener: RunListener): () => void;
  /** Tells all who wait that this process will not see the end. */
  leave(): void;
};

type Run = { readonly about: RunAbout; end: PromiseWithResolvers<RunEnd> };

export function createRuns(report: (error: unknown) => void): Runs {
  const runs = new Map<string, Run>();
  const listeners = new Set<RunListener>();
  return {
    open(about) {
      runs.set(about.runId, { about, end: openEnd() });
    },
    emit(runIds, event) {
      for (const runId of runIds) {
        const about = runs.get(runId)?.about;
        if (about !== undefined) for (const listener of listeners) notify(() => listener(event, about), report);
      }
    },
    close(runIds, { turnId, outcome }) {
      for (const runId of runIds) {
        const run = runs.get(runId);
        runs.delete(runId);
        run?.end.resolve({ runId, sessionKey: run.about.sessionKey, turnId, outcome });
      }
    },
    tell(runIds, error) {
      for (const runId of runIds) {
        const run = runs.get(runId);
        if (run === undefined) continue;
        run.end.reject(error);
        run.end = openEnd();
      }
    },
    wait: (runId) => runs.get(runId)?.end.promise,
    watch(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    leave() {
      const stopping = new LoricaError("unavailable", "Lorica is stopping; the answer comes after its next start");
      for (const run of runs.values()) run.end.reject(stopping);
      runs.clear();
    },
  };
}

function openEnd(): PromiseWithResolvers<RunEnd> {
  const end = Promise.withResolvers<RunEnd>();
  // Nobody may be waiting when a run is left behind; that is no failure of the process.
  end.promise.catch(() => undefined);
  return end;
}

/** A listener that breaks its promise must not end the turn it watches. */
function notify(call: () => void, report: (error: unknown) => void): void {
  try {
    call();
  } catch (error) {
    report(error);
  }
}
