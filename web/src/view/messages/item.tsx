// One thing in a conversation: what somebody said, what a tool did, what went wrong.
import { words } from "../../english.ts";
import type { Thread } from "../../state/thread.ts";
import type { Item, ToolItem } from "../../state/timeline.ts";
import { CodeBlock } from "./code-block.tsx";
import { useApp } from "../context.ts";
import { Chevron, Clip, Tool } from "../icons.tsx";
import { Markdown } from "./markdown.tsx";
import { When } from "../when.tsx";

export function ItemView({ item, thread }: { readonly item: Item; readonly thread: Thread }) {
  switch (item.kind) {
    case "user":
      return <UserItem item={item} thread={thread} />;
    case "text":
      return (
        <article class="answer" aria-label={words.thread.assistant}>
          <Markdown text={item.text} />
        </article>
      );
    case "thinking":
      return <Thinking text={item.text} isLive={item.isLive} />;
    case "tool":
      return <ToolCall tool={item} isRunning={thread.isRunning.value} />;
    case "note":
      return (
        <details class="note">
          <summary>
            <Chevron />
            {words.thread.note}
          </summary>
          <Markdown text={item.text} />
        </details>
      );
    case "error":
      return <Failure item={item} thread={thread} />;
  }
}

function UserItem({ item, thread }: { readonly item: Extract<Item, { kind: "user" }>; readonly thread: Thread }) {
  const app = useApp();
  const state = { stored: "", sending: words.thread.sending, waiting: "", failed: words.thread.failed }[item.state];
  const isQueued = item.state === "waiting" && thread.items.value.findLast(({ kind }) => kind === "user") === item;
  const isBehind =
    isQueued && thread.items.value.some((one) => one.kind === "user" && one.id !== item.id && one.state === "waiting");
  return (
    <article class={`user ${item.state}`} aria-label={words.thread.you}>
      {item.text !== "" && <p class="said">{item.text}</p>}
      {item.files.map((name, index) => (
        <p class="file" key={index}>
          <Clip />
          {name}
        </p>
      ))}
      <p class="quiet state">
        {item.state === "stored" ? <When at={item.at} /> : isBehind ? words.thread.queued : state}
        {item.problem !== undefined && <span class="problem">{item.problem}</span>}
        {item.state === "failed" && (
          <>
            <button type="button" class="plain-button" onClick={() => void app.attempt(() => thread.retry(item.id))}>
              {words.thread.retry}
            </button>
            <button type="button" class="plain-button" onClick={() => thread.discard(item.id)}>
              {words.thread.discard}
            </button>
          </>
        )}
      </p>
    </article>
  );
}

function Thinking({ text, isLive }: { readonly text: string; readonly isLive: boolean }) {
  return (
    <details class="note">
      <summary>
        <Chevron />
        {isLive ? words.thread.thinking : words.thread.thoughts}
      </summary>
      <p class="thoughts">{text}</p>
    </details>
  );
}

function ToolCall({ tool, isRunning }: { readonly tool: ToolItem; readonly isRunning: boolean }) {
  const state = tool.state === "unknown" && isRunning ? "running" : tool.state;
  return (
    <details class={`tool ${state}`}>
      <summary>
        <Tool />
        <span class="tool-name">{tool.name}</span>
        <span class="tool-about">{inOneLine(tool.input)}</span>
        <span class="tool-state">
          {state === "running" && <span class="pulse" aria-hidden="true" />}
          {words.tool[state]}
        </span>
        <Chevron />
      </summary>
      <CodeBlock language={words.tool.input} text={inFull(tool.input)} />
      {tool.output !== undefined && <CodeBlock language={words.tool.output} text={tool.output || words.tool.empty} />}
    </details>
  );
}

function Failure({ item, thread }: { readonly item: Extract<Item, { kind: "error" }>; readonly thread: Thread }) {
  const app = useApp();
  return (
    <div class="failure">
      <p>
        <strong>{words.thread.error}.</strong> {item.text}
      </p>
      <button type="button" onClick={() => void app.attempt(() => thread.retry(item.runId))}>
        {words.thread.retry}
      </button>
    </div>
  );
}

/** A call with one text in it, as most are, is read by that text. */
function inOneLine(input: unknown): string {
  const values = typeof input === "object" && input !== null ? Object.values(input) : [input];
  const text = values.find((value) => typeof value === "string") ?? "";
  return text.replace(/\s+/g, " ").slice(0, 160);
}

function inFull(input: unknown): string {
  if (typeof input === "string") return input;
  const entries = typeof input === "object" && input !== null ? Object.entries(input) : [];
  const [only] = entries;
  if (entries.length === 1 && typeof only?.[1] === "string") return only[1];
  return JSON.stringify(input, null, 2) ?? "";
}
