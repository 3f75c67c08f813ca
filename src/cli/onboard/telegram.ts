// The question about Telegram: a bot of its own, and who its owner is. The gateway runs by now, so the token is tried by
// the broker before it is kept.
import { LoricaError } from "../../base/errors.ts";
import { findKnownChannel } from "../../protocol/known/channels.ts";
import type { Invocation } from "../context.ts";
import { checkToken, ownAccount, storeChannel, tokenProblem } from "../channels/account.ts";
import { commandLine, withOwner } from "../reach.ts";
import type { Asker } from "./asker.ts";

const why = [
  "Give it a bot of its own: write to @BotFather in Telegram, send /newbot, and",
  "copy the token. Never use the account that you write with: whoever can read",
  "its messages could give orders, and it would answer in your name.",
];

export async function askTelegram(invocation: Invocation, ask: Asker): Promise<"connected" | "later"> {
  const wanted = await ask.choose("Talk to it on Telegram?", [
    { value: false, label: "Not now", hint: `later: ${commandLine(invocation, "channels add telegram")}` },
    { value: true, label: "Yes, with a bot of its own" },
  ]);
  if (!wanted) return "later";
  ask.tell("A separate bot", why);
  const name = await askToken(invocation, ask);
  ask.say(name === null ? "the bot is switched on" : `the bot ${name} is switched on`);
  await askOwner(invocation, ask);
  return "connected";
}

async function askToken(invocation: Invocation, ask: Asker): Promise<string | null> {
  const known = findKnownChannel("telegram");
  if (known === undefined) throw new LoricaError("internal", "Telegram is not among the channels");
  for (;;) {
    const token = await ask.secret("The bot's token", (text) => tokenProblem(known, text));
    try {
      return await withOwner(invocation, async (owner) => {
        const name = await checkToken(invocation, owner, { channel: known.id, account: ownAccount, token });
        await storeChannel(owner, { known, account: ownAccount, token });
        return name;
      });
    } catch (error) {
      if (!(error instanceof LoricaError) || error.code !== "upstream") throw error;
      ask.warn(error.message);
    }
  }
}

async function askOwner(invocation: Invocation, ask: Asker): Promise<void> {
  const id = await ask.text("Your own numeric Telegram id (empty: the bot tells you a code instead)", {
    problem: (text) =>
      /^\d{0,20}$/.test(text) ? undefined : "digits only; a bot such as @userinfobot tells you yours",
  });
  if (id === "") {
    ask.say(
      `write to the bot, then let yourself in: ${commandLine(invocation, "pairing approve telegram CODE --owner")}`,
    );
    return;
  }
  await withOwner(invocation, async (owner) => {
    const path = "commands.ownerAllowFrom";
    const { value } = await owner.call("config.get", { path });
    const before = Array.isArray(value) ? value.filter((entry) => typeof entry === "string") : [];
    const entry = `telegram:${id}`;
    if (before.includes(entry)) return;
    await owner.call("config.set", { edits: [{ path, value: [...before, entry] }] });
  });
  ask.say("you are its owner there; everybody else is told a code that you approve or ignore");
}
