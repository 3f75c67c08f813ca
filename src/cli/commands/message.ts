// `message send`: to the owner's own assistant for now. A turn runs, and its reply is the answer.
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
  if (recipient !== "self" || options.text("channel") !== undefined)
    throw new LoricaError("not_built", "for now --to takes self; chat channels come with step 2 of the plan");
  const timeoutMs = options.duration("timeout");
  await withGateway(invocation, async (gateway) => {
    const sent = gateway.call(
      "send",
      { to: recipient, message, idempotencyKey: newId() },
      { signal, timeoutMs: timeoutMs ?? "none" },
    );
    const result = await io.progress("waiting for the reply", sent);
    io.result(result, () => io.line(showable(io, result.text)));
  });
}
