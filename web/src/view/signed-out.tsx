// For a browser that is not let in: why, and what to do about it.
import { useEffect, useRef, useState } from "preact/hooks";
import { codeIn } from "../state/address.ts";
import type { SignedOut } from "../wire/refusal.ts";
import { words } from "../english.ts";
import { CodeBlock } from "./messages/code-block.tsx";
import { useApp } from "./context.ts";
import { Mark } from "./icons.tsx";
import { Words } from "./words.tsx";

export function SignedOutPage({ out }: { readonly out: SignedOut }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), [out.why]);
  const { signIn } = words;
  const title = out.why === "waits" ? signIn.waitsTitle : out.why === "unable" ? signIn.unableTitle : signIn.title;
  return (
    <main class="signed-out">
      <p class="wordmark">
        <Mark />
        {words.name}
      </p>
      <h1 ref={heading} tabIndex={-1}>
        {title}
      </h1>
      <p role="status">{reason(out)}</p>
      {out.why === "waits" ? <Waiting requestId={out.requestId} /> : <HowTo canPaste={out.why !== "insecure"} />}
    </main>
  );
}

function reason(out: SignedOut): string {
  if (out.why === "unable") return out.message;
  return words.signIn[out.why];
}

function Waiting({ requestId }: { readonly requestId: string }) {
  return (
    <>
      <CodeBlock text={`lorica devices approve ${requestId}`} language="sh" />
      <p>{words.signIn.waitsOn}</p>
    </>
  );
}

function HowTo({ canPaste }: { readonly canPaste: boolean }) {
  const port = location.port === "" ? "18789" : location.port;
  return (
    <>
      <p>{words.signIn.how}</p>
      <CodeBlock text="lorica dashboard" language="sh" />
      <p>{words.signIn.tunnel}</p>
      <CodeBlock text={`ssh -N -L ${port}:127.0.0.1:${port} user@host`} language="sh" />
      {canPaste && <CodeField />}
    </>
  );
}

function CodeField() {
  const app = useApp();
  const [text, setText] = useState("");
  const [problem, setProblem] = useState("");
  const signIn = (event: Event): void => {
    event.preventDefault();
    const code = codeIn(text);
    if (code === undefined) return setProblem(words.signIn.notACode);
    setProblem("");
    setText("");
    void app.link.signIn(code);
  };
  return (
    <form class="code-field" onSubmit={signIn}>
      <label for="code">{words.signIn.field}</label>
      <div>
        <input
          id="code"
          value={text}
          autoComplete="off"
          autoCapitalize="off"
          spellcheck={false}
          aria-invalid={problem !== ""}
          aria-describedby={problem === "" ? undefined : "code-problem"}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
        />
        <button type="submit" class="primary">
          {words.signIn.button}
        </button>
      </div>
      {problem !== "" && (
        <p id="code-problem" role="alert">
          <Words text={problem} />
        </p>
      )}
    </form>
  );
}
