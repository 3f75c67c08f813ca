// Transcripts on their way into files: what became a secret since they were stored is left out.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { limits } from "../../src/base/limits.ts";
import type { EntryBody } from "../../src/base/transcript.ts";
import type { Inspector } from "../../src/dlp/dlp.ts";
import { createMirror, createTransfer, screenBodies } from "../../src/session/session.ts";
import { createFauxInspector, createTestInspector } from "../faux/dlp/inspector.ts";
import { beginTurn, mainKey, openTestStore, ownerLabel } from "../faux/store.ts";

const never = new AbortController().signal;
const asIs = (text: string): string => text;
const mirrorOptions = {
  redact: asIs,
  bounds: () => ({ bytesMax: 1_000_000, spanMsMax: 86_400_000, totalBytesMax: 10_000_000 }),
  isLow: () => false,
};

test("LOG-001 a value that became a secret after it was stored is in no file that is made of it, in any spelling", async () => {
  await using opened = await openTestStore();
  const agentsDir = join(opened.folder, "agents");
  const secret = "aZ3kP9qL0vT5xW8mR2nY7bD4";
  const spellings = [
    secret,
    Buffer.from(secret).toString("base64"),
    Buffer.from(secret).toString("hex"),
    [...secret].toReversed().join(""),
    [...secret].join(" "),
  ];
  const known = { values: [] as readonly string[] };
  const report = (error: unknown): never => assert.fail(String(error));
  const made = async () => {
    const dlp = createTestInspector(known.values);
    const screen = screenBodies(dlp, { point: "export", agentId: "", sessionKey: "" });
    const mirror = createMirror(opened.store, { ...mirrorOptions, agentsDir, screen, report });
    // A mirror that knows of nothing yet writes the whole window.
    await mirror.store.transcript.append([{ ...about, body: { kind: "note", text: "the end" } }]);
    await mirror.flush();
    const lines = await Array.fromAsync(
      createTransfer(opened.store, { redact: asIs, dlp }).exportLines(mainKey, never),
    );
    return [lines.join("\n"), readFileSync(file, "utf8")].map((text) => spellings.filter((one) => text.includes(one)));
  };
  const { turn, session } = await beginTurn(opened.store);
  const about = { windowId: session.windowId, turnId: turn.id, label: ownerLabel };
  const file = join(agentsDir, "main", "sessions", `${session.windowId}.jsonl`);
  const said = spellings.map((text): EntryBody => ({
    kind: "tool_call",
    callId: "c",
    tool: "exec",
    input: { a: [text] },
  }));
  await opened.store.transcript.append(said.map((body) => ({ ...about, body })));
  // Positive control: as long as it is no secret it is in both.
  assert.deepEqual(await made(), [spellings, spellings]);
  known.values = [secret];
  assert.deepEqual(await made(), [[], []]);
});

test("an export is asked about in questions of a bounded size, each text once", async () => {
  const asked: (readonly [count: number, chars: number])[] = [];
  const faux = createFauxInspector();
  const dlp: Inspector = {
    ...faux,
    async inspect(question, signal) {
      asked.push([question.texts.length, question.texts.join("").length]);
      return faux.inspect(question, signal);
    },
  };
  const screen = screenBodies(dlp, { point: "export", agentId: "", sessionKey: "" });
  const long = "x".repeat(limits.dlpAskMaxChars);
  const notes = Array.from({ length: 100 }, (_, at): EntryBody => ({ kind: "note", text: `note ${at % 70}` }));
  const bodies = [...notes, { kind: "note", text: long } as const, { kind: "note", text: `${long}y` } as const];
  assert.deepEqual(await screen(bodies, never), bodies);
  assert.deepEqual(
    asked.map(([count]) => count),
    [limits.dlpTextsMax, 7, 1, 1],
  );
});
