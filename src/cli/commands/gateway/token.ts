// `token`: the gateway's own. It is the one secret that is ever shown, and only to its owner.
import { LoricaError } from "../../../base/errors.ts";
import { durationMs } from "../../../config/config.ts";
import type { Invocation } from "../../context.ts";
import { commandLine, withOwner } from "../../reach.ts";

const graceDefault = "10m";

export async function showToken(invocation: Invocation): Promise<void> {
  const { io } = invocation;
  const result = await withOwner(invocation, (owner) => owner.call("token.show", {}));
  io.result(result, () => io.line(result.token));
  if (result.source === "environment") io.note("it comes from OPENCLAW_GATEWAY_TOKEN");
  if (result.ageDays !== undefined && result.ageDays >= result.ageWarnDays)
    io.note(`it is ${result.ageDays} days old; replace it with: ${commandLine(invocation, "token rotate")}`);
}

export async function createToken(invocation: Invocation): Promise<void> {
  const { io } = invocation;
  const { running, result } = await withOwner(invocation, async (owner) => ({
    running: owner.running,
    result: await owner.call("token.create", {}),
  }));
  io.result(result, () => io.line(result.token));
  if (!running) io.note(`it holds from the next start: ${commandLine(invocation, "up")}`);
}

/** The new one is not printed: who rotates from a script would leave it in that script's log. */
export async function rotateToken(invocation: Invocation): Promise<void> {
  const { io, options } = invocation;
  const text = options.text("grace") ?? graceDefault;
  if (!/^(0|\d{1,6}(s|m|h|d))$/.test(text))
    throw new LoricaError("invalid_request", `--grace is written like 10m, 24h or 0, not ${JSON.stringify(text)}`);
  const graceMs = durationMs(text);
  const result = await withOwner(invocation, (owner) => owner.call("token.rotate", { graceMs }));
  io.result(result, () => {
    io.line("the gateway's token was replaced");
    const until = new Date(result.previousUntil).toISOString();
    io.line(graceMs === 0 ? "the earlier one counts no more" : `the earlier one counts until ${until} (${text})`);
    io.line("to be changed by hand:");
    for (const client of result.toUpdate) io.line(`  ${client}`);
    io.line(`see the new one with: ${commandLine(invocation, "token show")}`);
  });
}
