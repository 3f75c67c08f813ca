// Starts the page: takes the code out of the address before anything else, opens what the browser has kept, and shows.
import { render } from "preact";
import { takeCode } from "./state/address.ts";
import { createApp } from "./state/app.ts";
import { AppContext } from "./view/context.ts";
import { Page } from "./view/page.tsx";
import { openKeep } from "./wire/keep.ts";
import type { SignedOut } from "./wire/refusal.ts";
import { loadDeviceKey } from "./wire/device.ts";
import { words } from "./english.ts";

/** Replaced when the page is built. */
declare const LORICA_VERSION: string;

const code = takeCode();
const keep = await openKeep();
const app = createApp({ keep, version: LORICA_VERSION });
const refused = await whyNot();
render(
  <AppContext.Provider value={app}>
    <Page refused={refused} />
  </AppContext.Provider>,
  document.body,
);
if (refused === undefined) await app.link.signIn(code);

/** What no sign-in could help with. */
async function whyNot(): Promise<SignedOut | undefined> {
  if (!isSecureContext) return { why: "insecure" };
  if ((await loadDeviceKey(keep)) === undefined) return { why: "unable", message: words.signIn.noKeys };
  return undefined;
}
