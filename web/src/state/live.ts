// What a run is doing, put together from its events as they come.
import type { Item, LiveRun } from "./timeline.ts";

export type AgentEvent = {
  readonly runId: string;
  readonly sessionKey: string;
  readonly stream: string;
  readonly ts: number;
  readonly data: Readonly<Record<string, unknown>>;
};

/** A page that is left open for days must not hold everything that was ever said in it. */
const itemsMax = 400;

export function follow(run: LiveRun | undefined, event: AgentEvent): LiveRun {
  const items = run?.items ?? [];
  return { runId: event.runId, items: nextItems(items, event).slice(-itemsMax) };
}

function nextItems(items: readonly Item[], { runId, stream, ts, data }: AgentEvent): readonly Item[] {
  const id = `${runId}.${items.length}`;
  const last = items.at(-1);
  if (stream === "assistant" && typeof data["text"] === "string") {
    const text = { kind: "text" as const, text: data["text"], isLive: true };
    if (last?.kind === "text") return replaceLast(items, { ...last, ...text });
    return [...items, { ...text, id, at: ts }];
  }
  if (stream === "thinking" && typeof data["delta"] === "string") {
    if (last?.kind === "thinking") return replaceLast(items, { ...last, text: last.text + data["delta"] });
    return [...items, { kind: "thinking", id, text: data["delta"], isLive: true }];
  }
  return stream === "tool" ? followTool(items, data) : items;
}

function replaceLast(items: readonly Item[], item: Item): readonly Item[] {
  return [...items.slice(0, -1), item];
}

function followTool(items: readonly Item[], data: Readonly<Record<string, unknown>>): readonly Item[] {
  const id = String(data["toolCallId"]);
  const index = items.findIndex((item) => item.kind === "tool" && item.id === id);
  const before = items[index];
  const tool =
    before?.kind === "tool"
      ? before
      : ({
          kind: "tool",
          id,
          name: String(data["name"]),
          input: data["args"],
          output: undefined,
          state: "running",
        } as const);
  const next =
    data["phase"] === "update"
      ? { ...tool, output: String(data["partialResult"] ?? "") }
      : data["phase"] === "result"
        ? {
            ...tool,
            output: String(data["result"] ?? ""),
            state: data["isError"] === true ? ("failed" as const) : ("done" as const),
          }
        : tool;
  return index < 0 ? [...items, next] : items.with(index, next);
}
