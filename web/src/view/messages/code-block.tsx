// Code and output as they are, with a button that copies them.
import { useEffect, useRef, useState } from "preact/hooks";
import { words } from "../../english.ts";
import { Check, Copy } from "../icons.tsx";

const copiedMs = 1_500;
const shownMaxChars = 20_000;

export function CodeBlock({ text, language }: { readonly text: string; readonly language?: string | undefined }) {
  const name = language?.trim().split(/\s/, 1)[0] || words.code.text;
  const isLong = text.length > shownMaxChars;
  const [isWhole, showWhole] = useState(false);
  return (
    <div class="code">
      <div class="code-head">
        <span>{name}</span>
        <CopyButton text={text} />
      </div>
      <pre tabIndex={0} aria-label={name}>
        <code>{isLong && !isWhole ? text.slice(0, shownMaxChars) : text}</code>
      </pre>
      {isLong && !isWhole && (
        <button type="button" class="plain-button" onClick={() => showWhole(true)}>
          {words.thread.showMore}
        </button>
      )}
    </div>
  );
}

export function CopyButton({ text }: { readonly text: string }) {
  const [isCopied, setCopied] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setCopied(false), copiedMs);
  };
  return (
    <button type="button" class="copy" onClick={() => void copy()}>
      {isCopied ? <Check /> : <Copy />}
      <span>{isCopied ? words.copied : words.copy}</span>
    </button>
  );
}
