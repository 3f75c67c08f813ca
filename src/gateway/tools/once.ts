// The same key with the same call is one call, for a while; with another one it is a conflict.
import { sha256 } from "../../base/ids.ts";
import { limits } from "../../base/limits.ts";
import { HttpProblem } from "../http/answer.ts";
import { createRecent } from "../recent.ts";

export type Once<T> = (key: string, body: unknown, work: () => Promise<T>) => Promise<T>;

export function createOnce<T>(now: () => number): Once<T> {
  const known = createRecent<{ readonly digest: string; readonly answer: Promise<T> }>({
    entriesMax: limits.requestDedupeMax,
    windowMs: limits.requestDedupeWindowMs,
    now,
  });
  return async (key, body, work) => {
    const digest = sha256(JSON.stringify(body));
    const before = known.find(key);
    if (before !== undefined && before.digest !== digest)
      throw new HttpProblem(409, "this idempotency key was used before for a different call; use a new key");
    if (before !== undefined) return await before.answer;
    const answer = work();
    known.add(key, { digest, answer });
    try {
      return await answer;
    } catch (cause) {
      // What was refused was not done, so the key is free again.
      known.remove(key);
      throw cause;
    }
  };
}
