// Long polling. Telegram forgets an update when it is asked for a later one, so the number asked for moves only past what
// is stored; what is still in hand keeps its place and is simply handed over again, should this process end.
import { limits } from "../../../src/base/limits.ts";
import { isRecord } from "../../../src/base/json.ts";
import { sleep } from "../../../src/base/wait.ts";
import type { Answer } from "../api.ts";
import { createBackoff } from "../backoff.ts";
import { meet, pollingConflict } from "../health.ts";
import type { Line, Me } from "../line.ts";
import { updateIdOf } from "./intake.ts";
import type { Intake } from "./intake.ts";
import { allowedUpdates } from "./update.ts";

type Place = { readonly next: number; readonly at: number };

const stateKey = "offset";

/** Runs until the account ends. */
export async function poll(line: Line, about: { readonly me: Me; readonly intake: Intake }): Promise<void> {
  const { clock, report } = line.context;
  const backoff = createBackoff();
  const hand = createHand(about.intake, report);
  let place = await loadPlace(line, about.me);
  // The first answer, and the first after a failure, is not waited for: whether it works should be known at once.
  let works = false;
  while (!line.signal.aborted) {
    try {
      const askedAt = clock.now();
      const answer = await ask(line, { offset: fresh(place, clock.now()), waits: works && !hand.isBusy() });
      works = answer.kind === "ok";
      if (answer.kind === "refused") {
        meet(answer, line);
        if (pollingConflict(answer) === "webhook")
          await line.api.call((api, ending) => api.deleteWebhook({}, ending), line.signal);
        await sleep(backoff.next(answer.retryAfterMs), line.signal);
        continue;
      }
      backoff.reset();
      line.health({ state: "connected", as: `@${about.me.username}` });
      hand.take(answer.result);
      await hand.rest(line.signal);
      // A server that does not wait when it is asked to must not be asked without end.
      if (answer.result.length === 0 && clock.now() - askedAt < limits.telegramPaceMs)
        await sleep(limits.telegramPaceMs, line.signal);
      const next = hand.next();
      if (next === undefined || next === place?.next) continue;
      place = { next, at: clock.now() };
      await line.context.state.set(line.id, stateKey, { bot: about.me.id, ...place });
      hand.forget(next);
    } catch (error) {
      if (line.signal.aborted) return;
      works = false;
      meet(error, line);
      await sleep(backoff.next(), line.signal);
    }
  }
}

async function ask(
  line: Line,
  { offset, waits }: { readonly offset: number | undefined; readonly waits: boolean },
): Promise<Answer<readonly unknown[]>> {
  const wanted = {
    ...(offset === undefined ? {} : { offset }),
    limit: limits.telegramUpdatesMax,
    timeout: waits ? limits.telegramPollSeconds : 0,
    allowed_updates: allowedUpdates,
  };
  const timeoutMs = limits.telegramPollSeconds * 1_000 + limits.telegramPollMarginMs;
  return line.api.call((api, ending) => api.getUpdates(wanted, ending), line.signal, timeoutMs);
}

type Hand = {
  /** Takes up what is new among the updates, and waits for nothing. */
  take(updates: readonly unknown[]): void;
  isBusy(): boolean;
  /** Until all is stored, but not so long that what comes behind has to wait for the slowest. */
  rest(signal: AbortSignal): Promise<void>;
  /** Everything before it is stored. */
  next(): number | undefined;
  forget(before: number): void;
};

function createHand(intake: Intake, report: (error: unknown) => void): Hand {
  const open = new Map<number, Promise<void>>();
  const done = new Set<number>();
  // Not stored and not in hand: Telegram hands them over again, as long as no later number is asked for.
  const failed = new Set<number>();
  const follow = async (update: unknown, id: number): Promise<void> => {
    try {
      await intake.take(update);
      done.add(id);
    } catch (error) {
      report(error);
      failed.add(id);
    } finally {
      open.delete(id);
    }
  };
  return {
    take(updates) {
      for (const update of updates) {
        const id = updateIdOf(update);
        if (id === undefined || open.has(id) || done.has(id)) continue;
        failed.delete(id);
        open.set(id, follow(update, id));
      }
    },
    isBusy: () => open.size + failed.size > 0,
    async rest(signal) {
      const pace = new AbortController();
      const waited = sleep(limits.telegramPaceMs, AbortSignal.any([signal, pace.signal])).catch(ignoreEnd);
      await (failed.size > 0 ? waited : Promise.race([Promise.all(open.values()), waited]));
      pace.abort();
    },
    next() {
      if (open.size + failed.size > 0) return Math.min(...open.keys(), ...failed);
      return done.size === 0 ? undefined : Math.max(...done) + 1;
    },
    forget(before) {
      for (const id of done) if (id < before) done.delete(id);
    },
  };
}

/**
 * Telegram numbers anew after a week of silence, and what is asked for beyond the new numbers never comes. By then it has
 * forgotten everything old by itself, so nothing is asked for.
 */
function fresh(place: Place | undefined, now: number): number | undefined {
  return place !== undefined && now - place.at < limits.telegramOffsetKeptMs ? place.next : undefined;
}

/** Another bot's numbers say nothing about this one's. */
async function loadPlace(line: Line, me: Me): Promise<Place | undefined> {
  const stored = await line.context.state.get(line.id, stateKey);
  if (!isRecord(stored)) return undefined;
  const { bot, next, at } = stored;
  return bot === me.id && typeof next === "number" && typeof at === "number" ? { next, at } : undefined;
}

/** The wait was given up, which is what was wanted. */
function ignoreEnd(): void {}
