// The list of conversations. The arrow keys move in it, as in any list; what can be done to one is behind its own button.
import { useEffect, useRef, useState } from "preact/hooks";
import type { SessionRow } from "../../../src/protocol/shapes.ts";
import { words } from "../english.ts";
import { useApp } from "./context.ts";
import { ConfirmDialog, RenameDialog } from "./dialog.tsx";
import { Cross, Mark, More, Plus } from "./icons.tsx";
import { Menu } from "./menu.tsx";
import { titleOf } from "./title.ts";
import { When } from "./when.tsx";

type Asking = { readonly what: "rename" | "delete"; readonly row: SessionRow };

export function Sidebar({ isOpen, onClose }: { readonly isOpen: boolean; readonly onClose: () => void }) {
  const app = useApp();
  const [asking, ask] = useState<Asking>();
  const rows = app.sessions.rows.value;
  const done = (): void => ask(undefined);
  const closing = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!isOpen) return;
    const before = document.activeElement as HTMLElement | null;
    closing.current?.focus();
    return () => {
      if (document.activeElement === document.body || document.activeElement === closing.current) before?.focus();
    };
  }, [isOpen]);
  return (
    <nav
      class="sidebar"
      aria-label={words.sessions.title}
      id="sidebar"
      onFocusOut={({ currentTarget, relatedTarget }) => {
        if (isOpen && relatedTarget !== null && !currentTarget.contains(relatedTarget as Node)) onClose();
      }}
    >
      <div class="sidebar-head">
        <p class="wordmark">
          <Mark />
          {words.name}
        </p>
        <button
          ref={closing}
          type="button"
          class="icon-button only-narrow"
          aria-label={words.sessions.hide}
          onClick={onClose}
        >
          <Cross />
        </button>
      </div>
      <NewButton onDone={onClose} />
      {rows.length === 0 ? (
        <p class="quiet pad">{app.sessions.isLoaded.value ? words.sessions.none : ""}</p>
      ) : (
        <ul class="sessions" onKeyDown={moveInList}>
          {rows.map((row) => (
            <Row key={row.key} row={row} onAsk={(what) => ask({ what, row })} onShow={onClose} />
          ))}
        </ul>
      )}
      {asking?.what === "rename" && (
        <RenameDialog
          title={words.sessions.renameTitle}
          label={words.sessions.renameField}
          value={asking.row.label ?? ""}
          onDone={done}
          onSave={(label) => void app.attempt(() => app.sessions.rename(asking.row.key, label))}
        />
      )}
      {asking?.what === "delete" && (
        <ConfirmDialog
          title={words.sessions.deleteTitle}
          text={words.sessions.deleteText(titleOf(asking.row.key, asking.row))}
          action={words.sessions.delete}
          onDone={done}
          onConfirm={() => void app.remove(asking.row.key)}
        />
      )}
    </nav>
  );
}

function NewButton({ onDone }: { readonly onDone: () => void }) {
  const app = useApp();
  const agents = app.status.value?.agents ?? [];
  const [chosen, choose] = useState("");
  const agentId = chosen || app.status.value?.defaultAgentId || "main";
  const start = (): void => {
    app.startNew(agentId);
    onDone();
  };
  return (
    <div class="new">
      <button type="button" class="new-button" onClick={start}>
        <Plus />
        {words.sessions.new}
      </button>
      {agents.length > 1 && (
        <select
          aria-label={words.sessions.agent}
          value={agentId}
          onChange={({ currentTarget }) => choose(currentTarget.value)}
        >
          {agents.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      )}
    </div>
  );
}

function Row({
  row,
  onAsk,
  onShow,
}: {
  readonly row: SessionRow;
  readonly onAsk: (what: Asking["what"]) => void;
  readonly onShow: () => void;
}) {
  const app = useApp();
  const isShown = app.thread.value?.key === row.key;
  const title = titleOf(row.key, row);
  const mayDelete = app.hello.value?.auth.scopes.includes("operator.admin") === true;
  const show = (): void => {
    app.show(row.key);
    onShow();
  };
  return (
    <li class={isShown ? "session shown" : "session"}>
      <button type="button" class="session-name" aria-current={isShown ? "page" : undefined} onClick={show}>
        <span class="title">{title}</span>
        <span class="quiet">
          {row.hasActiveRun ? <span class="running">{words.sessions.running}</span> : <When at={row.updatedAt} />}
        </span>
      </button>
      <Menu
        label={words.sessions.more(title)}
        icon={<More />}
        entries={[
          { text: words.sessions.rename, act: () => onAsk("rename") },
          ...(mayDelete ? [{ text: words.sessions.delete, act: () => onAsk("delete"), isDanger: true }] : []),
        ]}
      />
    </li>
  );
}

function moveInList(event: KeyboardEvent): void {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  const list = event.currentTarget as HTMLElement;
  if (step === 0 || !(event.target as Element).matches(".session-name")) return;
  const names = [...list.querySelectorAll<HTMLElement>(".session-name")];
  const next = names[names.indexOf(event.target as HTMLElement) + step];
  if (next === undefined) return;
  event.preventDefault();
  next.focus();
}
