// `channels add|remove`: a chat account's token goes to the broker, its switch into the config.
import { LoricaError } from "../../../base/errors.ts";
import { channelSecretName, findKnownChannel, knownChannels } from "../../../protocol/known/channels.ts";
import type { KnownChannel } from "../../../protocol/known/channels.ts";
import { checkToken, ownAccount, storeChannel, tokenProblem } from "../../channels/account.ts";
import type { Invocation } from "../../context.ts";
import { confirm, readInput, readSecret, readStdin } from "../../input.ts";
import { showable } from "../../io.ts";
import { commandLine, withOwner } from "../../reach.ts";

export async function addChannel(invocation: Invocation): Promise<void> {
  const { io, options, args } = invocation;
  const known = knownChannel(options.text("channel") ?? args[0] ?? "telegram");
  const account = accountOf(invocation);
  const token = await readToken(invocation, known);
  const added = await withOwner(invocation, async (owner) => {
    const name = await checkToken(invocation, owner, { channel: known.id, account, token });
    const { notices } = await storeChannel(owner, { known, account, token, name: options.text("name") });
    return { channel: known.id, account, name, running: owner.running, notices };
  });
  io.result(added, () => {
    const as = added.name === null ? "" : ` as ${added.name}`;
    io.line(showable(io, `${known.name} is switched on${as}. Strangers who write are told a code; let them in with:`));
    io.line(`  ${commandLine(invocation, `pairing approve ${known.id} CODE`)}`);
    if (!added.running) io.line(`It begins with the gateway: ${commandLine(invocation, "up")}`);
  });
}

async function readToken({ context, io, options }: Invocation, known: KnownChannel): Promise<string> {
  const typed = options.text("token");
  const file = options.text("tokenFile");
  if (typed !== undefined)
    io.note("a token on the command line can be seen by others on this machine; --token-file is better");
  const text = typed ?? (file === undefined ? undefined : await readInput(context, file));
  const isTyped = context.stdin.isTTY === true;
  if (text === undefined && isTyped) io.note(`For a token, ${known.hint}.`);
  const ask = isTyped ? () => readSecret(context, `The ${known.name} token`) : () => readStdin(context);
  const token = (text ?? (await ask())).trim();
  if (token === "")
    throw new LoricaError("invalid_request", `no token: ${known.hint}; then give it on stdin or with --token-file`);
  const problem = tokenProblem(known, token);
  if (problem !== undefined) throw new LoricaError("invalid_request", problem);
  return token;
}

export async function removeChannel(invocation: Invocation): Promise<void> {
  const { io, context, options, args } = invocation;
  const known = knownChannel(args[0] ?? "");
  const account = accountOf(invocation);
  if (!options.flag("yes")) await confirm(context, `Switch ${known.id}/${account} off and forget its token?`);
  const removed = await withOwner(invocation, async (owner) => {
    const others = await owner.call("config.get", { path: `channels.${known.id}.accounts` });
    const isLast = Object.keys(others.value ?? {}).length === 0;
    const edits =
      account === ownAccount
        ? [
            ...(isLast ? [{ path: `channels.${known.id}.enabled`, value: false }] : []),
            { path: `channels.${known.id}.${known.tokenKey}`, unset: true as const },
          ]
        : [{ path: `channels.${known.id}.accounts.${account}`, unset: true as const }];
    await owner.call("config.set", { edits });
    const secret = channelSecretName(known.id, account, known.tokenKey);
    return { channel: known.id, account, ...(await owner.call("vault.remove", { name: secret })) };
  });
  io.result(removed, () =>
    io.line(`${known.name} is switched off${removed.removed ? " and its token forgotten" : "; no token was stored"}`),
  );
}

function knownChannel(id: string): KnownChannel {
  const known = findKnownChannel(id);
  if (known !== undefined) return known;
  const names = knownChannels.map((channel) => channel.id).join(", ");
  throw new LoricaError("invalid_request", `there is no channel ${JSON.stringify(id)}; there are: ${names}`);
}

function accountOf({ options }: Invocation): string {
  const account = options.text("account") ?? ownAccount;
  if (/^[a-z0-9][a-z0-9_-]{0,63}$/.test(account)) return account;
  throw new LoricaError("invalid_request", "an account is named with lower-case letters, digits, - and _");
}
