// Puts words everywhere that the store keeps words in, reads all of them back, and looks for them in files.
import { basename } from "node:path";
import { newId } from "../../../src/base/ids.ts";
import type { Store } from "../../../src/store/store.ts";
import { filesWith } from "../outside/files.ts";
import { beginTurn, envelopeOf, ownerLabel, routedOf, userEntry } from "../store.ts";

export const clock = { now: () => 1_000_000 };
export const secret = "CANARY-8f3a-the-words-of-a-person";
export const never = new AbortController().signal;

/** Every file below a folder that holds the words, in plain, as UTF-16 or in base64. */
export function holders(folder: string, words = secret): readonly string[] {
  // In base64 three bytes become four characters, so the words look different at each of three places.
  const base64 = [0, 1, 2].map((before) =>
    Buffer.from(" ".repeat(before) + words)
      .toString("base64")
      .slice(4, -4),
  );
  const spellings = [Buffer.from(words), Buffer.from(words, "utf16le"), ...base64];
  return filesWith(folder, ...spellings)
    .map((path) => basename(path))
    .toSorted();
}

/** Puts the words everywhere that the store keeps words in. */
export async function fill(store: Store): Promise<{ readonly windowId: string; readonly sessionKey: string }> {
  const { turn, session } = await beginTurn(store);
  const { windowId, key: sessionKey } = session;
  await store.transcript.append([userEntry(windowId, turn.id, secret)]);
  const media = await store.media.save(Buffer.from(`a file: ${secret}`), "text/plain", `${secret}.txt`);
  const place = { channel: "loopback", account: "default" };
  const to = { ...place, recipient: "alice" };
  const reply = { id: newId(), to, text: secret, media: [media], label: ownerLabel };
  const replies = [reply, { ...reply, id: newId(), settled: { status: "held" as const, reason: secret } }];
  await store.turns.finish(turn.id, { status: "failed", error: secret, outcome: { text: secret }, replies });
  await store.sessions.patch(sessionKey, { title: secret });
  await store.inbox.accept(envelopeOf({ text: secret }), { kind: "routed", routed: routedOf() });
  await store.inbox.accept(envelopeOf({ text: secret }), { kind: "dropped", reason: secret });
  await store.overheard.add(envelopeOf({ text: secret }), { room: "r", limit: 5 });
  await store.channelState.set(place, "kept", { text: secret });
  const times = { createdAt: 1, lastSeenAt: 1, expiresAt: 2_000_000_000_000 };
  for (const [id, senderId] of [
    ["r1", "s1"],
    ["r2", "s2"],
  ] as const)
    await store.senders.request({ id, ...place, senderId, senderName: secret, replyTo: to, ...times }, 5);
  await store.senders.approve("r2", "member", "owner");
  return { windowId, sessionKey };
}

/** All that can be read of what `fill` wrote. */
export async function readBack(store: Store, { windowId, sessionKey }: { windowId: string; sessionKey: string }) {
  const entries = await store.transcript.read(windowId);
  const replies = await store.outbox.list({ limit: 10 });
  const media = replies.flatMap((reply) => reply.media);
  return {
    entries: entries.map(({ body }) => body),
    title: (await store.sessions.find(sessionKey))?.title,
    replies: replies.map(({ text, reason }) => ({ text, reason })),
    files: await Promise.all(media.map(async (ref) => [ref.name, Buffer.from(await store.media.load(ref)).toString()])),
    waiting: (await store.inbox.unfinished()).map(({ envelope }) => envelope.text),
    heard: (await store.overheard.list("r")).map(({ text }) => text),
    state: await store.channelState.get({ channel: "loopback", account: "default" }, "kept"),
    names: [...(await store.senders.requests()), ...(await store.senders.approvals())].map(
      ({ senderName }) => senderName,
    ),
  };
}

export const whole = {
  entries: [
    { kind: "note", text: "hello" },
    { kind: "note", text: secret },
  ],
  title: secret,
  replies: [
    { text: "", reason: undefined },
    { text: "", reason: undefined },
    { text: secret, reason: secret },
    { text: secret, reason: undefined },
  ],
  files: [
    [`${secret}.txt`, `a file: ${secret}`],
    [`${secret}.txt`, `a file: ${secret}`],
  ],
  waiting: [secret],
  heard: [secret],
  state: { text: secret },
  names: [secret, secret],
};
