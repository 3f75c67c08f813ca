// What must not be overlooked: dangerous settings that are in force, a lost connection, a click that failed.
import type { ComponentChildren } from "preact";
import { words } from "../english.ts";
import type { Status } from "../state/app.ts";
import { useApp } from "./context.ts";
import { Cross, Warning } from "./icons.tsx";
import { Words } from "./words.tsx";

export function Banners() {
  const app = useApp();
  const dangers = dangersOf(app.status.value);
  const trouble = app.trouble.value;
  return (
    <>
      {dangers.length > 0 && (
        <section class="banner danger" aria-label={words.banner.label}>
          <Warning />
          <div>
            {dangers.map((text) => (
              <p key={text}>
                <Words text={text} />
              </p>
            ))}
          </div>
        </section>
      )}
      {app.link.phase.value.kind === "away" && (
        <Notice action={words.connection.retry} onAct={() => app.link.retryNow()}>
          {words.connection.lost}
        </Notice>
      )}
      {trouble !== "" && (
        <Notice onAct={app.dismissTrouble} icon={<Cross />} action={words.close}>
          {trouble}
        </Notice>
      )}
    </>
  );
}

/** One line for each; they stay for as long as the setting does. */
function dangersOf(status: Status | undefined): readonly string[] {
  const lines: string[] = [];
  if (status?.sandbox.state === "off") {
    const { reason, fix } = status.sandbox;
    lines.push([`${words.banner.sandboxOff}: ${reason ?? ""}.`, fix ?? ""].join(" ").trim());
  }
  return [...lines, ...(status?.dangers ?? [])];
}

function Notice(props: {
  readonly children: ComponentChildren;
  readonly action: string;
  readonly onAct: () => void;
  readonly icon?: ComponentChildren;
}) {
  return (
    <div class="banner" role="alert">
      <p>{props.children}</p>
      {props.icon === undefined ? (
        <button type="button" onClick={props.onAct}>
          {props.action}
        </button>
      ) : (
        <button type="button" class="icon-button" aria-label={props.action} onClick={props.onAct}>
          {props.icon}
        </button>
      )}
    </div>
  );
}
