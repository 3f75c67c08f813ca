// Sessions out and in as JSON lines. What comes in was on a disk in between, so its labels are believed only where they
// say less than "somebody else wrote this".
import { LoricaError } from "../base/errors.ts";
import { newId } from "../base/ids.ts";
import { joinLabels } from "../base/label.ts";
import type { Label } from "../base/label.ts";
import { limits } from "../base/limits.ts";
import { owner } from "../base/principal.ts";
import type { Inspector } from "../dlp/dlp.ts";
import type { Entry, NewEntry, Store } from "../store/store.ts";
import { encodeEntry, encodeHeader } from "./jsonl.ts";
import { parseLine } from "./jsonl-parse.ts";
import type { ParsedLine } from "./jsonl-parse.ts";
import { screenBodies } from "./screen.ts";
import type { ScreenBodies } from "./screen.ts";

export type SessionTransfer = {
  /** Every window, oldest first, each with a line of its own in front. */
  exportLines(sessionKey: string, signal: AbortSignal): AsyncIterable<string>;
  /** Makes a session that did not exist. Throws `invalid_request` with the number of the line that cannot be read. */
  importText(
    text: string,
    target: { readonly agentId: string; readonly sessionKey: string | undefined },
    signal: AbortSignal,
  ): Promise<{ readonly sessionKey: string; readonly windowId: string; readonly entries: number }>;
};

type ImportedEntry = Extract<ParsedLine, { kind: "entry" }>;

const importLabel: Label = { integrity: "untrusted", readers: [owner.id] };

export type TransferOptions = {
  /** For what goes out: what looks like a credential, and what the config's own patterns name. */
  readonly redact: (text: string) => string;
  /** For what comes in and goes out: it knows the values themselves. */
  readonly dlp: Inspector;
};

export function createTransfer(store: Store, { redact, dlp }: TransferOptions): SessionTransfer {
  return {
    exportLines: (sessionKey, signal) => exportLines({ store, redact, dlp }, sessionKey, signal),
    async importText(text, { agentId, sessionKey = `agent:${agentId}:import:${newId()}` }, signal) {
      const windows = parseWindows(text);
      if ((await store.sessions.find(sessionKey)) !== undefined)
        throw new LoricaError("conflict", `session ${sessionKey} exists already; import under another key`);
      const screened = await screenWindows(
        windows,
        screenBodies(dlp, { point: "inbound", agentId, sessionKey }),
        signal,
      );
      const about = { key: sessionKey, agentId, principal: owner, channel: "import", account: "default" };
      let session = await store.sessions.open({ ...about, label: importLabel });
      let entries = 0;
      for (const [index, window] of screened.entries()) {
        if (index > 0) session = await store.sessions.reset(sessionKey);
        const stored = await store.transcript.append(toEntries(window, session.windowId));
        entries += stored.length;
      }
      return { sessionKey, windowId: session.windowId, entries };
    },
  };
}

async function* exportLines(
  { store, redact, dlp }: TransferOptions & { readonly store: Store },
  sessionKey: string,
  signal: AbortSignal,
): AsyncIterable<string> {
  const session = await store.sessions.find(sessionKey);
  if (session === undefined) throw new LoricaError("not_found", `there is no session ${sessionKey}`);
  const screen = screenBodies(dlp, { point: "export", agentId: session.agentId, sessionKey });
  for (const window of (await store.sessions.windows(sessionKey)).toReversed()) {
    yield encodeHeader(session, window);
    let before: Entry | undefined;
    for (;;) {
      signal.throwIfAborted();
      const afterSeq = before?.seq ?? 0;
      const page = await store.transcript.read(window.id, { afterSeq, limit: limits.exportPageEntries });
      const bodies = await screen(
        page.map(({ body }) => body),
        signal,
      );
      for (const [at, entry] of page.entries()) {
        yield encodeEntry({ ...entry, body: bodies[at] ?? entry.body }, { before, redact });
        before = entry;
      }
      if (page.length < limits.exportPageEntries) break;
    }
  }
}

/** Everything is read before anything is stored, so that a bad last line leaves no half a session. */
function parseWindows(text: string): readonly (readonly ImportedEntry[])[] {
  const windows: ImportedEntry[][] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const found = parseLine(line);
    if (!found.ok) throw new LoricaError("invalid_request", `line ${index + 1} cannot be imported: ${found.reason}`);
    if (found.value.kind === "session") windows.push([]);
    if (found.value.kind !== "entry") continue;
    if (windows.length === 0) windows.push([]);
    windows.at(-1)?.push(found.value);
  }
  if (windows.every((window) => window.length === 0))
    throw new LoricaError("invalid_request", "there is no message in what was to be imported");
  return windows;
}

async function screenWindows(
  windows: readonly (readonly ImportedEntry[])[],
  screen: ScreenBodies,
  signal: AbortSignal,
): Promise<readonly (readonly ImportedEntry[])[]> {
  const screened: (readonly ImportedEntry[])[] = [];
  for (const window of windows) {
    const bodies = await screen(
      window.map(({ body }) => body),
      signal,
    );
    screened.push(window.map((entry, at) => ({ ...entry, body: bodies[at] ?? entry.body })));
  }
  return screened;
}

/** A turn begins with what somebody said. Its id is new: one that a file names might be another session's. */
function toEntries(window: readonly ImportedEntry[], windowId: string): readonly NewEntry[] {
  let turnId = newId();
  let asking = false;
  return window.map(({ body, label, at }) => {
    if (body.kind === "user" && !asking) turnId = newId();
    asking = body.kind === "user";
    const joined = joinLabels(label ?? importLabel, importLabel);
    return { windowId, turnId, label: joined, body, ...(at === undefined ? {} : { at }) };
  });
}
