// The whole page: signed out, or the conversations beside the one that is shown.
import { useEffect, useState } from "preact/hooks";
import type { SignedOut } from "../wire/refusal.ts";
import { words } from "../english.ts";
import { Banners } from "./banner.tsx";
import { Composer } from "./composer.tsx";
import { useApp } from "./context.ts";
import { Header } from "./header.tsx";
import { Mark } from "./icons.tsx";
import { Sidebar } from "./sidebar.tsx";
import { SignedOutPage } from "./signed-out.tsx";
import { ThreadView } from "./messages/thread.tsx";

export function Page({ refused }: { readonly refused: SignedOut | undefined }) {
  const app = useApp();
  const phase = app.link.phase.value;
  if (refused !== undefined) return <SignedOutPage out={refused} />;
  if (phase.kind === "out") return <SignedOutPage out={phase.out} />;
  const thread = app.thread.value;
  if (thread === undefined) return <Starting />;
  return <Conversations key="conversations" />;
}

function Starting() {
  return (
    <main class="starting" aria-busy="true">
      <Mark />
      <p role="status">{words.signIn.starting}</p>
    </main>
  );
}

function Conversations() {
  const app = useApp();
  const thread = app.thread.value;
  const [isListOpen, setListOpen] = useState(false);
  const close = (): void => setListOpen(false);
  useEffect(close, [thread?.key]);
  if (thread === undefined) return null;
  return (
    <div
      class={isListOpen ? "frame list-open" : "frame"}
      onKeyDown={({ key }) => {
        if (key === "Escape") close();
      }}
    >
      <a class="skip" href="#message">
        {words.skip}
      </a>
      <Sidebar isOpen={isListOpen} onClose={close} />
      <div class="backdrop" onClick={close} />
      <div class="main">
        <Header isListOpen={isListOpen} onOpenList={() => setListOpen(true)} />
        <Banners />
        <main class="conversation">
          <ThreadView thread={thread} />
          <Composer key={thread.key} thread={thread} />
        </main>
      </div>
    </div>
  );
}
