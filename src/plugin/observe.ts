// Tells hooks what happens, without ever waiting for them: a slow or broken hook costs its own time and nothing else.
import { LoricaError } from "../base/errors.ts";
import { newId } from "../base/ids.ts";
import { limits } from "../base/limits.ts";
import { withDeadline } from "../base/wait.ts";
import type { Hook, HookPoint } from "./hook.ts";

export type Observe = (event: HookPoint) => void;

export type ObserverOptions = {
  readonly hooks: readonly Hook[];
  /** A hook that failed or ran out of time, with an id for the log. */
  readonly report: (id: string, error: unknown) => void;
};

/** Returns at once and never throws. What a hook has not finished when `signal` ends is told to stop. */
export function createObserver(options: ObserverOptions, signal: AbortSignal): Observe {
  let running = 0;
  const observe = async (hook: Hook, event: HookPoint): Promise<void> => {
    running += 1;
    try {
      await withDeadline(signal, hook.timeoutMs, (ending) => hook.observe(event, ending));
    } catch (error) {
      if (!signal.aborted) options.report(newId(), error);
    } finally {
      running -= 1;
    }
  };
  return (event) => {
    for (const hook of options.hooks) {
      if (!hook.points.includes(event.point)) continue;
      if (running >= limits.hooksRunningMax)
        options.report(newId(), new LoricaError("overloaded", `a hook missed ${event.point}: too many are running`));
      else void observe(hook, event);
    }
  };
}
