// A button that opens a short list of actions beside it. Escape, a click elsewhere and leaving it close it.
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

export type MenuEntry = { readonly text: string; readonly act: () => void; readonly isDanger?: boolean };

export function Menu(props: {
  readonly label: string;
  readonly icon: ComponentChildren;
  readonly entries: readonly MenuEntry[];
}) {
  const { label, icon, entries } = props;
  const [isOpen, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => {
    if (isOpen) box.current?.querySelector<HTMLElement>("[role=menuitem]")?.focus();
  }, [isOpen]);
  const leave = (event: FocusEvent): void => {
    if (!box.current?.contains(event.relatedTarget as Node | null)) setOpen(false);
  };
  const press = (event: KeyboardEvent): void => {
    if (!isOpen) return;
    if (event.key === "Escape") {
      event.stopPropagation();
      setOpen(false);
      button.current?.focus();
    }
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    const items = [...(box.current?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])];
    const at = items.indexOf(document.activeElement as HTMLElement);
    if (step === 0 || items.length === 0) return;
    event.preventDefault();
    items[(at + step + items.length) % items.length]?.focus();
  };
  return (
    <div class="menu" ref={box} onFocusOut={leave} onKeyDown={press}>
      <button
        type="button"
        class="icon-button"
        ref={button}
        aria-label={label}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        {icon}
      </button>
      {isOpen && (
        <div class="menu-list" role="menu" aria-label={label}>
          {entries.map(({ text, act, isDanger }) => (
            <button
              type="button"
              role="menuitem"
              tabIndex={-1}
              key={text}
              class={isDanger === true ? "danger" : ""}
              onClick={() => {
                setOpen(false);
                button.current?.focus();
                act();
              }}
            >
              {text}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
