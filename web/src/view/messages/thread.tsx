// The messages of a conversation. It stays at its end as long as its reader does, and stays where it is once they have
// scrolled up.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { words } from "../../english.ts";
import type { Thread } from "../../state/thread.ts";
import { useApp } from "../context.ts";
import { Down } from "../icons.tsx";
import { Words } from "../words.tsx";
import { ItemView } from "./item.tsx";

/** As far from the end one may be and still be counted as there. */
const nearPx = 80;
const announcedMaxChars = 600;

export function ThreadView({ thread }: { readonly thread: Thread }) {
  const app = useApp();
  const box = useRef<HTMLElement>(null);
  const isAtEnd = useRef(true);
  const [isAway, setAway] = useState(false);
  const items = thread.items.value;

  const toEnd = (): void => box.current?.scrollTo({ top: box.current.scrollHeight });
  useLayoutEffect(() => {
    isAtEnd.current = true;
    setAway(false);
    toEnd();
  }, [thread.key, thread.isLoaded.value]);
  useLayoutEffect(() => {
    // What one has just sent oneself is always shown.
    const last = items.at(-1);
    if (isAtEnd.current || (last?.kind === "user" && last.state === "sending")) toEnd();
  }, [items]);

  const loadOlder = (): Promise<void> =>
    app.attempt(async () => {
      const fromEnd = (box.current?.scrollHeight ?? 0) - (box.current?.scrollTop ?? 0);
      await thread.loadOlder();
      requestAnimationFrame(() => box.current?.scrollTo({ top: box.current.scrollHeight - fromEnd }));
    });

  return (
    <section
      class="thread"
      aria-label={words.thread.label}
      ref={box}
      onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
        isAtEnd.current = scrollHeight - scrollTop - clientHeight < nearPx;
        setAway(!isAtEnd.current);
      }}
    >
      <ol class="column" aria-busy={!thread.isLoaded.value}>
        {thread.hasOlder.value && (
          <li class="older">
            <button type="button" onClick={() => void loadOlder()}>
              {words.thread.older}
            </button>
          </li>
        )}
        {items.map((item) => (
          <li key={`${item.kind} ${item.id}`}>
            <ItemView item={item} thread={thread} />
          </li>
        ))}
        {isQuietlyWorking(thread) && (
          <li class="working">
            <span class="pulse" aria-hidden="true" />
            {words.thread.working}
          </li>
        )}
      </ol>
      {items.length === 0 && <Empty thread={thread} />}
      {thread.problem.value !== undefined && <p role="alert">{thread.problem.value}</p>}
      {isAway && items.length > 0 && (
        <button type="button" class="latest" aria-label={words.thread.latest} onClick={toEnd}>
          <Down />
        </button>
      )}
      <Announcer thread={thread} />
    </section>
  );
}

/** A run that shows nothing of itself yet. */
function isQuietlyWorking(thread: Thread): boolean {
  const last = thread.items.value.at(-1);
  if (!thread.isRunning.value || last === undefined) return false;
  return last.kind === "user" || (last.kind === "tool" && last.state !== "running");
}

/** Tells people who do not see the page that an answer is there, once and as a whole. */
function Announcer({ thread }: { readonly thread: Thread }) {
  const [text, setText] = useState("");
  const wasRunning = useRef(false);
  const isRunning = thread.isRunning.value;
  useEffect(() => {
    if (wasRunning.current && !isRunning) {
      const last = thread.items.value.findLast(({ kind }) => kind === "text" || kind === "error");
      setText(last !== undefined && "text" in last ? last.text.slice(0, announcedMaxChars) : words.thread.answered);
    }
    wasRunning.current = isRunning;
  }, [isRunning]);
  return (
    <p class="hidden" aria-live="polite">
      {text}
    </p>
  );
}

function Empty({ thread }: { readonly thread: Thread }) {
  const app = useApp();
  if (!thread.isLoaded.value) return <p class="quiet center">{words.thread.loading}</p>;
  const isRehearsal = app.status.value?.sessions.defaults.modelProvider === "rehearsal";
  return (
    <div class="empty">
      <h2>{words.empty.title}</h2>
      <p class="quiet">
        <Words text={isRehearsal ? words.empty.rehearsal : words.empty.text} />
      </p>
      <ul>
        {words.empty.suggestions.map((text) => (
          <li key={text}>
            <button type="button" onClick={() => void app.send(text, [])}>
              {text}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
