// `message send`: to the assistant, whose reply is the answer; or over a channel to the owner and whom they let in.
import { LoricaError } from "../../base/errors.ts";
import { newId } from "../../base/ids.ts";
import type { Invocation } from "../context.ts";
import { showable } from "../io.ts";
import { withGateway } from "../reach.ts";

export async function sendMessage(invocation: Invocation): Promise<void> {
  const { context, io, options, args, signal } = invocation;
  const recipient = options.text("to") ?? options.text("target");
  const message = options.text("message") ?? args.join(" ");
  if (recipient === undefined || message === "")
    throw new LoricaError("invalid_request", `say to whom and what: ${context.program} message send --to self "hello"`);
  const channel = options.text("channel");
  const accountId = options.text("account");
  if (recipient !== "self" && channel === undefined)
    throw new LoricaError(
      "invalid_request",
      "say over which channel: --channel telegram. Without one only self can be sent to, which is the assistant",
    );
  const timeoutMs = options.duration("timeout");
  await withGateway(invocation, async (gateway) => {
    const sent = gateway.call(
      "send",
      {
        to: recipient,
        message,
        idempotencyKey: newId(),
        ...(channel === undefined ? {} : { channel }),
        ...(accountId === undefined ? {} : { accountId }),
      },
      { signal, timeoutMs: timeoutMs ?? "none" },
    );
    const result = await io.progress(channel === undefined ? "waiting for the reply" : "sending", sent);
    io.result(result, () =>
      io.line(result.text === undefined ? `sent to ${result.to} over ${result.channel}` : showable(io, result.text)),
    );
  });
}
