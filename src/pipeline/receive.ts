// Step 1: a message is in the inbox before anybody is told that it was taken. What was found out about it goes into the
// same row at the same moment, so that it is never stored half decided.
import type { Envelope } from "../base/envelope.ts";
import { LoricaError } from "../base/errors.ts";
import type { Code } from "../base/errors.ts";
import type { ChannelContext } from "../channel/channel.ts";
import type { Fate, InboxRow, Store } from "../store/store.ts";
import type { Accepted } from "./pipeline.ts";

export type Received = { readonly kind: "stored" | "duplicate"; readonly row: InboxRow };

export async function receive(store: Store, envelope: Envelope, fate: Fate): Promise<Received> {
  // What a stranger wrote is not kept: it is enough to know that they tried.
  const kept = fate.kind === "dropped" ? { ...envelope, text: "", media: [], request: {} } : envelope;
  return store.inbox.accept(kept, fate);
}

/** What the sender is told; a duplicate is answered with what became of the first. */
export function acknowledge({ kind, row }: Received, { text }: Envelope): Accepted {
  const runId = row.envelope.id;
  if (row.status === "dropped") return { kind: "dropped", runId, reason: row.reason ?? "dropped" };
  const sessionKey = row.routed?.sessionKey ?? "";
  if (kind === "stored") return { kind: "accepted", runId, sessionKey };
  return { kind: "duplicate", runId, sessionKey, same: row.envelope.text === text };
}

/** For platforms: a message that can never be taken in is recorded, so that it is not delivered again and again. */
export function receiveFor(store: Store, accept: (envelope: Envelope) => Promise<Accepted>): ChannelContext["receive"] {
  return async (envelope) => {
    try {
      const accepted = await accept(envelope);
      if (accepted.kind === "accepted") return { kind: "stored" };
      return { kind: accepted.kind === "dropped" && accepted.overheard === true ? "overheard" : accepted.kind };
    } catch (error) {
      if (!(error instanceof LoricaError) || !permanent.has(error.code)) throw error;
      const { kind } = await receive(store, envelope, { kind: "dropped", reason: error.message });
      return { kind: kind === "stored" ? "dropped" : kind };
    }
  };
}

const permanent: ReadonlySet<Code> = new Set(["invalid_request", "too_large", "not_found"]);
