// `config acknowledge`: the owner means a dangerous setting, for a while.
import { LoricaError } from "../../../base/errors.ts";
import { dayAndTime, parseAcknowledgement, renderAcknowledgement } from "../../../protocol/known/acknowledgement.ts";
import type { Invocation } from "../../context.ts";
import { withOwner } from "../../reach.ts";

const path = "security.acknowledged";

export async function acknowledge(invocation: Invocation): Promise<void> {
  const { args, io, options } = invocation;
  const [setting] = args;
  if (setting === undefined || !setting.includes("="))
    throw new LoricaError("invalid_request", "name the setting as it is refused, as gateway.auth.mode=none");
  const forMs = options.duration("for");
  if (forMs === undefined)
    throw new LoricaError(
      "invalid_request",
      "say for how long, as --for 1d: what is dangerous ends by itself; 0 ends it now",
    );
  const until = Date.now() + forMs;
  await withOwner(invocation, async (owner) => {
    const { value, hash } = await owner.call("config.get", { path });
    const others = linesOf(value).filter((line) => parseAcknowledgement(line).setting !== setting);
    const edits = [{ path, value: [...others, renderAcknowledgement({ setting, until })] }];
    await owner.call("config.set", { edits, ...(hash === null ? {} : { baseHash: hash }) });
  });
  const end = dayAndTime(until);
  io.result({ setting, until }, () =>
    io.line(
      forMs === 0
        ? `${setting} is not in force any more`
        : `${setting} may be in force until ${end}, and is not after that`,
    ),
  );
}

function linesOf(value: unknown): readonly string[] {
  const lines: readonly unknown[] = Array.isArray(value) ? value : [];
  return lines.filter((line) => typeof line === "string");
}
