// Above a conversation: what it is called, which model answers, whether the gateway is there, and the page's settings.
import { useLayoutEffect, useState } from "preact/hooks";
import type { ResultOf } from "../../../src/protocol/methods.ts";
import { words } from "../english.ts";
import type { Theme } from "../state/preferences.ts";
import { useApp } from "./context.ts";
import { Gear, Menu as MenuIcon } from "./icons.tsx";
import { titleOf } from "./title.ts";

export function Header({ isListOpen, onOpenList }: { readonly isListOpen: boolean; readonly onOpenList: () => void }) {
  const app = useApp();
  const key = app.thread.value?.key ?? "";
  const row = app.sessions.rows.value.find((one) => one.key === key);
  const title = titleOf(key, row);
  useLayoutEffect(() => {
    document.title = `${title} – ${words.name}`;
  }, [title]);
  return (
    <header class="header">
      <button
        type="button"
        class="icon-button only-narrow"
        aria-label={words.sessions.open}
        aria-controls="sidebar"
        aria-expanded={isListOpen}
        onClick={onOpenList}
      >
        <MenuIcon />
      </button>
      <h1>{title}</h1>
      <Connection />
      <Settings />
    </header>
  );
}

function Connection() {
  const app = useApp();
  const isOpen = app.link.phase.value.kind === "open";
  const defaults = app.status.value?.sessions.defaults;
  const row = app.sessions.rows.value.find((one) => one.key === app.thread.value?.key);
  const model = row?.model ?? defaults?.model;
  return (
    <p class="connection" role="status">
      <span class={isOpen ? "dot open" : "dot"} aria-hidden="true" />
      <span class="hidden">{isOpen ? words.connection.open : words.connection.away}</span>
      {isOpen ? <span class="model">{model ?? ""}</span> : <span aria-hidden="true">{words.connection.away}</span>}
    </p>
  );
}

function Settings() {
  const app = useApp();
  const [models, setModels] = useState<ResultOf<"models.list">["models"]>([]);
  const load = (): void => {
    if (models.length === 0) void app.attempt(async () => setModels((await app.link.call("models.list", {})).models));
  };
  return (
    <details
      class="settings"
      onToggle={({ currentTarget }) => currentTarget.open && load()}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !event.currentTarget.open) return;
        event.stopPropagation();
        event.currentTarget.open = false;
        event.currentTarget.querySelector("summary")?.focus();
      }}
      onFocusOut={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) event.currentTarget.open = false;
      }}
    >
      <summary class="icon-button" aria-label={words.menu.label}>
        <Gear />
      </summary>
      <div class="settings-box" tabIndex={-1}>
        <ModelChoice models={models} />
        <ThemeChoice />
        <p class="quiet">{words.menu.version(app.hello.value?.server.version ?? "")}</p>
        <button type="button" onClick={() => void app.link.signOut()}>
          {words.menu.signOut}
        </button>
      </div>
    </details>
  );
}

function ModelChoice({ models }: { readonly models: ResultOf<"models.list">["models"] }) {
  const app = useApp();
  const row = app.sessions.rows.value.find((one) => one.key === app.thread.value?.key);
  // A conversation that has not begun has nothing that could be changed yet.
  if (row === undefined || models.length < 2) return null;
  const own = models.find(({ tags }) => tags?.includes("default") === true);
  const chosen = row.model === undefined ? "" : `${row.modelProvider ?? ""}/${row.model}`;
  const isOwn = own !== undefined && chosen === `${own.provider}/${own.id}`;
  return (
    <label>
      {words.menu.model}
      <select
        value={isOwn ? "" : chosen}
        onChange={({ currentTarget }) =>
          void app.attempt(() => app.sessions.chooseModel(row.key, currentTarget.value || null))
        }
      >
        <option value="">{words.menu.agentsOwn(own?.name ?? "")}</option>
        {models
          .filter((model) => model !== own)
          .map(({ provider, id, name }) => (
            <option key={`${provider}/${id}`} value={`${provider}/${id}`}>
              {name}
            </option>
          ))}
      </select>
    </label>
  );
}

function ThemeChoice() {
  const { preferences } = useApp();
  const themes: readonly Theme[] = ["system", "light", "dark"];
  return (
    <label>
      {words.menu.theme}
      <select
        value={preferences.theme.value}
        onChange={({ currentTarget }) => preferences.chooseTheme(currentTarget.value as Theme)}
      >
        {themes.map((theme) => (
          <option key={theme} value={theme}>
            {words.menu[theme]}
          </option>
        ))}
      </select>
    </label>
  );
}
