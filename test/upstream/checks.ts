// Every client of upstream's, and what it has to do against our gateway. In this order: the first is let in, and leaves
// its device's token to those that come after it.
import { promptFromEditor } from "./acp.ts";
import { callHealth, callStatus, listThings, runAgent, tokenAlone } from "./command-line.ts";
import { chatOnPage } from "./control-ui.ts";
import type { House } from "./house.ts";
import { askNode } from "./node.ts";
import { chatInTerminal } from "./tui.ts";

export type Check = {
  readonly client: string;
  readonly job: string;
  /** What it printed, as far as it says something; throws where it did not do its job. */
  readonly run: (house: House) => Promise<readonly string[]>;
};

export const checks: readonly Check[] = [
  {
    client: "openclaw tui --url --token",
    job: "waits, is approved, and shows a chat turn on a terminal",
    run: chatInTerminal,
  },
  { client: "openclaw gateway call health, openclaw health", job: "prints the gateway's health", run: callHealth },
  { client: "openclaw gateway call status, openclaw status", job: "reaches the gateway", run: callStatus },
  {
    client: "openclaw agent, openclaw gateway call agent",
    job: "runs a turn: accepted, then its answer",
    run: runAgent,
  },
  { client: "openclaw devices, nodes, cron, channels, system", job: "lists what there is", run: listThings },
  {
    client: "openclaw gateway call --url --token",
    job: "is told that a token alone may do nothing (on purpose)",
    run: tokenAlone,
  },
  {
    client: "openclaw acp --url --token",
    job: "answers an editor's prompt, streamed, to its end",
    run: promptFromEditor,
  },
  { client: "openclaw node run", job: "is approved twice, and answers system.which to both programs", run: askNode },
  {
    client: "the Control UI in Chromium",
    job: "is approved, shows history, sends, shows each message once, also after a reload",
    run: chatOnPage,
  },
];
