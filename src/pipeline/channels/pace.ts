// How fast replies leave: bounds per account and per recipient, and an end to how many different people one account
// writes to in an hour. Platforms punish floods, and an assistant that was talked into spamming stops here (CH-022).
import type { Clock } from "../../base/clock.ts";
import type { ReplyAddress } from "../../base/envelope.ts";
import { limits } from "../../base/limits.ts";

export type Pace = {
  /** Undefined: now. Otherwise how long the reply has to wait, and why. */
  waitFor(to: ReplyAddress): { readonly ms: number; readonly reason: string } | undefined;
};

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

export function createPace(clock: Clock): Pace {
  const accounts = new Map<string, number[]>();
  const recipients = new Map<string, number[]>();
  /** Account → recipient → when they were last written to. */
  const reached = new Map<string, Map<string, number>>();

  return {
    waitFor({ channel, account, recipient }) {
      const now = clock.now();
      const place = `${channel}/${account}`;
      const person = `${place}/${recipient}`;
      const known = reached.get(place) ?? new Map<string, number>();
      reached.set(place, known);
      for (const [other, at] of known) if (now - at >= hourMs) known.delete(other);
      const sentHere = recent(accounts.get(place), now);
      const sentThem = recent(recipients.get(person), now);
      if (!known.has(recipient) && known.size >= limits.recipientsPerHourMax)
        return { ms: minuteMs, reason: `more than ${limits.recipientsPerHourMax} recipients in an hour` };
      const full =
        sentThem.length >= limits.recipientSendsPerMinuteMax
          ? sentThem
          : sentHere.length >= limits.channelSendsPerMinuteMax
            ? sentHere
            : undefined;
      if (full !== undefined)
        return { ms: Math.max(1, (full[0] ?? now) + minuteMs - now), reason: "many messages in a minute" };
      accounts.set(place, [...sentHere, now]);
      recipients.set(person, [...sentThem, now]);
      known.set(recipient, now);
      // Nobody is written to without being among those reached, whose number is bounded.
      for (const other of recipients.keys())
        if (recipients.size > limits.recipientsPerHourMax) recipients.delete(other);
      return undefined;
    },
  };
}

function recent(times: readonly number[] = [], now: number): readonly number[] & number[] {
  return times.filter((at) => now - at < minuteMs);
}
