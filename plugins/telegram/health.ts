// What is wrong with an account, and what its owner can do about it.
import { LoricaError } from "../../src/base/errors.ts";
import type { ChannelHealth } from "../../src/channel/channel.ts";
import type { Refusal } from "./api.ts";
import type { Line } from "./line.ts";

export function healthOf(problem: unknown): ChannelHealth {
  if (!isRefusal(problem))
    return { state: "failed", reason: problem instanceof LoricaError ? problem.message : "the connection failed" };
  const reason = `Telegram says: ${problem.description} (${problem.code})`;
  // A token that is not even formed like one is answered with 404.
  if (problem.code === 401 || problem.code === 404)
    return {
      state: "failed",
      reason,
      fix: "the bot's token is not valid; get one from @BotFather, then `lorica channels add telegram`",
    };
  if (pollingConflict(problem) === "poller")
    return {
      state: "failed",
      reason: "another program receives this bot's messages (409)",
      fix: "stop the other program, or get a token of its own for this bot from @BotFather",
    };
  return { state: "failed", reason };
}

/** An expected failure is said as health, which is recorded once and not at each attempt; anything else is a report too. */
export function meet(problem: unknown, line: Line): void {
  line.health(healthOf(problem));
  if (!(problem instanceof LoricaError) && !isRefusal(problem)) line.context.report(problem);
}

/** Two may not poll for one bot, and nobody may while Telegram delivers to a webhook. */
export function pollingConflict({ code, description }: Refusal): "poller" | "webhook" | undefined {
  if (code !== 409) return undefined;
  return /webhook is active/i.test(description) ? "webhook" : "poller";
}

function isRefusal(problem: unknown): problem is Refusal {
  return typeof problem === "object" && problem !== null && "kind" in problem && problem.kind === "refused";
}
