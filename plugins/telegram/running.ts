// The channel while it runs: one account beside the other. Loaded only where Telegram is switched on, because the
// libraries behind it cost megabytes.
import { assert, LoricaError } from "../../src/base/errors.ts";
import type { Channel, ChannelContext } from "../../src/channel/channel.ts";
import { openAccount } from "./account.ts";
import type { Account } from "./account.ts";
import { sendMessage } from "./send/send.ts";
import type { Sending } from "./send/send.ts";
import { showSignal } from "./send/signal.ts";

export type Running = Required<Omit<Channel, "start">>;

export function runAccounts(context: ChannelContext): Running {
  const accounts = new Map<string, Account>(
    context.accounts().map((account) => [account.id, openAccount(account, context)]),
  );
  const sendingOf = async (id: string): Promise<Sending> => {
    const account = accounts.get(id);
    if (account === undefined) throw new LoricaError("not_found", `Telegram has no account ${JSON.stringify(id)}`);
    return { line: account.line, drafts: account.drafts, migrations: await account.migrations };
  };
  return {
    async send(grant, message, signal) {
      const { resource } = context.redeem(grant).action;
      const { to, idempotencyKey } = message;
      assert(resource.outboxId === idempotencyKey, "a grant is for the reply it was given for");
      assert(resource.recipient === to.recipient && resource.account === to.account, "a grant is for one address");
      return sendMessage(message, await sendingOf(to.account), signal);
    },
    async signal(grant, showing, ending) {
      const { resource } = context.redeem(grant).action;
      const { to, what } = showing;
      assert(resource.signal === what.kind, "a grant is for one kind of signal");
      assert(resource.recipient === to.recipient && resource.account === to.account, "a grant is for one address");
      return showSignal(showing, await sendingOf(to.account), ending);
    },
    async webhook(request, signal) {
      const deliver = accounts.get(request.account)?.webhook();
      return deliver === undefined ? { status: 404 } : deliver(request, signal);
    },
    async stop() {
      await Promise.all([...accounts.values()].map((account) => account.stop()));
    },
  };
}
