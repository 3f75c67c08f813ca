import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { createEstimator } from "../../../src/agent/context/tokens.ts";
import { createWindows } from "../../../src/agent/context/window.ts";
import { limits } from "../../../src/base/limits.ts";
import type { Transcript } from "../../../src/store/store.ts";
import { beginTurn, openTestStore, userEntry } from "../../faux/store.ts";

suite("a window", () => {
  test("is read once, then only what is new, whoever wrote it", async () => {
    await using opened = await openTestStore();
    const { store } = opened;
    const { turn, session } = await beginTurn(store);
    const read: (number | undefined)[] = [];
    const transcript: Transcript = {
      append: (entries) => store.transcript.append(entries),
      read(windowId, options) {
        read.push(options?.afterSeq);
        return store.transcript.read(windowId, options);
      },
    };
    const windows = createWindows(transcript, createEstimator());
    const entry = (text: string) => userEntry(session.windowId, turn.id, text);
    const window = await windows.open(session.windowId);
    await window.append([entry("two"), entry("three")]);
    await store.transcript.append([entry("four")]);
    await window.append([entry("five")]);
    await store.transcript.append([entry("six")]);
    const again = await windows.open(session.windowId);
    assert.deepEqual(
      again.entries().map(({ seq, body }) => [seq, body.kind === "note" && body.text]),
      [
        [1, "hello"],
        [2, "two"],
        [3, "three"],
        [4, "four"],
        [5, "five"],
        [6, "six"],
      ],
    );
    assert.deepEqual(read, [0, 3, 5]);
  });

  test("is let go when too many are held, and read again", async () => {
    const read: string[] = [];
    const transcript: Transcript = {
      append: async () => [],
      async read(windowId) {
        read.push(windowId);
        return [];
      },
    };
    const windows = createWindows(transcript, createEstimator());
    for (let at = 0; at <= limits.windowsHeldMax; at++) await windows.open(`w${at}`);
    await windows.open("w0");
    assert.equal(read.filter((id) => id === "w0").length, 2);
  });
});
