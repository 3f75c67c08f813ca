// Where messages are written.
import { useEffect, useRef, useState } from "preact/hooks";
import { words } from "../english.ts";
import { addFiles, attachmentBytesMax } from "../state/attachments.ts";
import type { Attachment } from "../state/attachments.ts";
import type { Thread } from "../state/thread.ts";
import { useApp } from "./context.ts";
import { Clip, Cross, Send, Stop } from "./icons.tsx";

const rowsMax = 10;
const messageMaxChars = 200_000;

export function Composer({ thread }: { readonly thread: Thread }) {
  const app = useApp();
  const [text, setText] = useState(() => app.preferences.draft(thread.key));
  const { attachments, problem, add, remove, clear } = useAttachments();
  const field = useRef<HTMLTextAreaElement>(null);
  const canSend = text.trim() !== "" || attachments.length > 0;

  const write = (next: string): void => {
    setText(next);
    app.preferences.saveDraft(thread.key, next);
  };
  const send = (event: Event): void => {
    event.preventDefault();
    if (!canSend) return;
    void app.attempt(() => app.send(text, attachments));
    write("");
    clear();
    field.current?.focus();
  };
  useEffect(() => {
    // On a phone the keyboard would cover what one came to read.
    if (matchMedia("(pointer: fine)").matches) field.current?.focus();
  }, []);

  return (
    <form class="composer" onSubmit={send}>
      <Chips attachments={attachments} onRemove={remove} />
      {problem !== "" && <p role="alert">{words.composer.tooMuch(problem)}</p>}
      <div class="composer-box">
        <AttachButton onFiles={add} />
        <textarea
          id="message"
          ref={field}
          rows={Math.min(rowsMax, text.split("\n").length)}
          value={text}
          maxLength={messageMaxChars}
          aria-label={words.composer.label}
          aria-describedby="composer-hint"
          placeholder={words.composer.placeholder}
          enterkeyhint="send"
          onInput={({ currentTarget }) => write(currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter" && !event.shiftKey && !event.isComposing) send(event);
          }}
          onPaste={(event) => {
            const files = event.clipboardData?.files ?? [];
            if (files.length === 0) return;
            event.preventDefault();
            add(files);
          }}
        />
        {thread.isRunning.value && <StopButton thread={thread} />}
        <button type="submit" class="round" aria-label={words.composer.send} disabled={!canSend}>
          <Send />
        </button>
      </div>
      <p id="composer-hint" class="quiet hint">
        {words.composer.hint}
      </p>
    </form>
  );
}

function StopButton({ thread }: { readonly thread: Thread }) {
  const app = useApp();
  const stop = (): void => void app.attempt(() => thread.stop());
  return (
    <button type="button" class="round stop" aria-label={words.composer.stop} onClick={stop}>
      <Stop />
    </button>
  );
}

function useAttachments() {
  const app = useApp();
  const [attachments, setAttachments] = useState<readonly Attachment[]>([]);
  const [problem, setProblem] = useState("");
  const add = (files: Iterable<File>): void => {
    const bytesMax = attachmentBytesMax(app.hello.value?.policy.maxPayload ?? 0);
    const next = addFiles(attachments, files, bytesMax);
    setAttachments(next.attachments);
    setProblem(next.refused.join(", "));
  };
  useEffect(() => {
    const over = (event: DragEvent): void => event.preventDefault();
    const drop = (event: DragEvent): void => {
      event.preventDefault();
      add(event.dataTransfer?.files ?? []);
    };
    addEventListener("dragover", over);
    addEventListener("drop", drop);
    return () => {
      removeEventListener("dragover", over);
      removeEventListener("drop", drop);
    };
  });
  const remove = (id: string): void => setAttachments(attachments.filter((one) => one.id !== id));
  const clear = (): void => {
    setAttachments([]);
    setProblem("");
  };
  return { attachments, problem, add, remove, clear };
}

function AttachButton({ onFiles }: { readonly onFiles: (files: Iterable<File>) => void }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        aria-label={words.composer.attach}
        onChange={({ currentTarget }) => {
          onFiles([...(currentTarget.files ?? [])]);
          currentTarget.value = "";
        }}
      />
      <button
        type="button"
        class="icon-button"
        aria-label={words.composer.attach}
        onClick={() => input.current?.click()}
      >
        <Clip />
      </button>
    </>
  );
}

function Chips(props: { readonly attachments: readonly Attachment[]; readonly onRemove: (id: string) => void }) {
  if (props.attachments.length === 0) return null;
  return (
    <ul class="chips">
      {props.attachments.map(({ id, file, isImage }) => (
        <li key={id}>
          {isImage ? <Thumbnail file={file} /> : <Clip />}
          <span>{file.name}</span>
          <button
            type="button"
            class="icon-button"
            aria-label={words.composer.remove(file.name)}
            onClick={() => props.onRemove(id)}
          >
            <Cross />
          </button>
        </li>
      ))}
    </ul>
  );
}

/** Drawn, because the page's policy lets images come from the gateway only. */
function Thumbnail({ file }: { readonly file: File }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    void draw(canvas.current, file);
  }, [file]);
  return <canvas ref={canvas} width={40} height={40} aria-hidden="true" />;
}

async function draw(canvas: HTMLCanvasElement | null, file: File): Promise<void> {
  const bitmap = await createImageBitmap(file).catch(() => undefined);
  if (bitmap === undefined || canvas === null) return;
  const side = Math.min(bitmap.width, bitmap.height);
  const from = [(bitmap.width - side) / 2, (bitmap.height - side) / 2] as const;
  canvas.getContext("2d")?.drawImage(bitmap, ...from, side, side, 0, 0, canvas.width, canvas.height);
  bitmap.close();
}
