// People who write, kept in a test's own store; what is recorded of them goes nowhere.
import { systemClock } from "../../../src/base/clock.ts";
import { openSenders } from "../../../src/pairing/pairing.ts";
import type { Senders } from "../../../src/pairing/pairing.ts";
import type { Store } from "../../../src/store/store.ts";

export async function openTestSenders(store: Store): Promise<Senders> {
  return openSenders({
    store,
    clock: systemClock,
    audit: { record: () => undefined },
    report: (error) => {
      throw error;
    },
  });
}
