// One account from its first word to its last: who it is, what people can type, and how messages come in. Whatever fails
// is tried again here and said as health; nothing of it reaches another account.
import { LoricaError } from "../../src/base/errors.ts";
import { limits } from "../../src/base/limits.ts";
import { sleep } from "../../src/base/wait.ts";
import type { ChannelAccount, ChannelContext } from "../../src/channel/channel.ts";
import { createBackoff } from "./backoff.ts";
import { meet } from "./health.ts";
import { createLine } from "./line.ts";
import type { Line, Me } from "./line.ts";
import { loadMigrations } from "./migrations.ts";
import type { Migrations } from "./migrations.ts";
import { createIntake } from "./receive/intake.ts";
import { poll } from "./receive/poll.ts";
import { createWebhook, offerWebhook } from "./receive/webhook.ts";
import type { Webhook } from "./receive/webhook.ts";
import { createDrafts } from "./send/drafts.ts";
import type { Drafts } from "./send/drafts.ts";

export type Account = {
  readonly line: Line;
  readonly drafts: Drafts;
  readonly migrations: Promise<Migrations>;
  /** Undefined where the account polls, or is not ready yet. */
  webhook(): Webhook | undefined;
  stop(): Promise<void>;
};

export function openAccount(account: ChannelAccount, context: ChannelContext): Account {
  const ending = new AbortController();
  const line = createLine(account, context, AbortSignal.any([context.signal, ending.signal]));
  const migrations = loadMigrations(line);
  let webhook: Webhook | undefined;
  const run = async (): Promise<void> => {
    line.health({ state: "connecting" });
    const me = await introduce(line);
    await offerCommands(line);
    const { webhookUrl: url } = account;
    const handMax = url === undefined ? limits.telegramUpdatesMax : limits.telegramWebhookConnectionsMax;
    const intake = createIntake(line, { me, migrations: await migrations, handMax });
    if (url === undefined) return openPoll(line, () => poll(line, { me, intake }));
    const { secret, deliver } = createWebhook(line, intake);
    webhook = deliver;
    return offerWebhook(line, { url, secret, me });
  };
  const running = run().catch((error: unknown) => {
    if (line.signal.aborted) return;
    meet(error, line);
  });
  return {
    line,
    migrations,
    drafts: createDrafts(line),
    webhook: () => webhook,
    async stop() {
      ending.abort();
      await running;
    },
  };
}

/** Who the bot is, which mentions are told by. Without it nothing can begin, so it is asked until it is known. */
async function introduce(line: Line): Promise<Me> {
  const backoff = createBackoff();
  for (;;) {
    try {
      const answer = await line.api.call((api, ending) => api.getMe(ending), line.signal);
      if (answer.kind === "ok") return { id: answer.result.id, username: answer.result.username };
      meet(answer, line);
      await sleep(backoff.next(answer.retryAfterMs), line.signal);
    } catch (error) {
      if (line.signal.aborted) throw error;
      meet(error, line);
      await sleep(backoff.next(), line.signal);
    }
  }
}

/** The menu is a convenience: a bot without it still answers. */
async function offerCommands(line: Line): Promise<void> {
  const commands = line.context.commands
    .filter(({ name }) => /^[a-z0-9_]{1,32}$/.test(name))
    .slice(0, limits.telegramCommandsMax)
    .map(({ name, description }) => ({ command: name, description: description.slice(0, 256) || name }));
  try {
    for (const type of ["all_private_chats", "all_group_chats"] as const) {
      const wanted = { commands, scope: { type } };
      const answer = await line.api.call((api, ending) => api.setMyCommands(wanted, ending), line.signal);
      if (answer.kind === "refused")
        line.context.report(
          new LoricaError("upstream", `Telegram refused the menu of commands: ${answer.description}`),
        );
    }
  } catch (error) {
    if (line.signal.aborted) throw error;
    line.context.report(error);
  }
}

/** Nobody can poll for a bot that delivers to a webhook; what waits at Telegram is kept. */
async function openPoll(line: Line, start: () => Promise<void>): Promise<void> {
  try {
    await line.api.call((api, ending) => api.deleteWebhook({ drop_pending_updates: false }, ending), line.signal);
  } catch (error) {
    if (line.signal.aborted) throw error;
    // The first poll meets the same trouble and goes on from there.
    line.context.report(error);
  }
  await start();
}
