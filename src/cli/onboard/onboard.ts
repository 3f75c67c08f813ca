// The first set-up on a terminal: one step after another, each kept when it is done, so that leaving loses nothing.
import type { OwnerResultOf } from "../../protocol/owner-methods.ts";
import type { Invocation } from "../context.ts";
import { commandLine, withRunningOwner } from "../reach.ts";
import { installBinary } from "../service/binary.ts";
import { createAsker } from "./asker.ts";
import type { Asker } from "./asker.ts";
import { askPlace, askStart } from "./place.ts";
import { forgetProgress, loadProgress, saveProgress, stepNames } from "./progress.ts";
import type { Progress, StepName } from "./progress.ts";
import { askModel, askModelOnly, askProvider } from "./provider.ts";
import type { Chosen } from "./provider.ts";
import { askTelegram } from "./telegram.ts";
import { askVault } from "./vault.ts";

/** `answered`: what flags have said already. */
export async function askEverything(invocation: Invocation, answered: readonly StepName[]): Promise<void> {
  const { paths } = invocation;
  const ask = await createAsker(invocation);
  const before = await loadProgress(paths);
  ask.begin(before.done.length === 0 ? "Setting up Lorica" : "Setting up Lorica, from where you left");
  await installBinary(invocation);
  const session = createSession(invocation, ask, { ...before, done: [...new Set([...before.done, ...answered])] });
  for (const step of stepNames) await session.take(step);
  await finish(invocation, ask);
  await forgetProgress(paths);
}

type Session = { take(step: StepName): Promise<void> };

function createSession(invocation: Invocation, ask: Asker, start: Progress): Session {
  let progress = start;
  let chosen: Chosen | undefined;
  const { options, paths } = invocation;
  const steps: Readonly<Record<StepName, () => Promise<void>>> = {
    async provider() {
      chosen = await askProvider(invocation, ask);
      const { provider: _, ...rest } = progress;
      progress = chosen === undefined ? rest : { ...rest, provider: chosen.provider };
    },
    async model() {
      if (chosen !== undefined) await askModel(invocation, ask, chosen);
      else if (progress.provider !== undefined) await askModelOnly(invocation, ask, progress.provider);
    },
    place: () => askPlace(invocation, ask),
    start: () => askStart(invocation, ask),
    async telegram() {
      if (!options.flag("skipChannels")) await askTelegram(invocation, ask);
    },
    // Last: behind a passphrase, a gateway that one of the steps before starts would be locked.
    vault: () => askVault(invocation, ask),
  };
  return {
    async take(step) {
      // Whether it runs has to be true now, not when it was last asked.
      if (progress.done.includes(step) && !(step === "start" && !(await isRunning(invocation)))) return;
      await steps[step]();
      progress = { ...progress, done: [...new Set([...progress.done, step])] };
      await saveProgress(paths, progress);
    },
  };
}

async function isRunning(invocation: Invocation): Promise<boolean> {
  return withRunningOwner(invocation, async (owner) => owner !== undefined);
}

async function finish(invocation: Invocation, ask: Asker): Promise<void> {
  const found = await withRunningOwner(invocation, async (owner) => {
    if (owner === undefined) return undefined;
    return {
      link: await owner.call("dashboard.link", {}),
      status: await owner.call("owner.status", {}),
      model: await owner.call("model.check", {}),
    };
  });
  if (found === undefined) return ask.end(`everything is kept; ${commandLine(invocation, "up")} starts it`);
  const { status, link, model } = found;
  if (model.model !== null && !model.ok)
    ask.warn(`${model.provider} does not answer the gateway: ${model.reason ?? ""}`);
  if (status.sandbox.state === "off") ask.warn(`commands and file tools are off: ${status.sandbox.reason ?? ""}`);
  ask.tell("Read this first", readFirst(invocation));
  ask.tell("The page, in a browser", pageLines(invocation, link));
  ask.end(`Talk to it here: ${commandLine(invocation, "chat")}`);
}

/** What somebody should know before they leave it running. */
function readFirst(invocation: Invocation): readonly string[] {
  const say = (words: string): string => commandLine(invocation, words);
  return [
    "What it reads may lie to it: mail, pages and strangers' messages can hold",
    "orders. It may do what its tools may do, so give it as few as it needs.",
    "",
    `${say("status")}  what runs, and what is off and why`,
    `${say("devices")}  which browsers and machines are let in`,
    `${say("pairing list")}  who wrote and waits to be let in`,
    `${say("logs")}  what it did`,
    `${say("gateway stop")}  ends it at once`,
    "",
    "SECURITY.md says what it protects you from, and from what it does not.",
    "Keep keys out of your shell's history: HISTCONTROL=ignoreboth.",
  ];
}

function pageLines(invocation: Invocation, link: OwnerResultOf<"dashboard.link">): readonly string[] {
  const until = new Date(link.expiresAt).toTimeString().slice(0, 5);
  return [link.url, `It works once, until ${until}. Another one: ${commandLine(invocation, "dashboard")}`];
}
