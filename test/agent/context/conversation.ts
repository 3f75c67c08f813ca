// Conversations as they are stored, for what is made of them.
import type { EntryBody } from "../../../src/base/transcript.ts";
import type { Entry } from "../../../src/store/store.ts";
import { spentUsage } from "../../faux/scripted-models.ts";
import { ownerLabel } from "../../faux/store.ts";

/** One an hour, each with the turn that it is of. */
export function entriesOf(...bodies: readonly (readonly [string, EntryBody])[]): readonly Entry[] {
  return bodies.map(([turnId, body], at) => ({
    id: `00000${at}`,
    windowId: "w",
    turnId,
    label: ownerLabel,
    body,
    seq: at + 1,
    at: at * 60_000 * 60,
  }));
}

export const user = (text: string): EntryBody => ({ kind: "user", text, media: [], from: "cli owner", inboxId: "i" });
export const assistant = (...content: Extract<EntryBody, { kind: "assistant" }>["content"]): EntryBody => ({
  kind: "assistant",
  content,
  provider: "faux",
  model: "one",
  usage: spentUsage,
  stopReason: "stop",
});
