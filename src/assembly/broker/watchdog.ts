// The watchdog at its place in the broker: what alerts the owner, and what the owner asks it.
import { limits } from "../../base/limits.ts";
import type { OwnerHandlers } from "../../broker/broker.ts";
import type { watchdogMethods } from "../../protocol/owner/watchdog.ts";
import type { Alerts } from "../../watchdog/watchdog.ts";
import type { BrokerSide } from "./side.ts";

export type WatchdogSide = BrokerSide & { readonly areas: Pick<OwnerHandlers, keyof typeof watchdogMethods> };

export function createWatchdogSide({ alerts }: { readonly alerts: Alerts }): WatchdogSide {
  return {
    answers: {
      // The gateway says only that it took a message on; what the message was about is known here.
      async "alert.told"({ ids }) {
        if (Array.isArray(ids)) alerts.told(ids.filter((id) => typeof id === "string"));
        return null;
      },
    },
    areas: {
      "watchdog.alerts": async () => ({ alerts: alerts.open() }),
      "watchdog.ack": async ({ id }) => ({ acknowledged: await alerts.acknowledge(id) }),
    },
    part() {
      const notes = alerts.open().map(({ text, times }) => (times === 1 ? text : `${text} (${times} times)`));
      const detail = notes.length === 0 ? "nothing to tell" : `${notes.length} alerts that you have not acknowledged`;
      const fix = notes.length === 0 ? null : "lorica watchdog alerts";
      return { name: "watchdog", state: "on", detail, fix, notes: notes.slice(-limits.alertsPerMessageMax) };
    },
    start: (broker, signal) => alerts.carry((message) => broker.tell("alert", message), signal),
    stop: () => alerts.saved(),
  };
}
