// Questions that have to be answered before anything else. The browser's own dialog keeps the focus inside and gives it
// back.
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { words } from "../english.ts";

type DialogProps = {
  readonly title: string;
  readonly onDone: () => void;
  readonly onAgree: () => void;
  readonly action: string;
  readonly isDanger?: boolean;
  readonly children: ComponentChildren;
};

export function ConfirmDialog(props: {
  readonly title: string;
  readonly text: string;
  readonly action: string;
  readonly onDone: () => void;
  readonly onConfirm: () => void;
}) {
  return (
    <Dialog title={props.title} action={props.action} isDanger onDone={props.onDone} onAgree={props.onConfirm}>
      <p>{props.text}</p>
    </Dialog>
  );
}

export function RenameDialog(props: {
  readonly title: string;
  readonly label: string;
  readonly value: string;
  readonly onDone: () => void;
  readonly onSave: (value: string) => void;
}) {
  const [value, setValue] = useState(props.value);
  const id = useId();
  return (
    <Dialog title={props.title} action={words.sessions.save} onDone={props.onDone} onAgree={() => props.onSave(value)}>
      <label for={id}>{props.label}</label>
      <input id={id} value={value} maxLength={200} onInput={({ currentTarget }) => setValue(currentTarget.value)} />
    </Dialog>
  );
}

function Dialog({ title, action, isDanger, onDone, onAgree, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => dialog.current?.showModal(), []);
  const agree = (event: Event): void => {
    event.preventDefault();
    onAgree();
    dialog.current?.close();
  };
  return (
    <dialog ref={dialog} aria-labelledby={id} onClose={onDone}>
      <form onSubmit={agree}>
        <h2 id={id}>{title}</h2>
        {children}
        <div class="dialog-buttons">
          <button type="button" onClick={() => dialog.current?.close()}>
            {words.cancel}
          </button>
          <button type="submit" class={isDanger === true ? "primary danger" : "primary"}>
            {action}
          </button>
        </div>
      </form>
    </dialog>
  );
}
