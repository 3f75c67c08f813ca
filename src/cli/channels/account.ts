// A chat account's token on its way to the broker: what it looks like, whether the platform knows it, and where it is kept.
import { LoricaError } from "../../base/errors.ts";
import { channelSecretName } from "../../protocol/known/channels.ts";
import type { KnownChannel } from "../../protocol/known/channels.ts";
import type { Invocation } from "../context.ts";
import type { OwnerClient } from "../reach.ts";

/** The account of a channel that has no other. */
export const ownAccount = "default";

/** Before it goes anywhere: most mistakes are a line too much, or another thing that was copied. */
export function tokenProblem(known: KnownChannel, token: string): string | undefined {
  return /^[A-Za-z0-9:_-]{8,256}$/.test(token) ? undefined : `this is not a ${known.name} token; ${known.hint}`;
}

/** What the platform calls the account. A token that it does not know is not stored. */
export async function checkToken(
  { io, options }: Invocation,
  owner: OwnerClient,
  about: { readonly channel: string; readonly account: string; readonly token: string },
): Promise<string | null> {
  if (options.off("check")) return null;
  if (!owner.running) {
    io.note("no gateway runs, so the platform was not asked whether the token is right");
    return null;
  }
  const checked = await io.progress("asking the platform", owner.call("channel.check", about));
  if (checked.ok) return checked.name;
  throw new LoricaError(
    "upstream",
    `${checked.reason ?? "the platform did not answer"}. Nothing was stored; --no-check stores it all the same`,
  );
}

export type Account = {
  readonly known: KnownChannel;
  readonly account: string;
  readonly token: string;
  /** What people call it. */
  readonly name?: string | undefined;
};

/** The token goes into the vault, its name and the switch into the config. */
export async function storeChannel(owner: OwnerClient, { known, account, token, name }: Account) {
  const secret = channelSecretName(known.id, account, known.tokenKey);
  await owner.call("vault.set", { name: secret, value: token });
  const at = account === ownAccount ? `channels.${known.id}` : `channels.${known.id}.accounts.${account}`;
  return owner.call("config.set", {
    edits: [
      { path: `channels.${known.id}.enabled`, value: true },
      ...(account === ownAccount ? [] : [{ path: `${at}.enabled`, value: true }]),
      { path: `${at}.${known.tokenKey}`, value: { secret } },
      ...(name === undefined ? [] : [{ path: `${at}.name`, value: name }]),
    ],
  });
}
