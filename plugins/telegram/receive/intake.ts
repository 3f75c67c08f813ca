// What happens to an update, however it came: read, gathered where several belong together, stored, and only then done.
// Messages of one chat are taken in their order; chats do not wait for each other.
import { codeOf, codes, LoricaError } from "../../../src/base/errors.ts";
import type { Envelope } from "../../../src/base/envelope.ts";
import { newId } from "../../../src/base/ids.ts";
import { limits } from "../../../src/base/limits.ts";
import { abortError, sleep } from "../../../src/base/wait.ts";
import { createBackoff } from "../backoff.ts";
import type { Line, Me } from "../line.ts";
import type { Migrations } from "../migrations.ts";
import { createAlbums } from "./albums.ts";
import { toEnvelope } from "./envelope.ts";
import type { Incoming } from "./envelope.ts";
import { fetchFiles } from "./fetch-files.ts";
import { renderMissing } from "./files.ts";

export type Intake = {
  /** Resolves once Telegram need not deliver it again. Rejects only where the account ends before that. */
  take(update: unknown): Promise<void>;
};

/** `handMax` is how many updates Telegram hands over before it waits for the first of them. */
export type IntakeFor = { readonly me: Me; readonly migrations: Migrations; readonly handMax: number };

type Queue = { done: Promise<void>; count: number };

export function createIntake(line: Line, about: IntakeFor): Intake {
  const chats = new Map<string, Queue>();
  const albums = createAlbums(line.signal);
  let count = 0;

  const inOrder = (chat: string, parts: () => Promise<readonly Incoming[]>): Promise<void> => {
    const queue = chats.get(chat) ?? { done: Promise.resolve(), count: 0 };
    chats.set(chat, queue);
    queue.count += 1;
    count += 1;
    const leave = (): void => {
      queue.count -= 1;
      count -= 1;
      if (queue.count === 0) chats.delete(chat);
    };
    // Whoever sends faster than they are answered must not fill the hand, or everybody else would wait behind them.
    const givesWay = (): boolean => count > about.handMax / 2 && queue.count > 1;
    const done = queue.done.catch(ignoreEarlier).then(async () => store(await parts(), { line, givesWay }));
    queue.done = done;
    done.then(leave, leave);
    return done;
  };
  return {
    async take(update) {
      const { context, account, id } = line;
      const reading = { me: about.me, account: id, id: newId(), now: context.clock.now() };
      const read = toEnvelope(update, { ...reading, mediaMaxBytes: account().mediaMaxBytes });
      if (read.kind === "unreadable") return context.report(poison(update, read.reason));
      if (read.kind === "migrated") return about.migrations.add(read.from, read.to);
      if (read.kind === "ignored") return undefined;
      const { incoming } = read;
      const chat = incoming.envelope.chat.id;
      if (incoming.album === undefined) return inOrder(chat, async () => [incoming]);
      // The first of an album holds its place in the chat until the others had time to come.
      const album = albums.join(`${chat} ${incoming.envelope.sender.id} ${incoming.album}`, incoming);
      return album.isNew ? album.settle(inOrder(chat, () => album.whole)) : album.done;
    },
  };
}

type Message = Pick<Incoming, "envelope" | "files">;

type Storing = { readonly line: Line; readonly givesWay: () => boolean };

/** Tries for as long as trying may help. What can never be stored is recorded and passed over, so that it blocks nobody. */
async function store(parts: readonly Incoming[], { line, givesWay }: Storing): Promise<void> {
  const backoff = createBackoff();
  const message = joined(parts);
  let whole: Envelope | undefined;
  for (let attempt = 1; ; attempt += 1) {
    if (line.signal.aborted) throw abortError(line.signal);
    try {
      // Its files are fetched once, however often it has to be handed on.
      whole ??= await withFiles(message, { line, givesWay });
      await line.context.receive(whole);
      return;
    } catch (error) {
      if (line.signal.aborted) throw abortError(line.signal);
      if (attempt === 1) line.context.report(error);
      const isHopeless = !codes[codeOf(error)].retryable && attempt >= limits.telegramReceiveAttemptsMax;
      if (isHopeless || (codeOf(error) === "overloaded" && givesWay()))
        return line.context.report(
          new LoricaError(
            "internal",
            `a Telegram message was passed over after ${attempt} attempts (${codeOf(error)})`,
          ),
        );
      await sleep(backoff.next(), line.signal);
    }
  }
}

async function withFiles({ envelope, files }: Message, { line, givesWay }: Storing): Promise<Envelope> {
  const named = files.map(({ kind }) => `[${kind}]`);
  // Nothing is fetched for somebody who is not let in: what they sent is only named.
  const said = { ...envelope, text: lines([envelope.text, ...named]) };
  if (files.length === 0 || !(await line.context.admits(said))) return said;
  if (givesWay()) {
    const left = files.map((file) => renderMissing(file, "too much was sent at once"));
    return { ...envelope, text: lines([envelope.text, ...left]) };
  }
  const { media, missing } = await fetchFiles(files, line);
  return { ...envelope, text: lines([envelope.text, ...missing]), media };
}

/** An album is one message with several files: the first that came names it. */
function joined(parts: readonly Incoming[]): Message {
  const [first, ...rest] = parts.toSorted((a, b) => Number(a.envelope.messageId) - Number(b.envelope.messageId));
  if (first === undefined) throw new LoricaError("internal", "an album has no message");
  const text = lines([first.envelope.text, ...rest.map(({ envelope }) => envelope.text)]);
  const addressed = parts.map(({ envelope }) => envelope.addressed).find((how) => how !== undefined && how !== "no");
  return {
    envelope: { ...first.envelope, text, ...(addressed === undefined ? {} : { addressed }) },
    files: [...first.files, ...rest.flatMap(({ files }) => files)],
  };
}

function lines(parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join("\n");
}

function poison(update: unknown, reason: string): LoricaError {
  const id = updateIdOf(update);
  return new LoricaError("invalid_request", `Telegram's update ${id ?? "without a number"} was passed over: ${reason}`);
}

export function updateIdOf(update: unknown): number | undefined {
  if (typeof update !== "object" || update === null || !("update_id" in update)) return undefined;
  const { update_id: id } = update;
  return typeof id === "number" && Number.isSafeInteger(id) && id >= 0 ? id : undefined;
}

/** Whoever waited for the earlier message has heard of it. */
function ignoreEarlier(): void {}
