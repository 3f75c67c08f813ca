// What a person has chosen for this browser. Nothing secret, so it lies in the plain storage; without one it is forgotten.
import { signal } from "@preact/signals";
import type { ReadonlySignal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";

export type Preferences = {
  readonly theme: ReadonlySignal<Theme>;
  chooseTheme(theme: Theme): void;
  draft(sessionKey: string): string;
  saveDraft(sessionKey: string, text: string): void;
};

const themes: readonly Theme[] = ["system", "light", "dark"];

export function createPreferences(): Preferences {
  const kept = read(() => localStorage.getItem("theme"));
  const theme = signal<Theme>(themes.find((name) => name === kept) ?? "system");
  document.documentElement.dataset["theme"] = theme.value;
  return {
    theme,
    chooseTheme(next) {
      theme.value = next;
      document.documentElement.dataset["theme"] = next;
      read(() => localStorage.setItem("theme", next));
    },
    draft: (sessionKey) => read(() => sessionStorage.getItem(`draft ${sessionKey}`)) ?? "",
    saveDraft(sessionKey, text) {
      read(() =>
        text === ""
          ? sessionStorage.removeItem(`draft ${sessionKey}`)
          : sessionStorage.setItem(`draft ${sessionKey}`, text),
      );
    },
  };
}

/** A browser may have its storage full or switched off, which is its owner's right. */
function read<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (cause) {
    if (cause instanceof DOMException) return undefined;
    throw cause;
  }
}
