// The terminal. The only file that knows the library behind it: the rest says what is to be seen and hears what is typed.
import { styleText } from "node:util";
import {
  Container,
  Editor,
  Loader,
  matchesKey,
  ProcessTerminal,
  SelectList,
  setCapabilities,
  Text,
  TuiMainScreen,
} from "@earendil-works/pi-tui";
import type { AutocompleteProvider, Component, SelectItem } from "@earendil-works/pi-tui";
import { slashCommands } from "./commands.ts";
import { drawItem, fitting } from "./draw.ts";
import type { Paint } from "./draw.ts";
import type { Item } from "./items.ts";

export type View = {
  readonly items: readonly Item[];
  readonly showThinking: boolean;
  readonly showOutput: boolean;
  readonly status: string;
  /** What goes on; nothing where it is the person's turn. */
  readonly busy: string | undefined;
};

export type Key = "interrupt" | "leave" | "thinking" | "tools";

export type Choice = { readonly value: string; readonly label: string; readonly description?: string };

export type Screen = {
  show(view: View): void;
  /** Undefined where nothing was chosen. */
  choose(choices: readonly Choice[]): Promise<string | undefined>;
  /** Empties what is being typed; false where there was nothing. */
  clearInput(): boolean;
  remember(text: string): void;
  /** Gives the terminal back as it was. */
  stop(): Promise<void>;
};

const choicesShownMax = 12;

export type ScreenOptions = {
  readonly color: boolean;
  readonly onSubmit: (text: string) => void;
  readonly onKey: (key: Key) => void;
};

export function openScreen({ color, onSubmit, onKey }: ScreenOptions): Screen {
  // Links are written out, so that what they point to can be read before it is opened; pictures are not drawn.
  setCapabilities({ images: null, trueColor: false, hyperlinks: false });
  const paint = createPaint(color);
  const terminal = new ProcessTerminal();
  const tui = new TuiMainScreen(terminal);
  const messages = new Container();
  const status = new Text("", 1, 0);
  const loader = new Loader(tui, paint.accent, paint.dim, "");
  const waiting = new Container();
  const editor = new Editor(tui, { borderColor: paint.dim, selectList: listTheme(paint) });
  editor.setAutocompleteProvider(slashCompletion);
  editor.onSubmit = onSubmit;
  const choosing = new Container();
  const chooser = createChooser(tui, editor, { place: choosing, paint });
  for (const part of [messages, waiting, choosing, editor, status]) tui.addChild(fitting(part));
  const draw = createDrawing(paint);
  let isBusy = false;

  tui.addInputListener((data) => {
    if (chooser.isOpen()) return undefined;
    const key = keyOf(data, editor.getText() === "");
    if (key === undefined) return undefined;
    onKey(key);
    return { consume: true };
  });
  tui.setFocus(editor);
  tui.start();
  loader.stop();
  const stopGuarding = restoreOnCrash(() => tui.stop());

  function showBusy(busy: string | undefined): void {
    if (busy !== undefined) loader.setMessage(busy);
    if ((busy !== undefined) === isBusy) return;
    isBusy = busy !== undefined;
    waiting.clear();
    if (isBusy) {
      waiting.addChild(loader);
      loader.start();
    } else loader.stop();
  }

  return {
    show(view) {
      messages.clear();
      for (const component of draw(view)) messages.addChild(component);
      status.setText(paint.dim(view.status));
      showBusy(view.busy);
      tui.requestRender();
    },
    choose: chooser.choose,
    clearInput() {
      const had = editor.getText() !== "";
      editor.setText("");
      return had;
    },
    remember: (text) => editor.addToHistory(text),
    async stop() {
      stopGuarding();
      loader.stop();
      tui.stop();
      await terminal.drainInput(100);
    },
  };
}

/** However the process ends, what it says last is said on a terminal that works. Answers how to stop watching. */
function restoreOnCrash(restore: () => void): () => void {
  const events = ["uncaughtExceptionMonitor", "exit"] as const;
  const stop = (): void => {
    for (const event of events) process.off(event, end);
  };
  const end = (): void => {
    stop();
    restore();
  };
  for (const event of events) process.once(event, end);
  return stop;
}

function keyOf(data: string, isEmpty: boolean): Key | undefined {
  if (matchesKey(data, "ctrl+c")) return "interrupt";
  if (matchesKey(data, "ctrl+d") && isEmpty) return "leave";
  if (matchesKey(data, "ctrl+t")) return "thinking";
  return matchesKey(data, "ctrl+o") ? "tools" : undefined;
}

/** Components are kept for as long as what they show is the same, so that a long conversation is drawn once. */
function createDrawing(paint: Paint): (view: View) => readonly Component[] {
  let drawn = new Map<string, { readonly item: Item; readonly open: boolean; readonly component: Component }>();
  return ({ items, showThinking, showOutput }) => {
    const next: typeof drawn = new Map();
    for (const item of items) {
      if (item.kind === "thinking" && !showThinking) continue;
      const before = drawn.get(item.id);
      const isSame = before?.item === item && before.open === showOutput;
      const component = isSame ? before.component : drawItem(item, showOutput, paint);
      next.set(item.id, { item, open: showOutput, component });
    }
    drawn = next;
    return [...next.values()].map(({ component }) => component);
  };
}

/** The list takes the place above the editor, and the keyboard, until something is chosen or nothing is. */
function createChooser(
  tui: TuiMainScreen,
  editor: Editor,
  { place, paint }: { readonly place: Container; readonly paint: Paint },
) {
  let isOpen = false;
  return {
    isOpen: () => isOpen,
    choose(choices: readonly Choice[]): Promise<string | undefined> {
      const { promise, resolve } = Promise.withResolvers<string | undefined>();
      const list = new SelectList([...choices], choicesShownMax, listTheme(paint));
      const close = (value: string | undefined): void => {
        isOpen = false;
        place.clear();
        tui.setFocus(editor);
        tui.requestRender();
        resolve(value);
      };
      list.onSelect = (item: SelectItem) => close(item.value);
      list.onCancel = () => close(undefined);
      isOpen = true;
      place.clear();
      place.addChild(list);
      tui.setFocus(list);
      tui.requestRender();
      return promise;
    },
  };
}

const slashCompletion: AutocompleteProvider = {
  async getSuggestions(lines, cursorLine, cursorCol) {
    const typed = (lines[cursorLine] ?? "").slice(0, cursorCol);
    if (cursorLine !== 0 || !/^\/[a-z]*$/i.test(typed)) return null;
    const items = slashCommands
      .filter(({ name }) => name.startsWith(typed.slice(1).toLowerCase()))
      .map(({ name, takes, summary }) => ({
        value: name,
        label: `/${name}${takes === undefined ? "" : ` ${takes}`}`,
        description: summary,
      }));
    return items.length === 0 ? null : { items, prefix: typed };
  },
  applyCompletion(lines, cursorLine, cursorCol, item) {
    const rest = (lines[cursorLine] ?? "").slice(cursorCol);
    const line = `/${item.value}${rest === "" ? "" : rest}`;
    return { lines: lines.with(cursorLine, line), cursorLine, cursorCol: item.value.length + 1 };
  },
};

function createPaint(color: boolean): Paint {
  const style = (format: Parameters<typeof styleText>[0]) => (text: string) =>
    color ? styleText(format, text, { validateStream: false }) : text;
  return {
    plain: (text) => text,
    bold: style("bold"),
    dim: style("dim"),
    italic: style("italic"),
    underline: style("underline"),
    strikethrough: style("strikethrough"),
    accent: style("cyan"),
    good: style("green"),
    bad: style("red"),
  };
}

function listTheme(paint: Paint) {
  return {
    selectedPrefix: paint.accent,
    selectedText: paint.accent,
    description: paint.dim,
    scrollInfo: paint.dim,
    noMatch: paint.dim,
  };
}
