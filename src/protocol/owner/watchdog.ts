// What the owner asks the watchdog: what it has to say.
import { z } from "zod";
import { ownerMethod as method } from "./kit.ts";

export type OwnerAlert = {
  readonly id: string;
  readonly at: number;
  readonly text: string;
  /** How often, the last time at `lastAt`. */
  readonly times: number;
  readonly lastAt: number;
  /** Whether a message about it went out to the owner. */
  readonly told: boolean;
};

export const watchdogMethods = {
  "watchdog.alerts": method<{ readonly alerts: readonly OwnerAlert[] }>()({
    summary: "What the owner was alerted to and has not acknowledged.",
    params: z.strictObject({}),
  }),
  "watchdog.ack": method<{ readonly acknowledged: number }>()({
    summary: "The owner knows: one alert by its id or the beginning of it, or all of them.",
    params: z.strictObject({ id: z.string().min(4).max(64).optional() }),
  }),
} as const;
