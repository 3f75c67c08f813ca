// `kill`, `kill status` and `resume`: the owner's kill switch.
import { LoricaError } from "../../../base/errors.ts";
import { stripControls } from "../../../base/text/controls.ts";
import { killCapabilities } from "../../../protocol/owner/kill.ts";
import type { HaltRow } from "../../../protocol/owner/kill.ts";
import type { Invocation } from "../../context.ts";
import { commandLine, withOwner } from "../../reach.ts";

export async function kill(invocation: Invocation): Promise<void> {
  const { options, io } = invocation;
  const agent = options.text("agent");
  const capability = options.choice("capability", killCapabilities);
  if (options.flag("all") && (agent !== undefined || capability !== undefined))
    throw new LoricaError("invalid_request", "--all is everything; leave out --agent and --capability");
  const [forMs, reason] = [options.duration("for"), options.text("reason")];
  const params = {
    ...(agent === undefined ? {} : { agent }),
    ...(capability === undefined ? {} : { capability }),
    ...(forMs === undefined ? {} : { forMs }),
    ...(reason === undefined ? {} : { reason }),
  };
  const result = await withOwner(invocation, (owner) => owner.call("kill.halt", params));
  io.result(result as never, () => {
    io.line(`stopped: ${result.halt.what}`);
    io.line(`To go on: ${commandLine(invocation, "resume")}`);
  });
}

export async function killStatus(invocation: Invocation): Promise<void> {
  const { io } = invocation;
  const { halts } = await withOwner(invocation, (owner) => owner.call("kill.status", {}));
  io.result(halts as never, () => {
    if (halts.length === 0) return io.line("nothing is stopped");
    for (const row of halts) io.line(render(row));
    io.line(`To go on: ${commandLine(invocation, "resume")}`);
  });
}

export async function resume(invocation: Invocation): Promise<void> {
  const { io, args } = invocation;
  const [id] = args;
  const result = await withOwner(invocation, (owner) => owner.call("kill.resume", id === undefined ? {} : { id }));
  io.result(result as never, () => {
    io.line(result.resumed === 0 ? "nothing was stopped by that" : `resumed: ${result.resumed}`);
    for (const row of result.halts) io.line(`still stopped: ${render(row)}`);
  });
}

function render({ id, at, until, by, reason, what }: HaltRow): string {
  const end = until === null ? "until you resume it" : `until ${new Date(until).toISOString()}`;
  const why = reason === "" ? "" : `: ${stripControls(reason)}`;
  return `${id.slice(0, 8)}  ${what}, since ${new Date(at).toISOString()} ${end}, by ${stripControls(by)}${why}`;
}
