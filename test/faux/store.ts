// A real store in a folder of its own, and the plainest rows to put into it.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock } from "../../src/base/clock.ts";
import type { Envelope } from "../../src/base/envelope.ts";
import { newId } from "../../src/base/ids.ts";
import type { Label } from "../../src/base/label.ts";
import { owner } from "../../src/base/principal.ts";
import { openStore } from "../../src/store/store.ts";
import type { NewEntry, NewTurn, OutboxDraft, Routed, Store } from "../../src/store/store.ts";
import { createTestClock } from "./clock.ts";

export const ownerLabel: Label = { integrity: "owner", readers: ["owner"] };
/** The state key of every store that a test opens. */
export const testStateKey = Buffer.alloc(32, 7);
export const mainKey = "agent:main:main";

export type TestStore = {
  readonly store: Store;
  readonly folder: string;
  readonly path: string;
  /** Opens the same files again, as the next process would. */
  reopen(): Promise<Store>;
  [Symbol.asyncDispose](): Promise<void>;
};

export async function openTestStore(clock: Clock = createTestClock()): Promise<TestStore> {
  const folder = mkdtempSync(join(tmpdir(), "lorica-store-"));
  const path = join(folder, "lorica.sqlite");
  const open = (): Promise<Store> => openStore({ path, mediaDir: join(folder, "media"), clock, key: testStateKey });
  const opened = [await open()];
  const [store] = opened as [Store];
  return {
    store,
    folder,
    path,
    async reopen() {
      const next = await open();
      opened.push(next);
      return next;
    },
    async [Symbol.asyncDispose]() {
      for (const each of opened) await each.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export function envelopeOf(change: Partial<Envelope> = {}): Envelope {
  const id = newId();
  return {
    id,
    channel: "loopback",
    account: "default",
    dedupeKey: id,
    chat: { kind: "direct", id: "alice" },
    sender: { id: "alice", name: "Alice" },
    text: "hello",
    media: [],
    receivedAt: 1_000_000,
    request: {},
    ...change,
  };
}

export function routedOf(change: Partial<Routed> = {}): Routed {
  return {
    principal: owner,
    label: ownerLabel,
    agentId: "main",
    sessionKey: mainKey,
    replyTo: { channel: "loopback", account: "default", recipient: "alice" },
    ...change,
  };
}

export function userEntry(windowId: string, turnId: string, text: string): NewEntry {
  return { windowId, turnId, label: ownerLabel, body: { kind: "note", text } };
}

/** One message in, its turn begun: the state most tests start from. */
export async function beginTurn(store: Store, change: Partial<NewTurn> = {}) {
  const envelope = envelopeOf();
  const routed = routedOf(change.sessionKey === undefined ? {} : { sessionKey: change.sessionKey });
  await store.inbox.accept(envelope, { kind: "routed", routed });
  const session = await store.sessions.open({
    key: routed.sessionKey,
    agentId: routed.agentId,
    principal: routed.principal,
    channel: envelope.channel,
    account: envelope.account,
    label: routed.label,
  });
  const newTurn: NewTurn = {
    id: newId(),
    sessionKey: session.key,
    windowId: session.windowId,
    agentId: session.agentId,
    principal: routed.principal,
    label: routed.label,
    replyTo: routed.replyTo,
    inboxIds: [envelope.id],
    ...change,
  };
  const begun = await store.turns.begin(newTurn, [userEntry(session.windowId, newTurn.id, envelope.text)]);
  return { ...begun, envelope, session };
}

/** A reply that waits to be sent. */
export function replyDraft(text: string, recipient = "alice"): OutboxDraft {
  return {
    id: newId(),
    to: { channel: "loopback", account: "default", recipient },
    text,
    media: [],
    label: ownerLabel,
  };
}
