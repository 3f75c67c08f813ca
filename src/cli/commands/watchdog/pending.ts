// `config pending`, `config accept` and `config reject`: the owner's word about edits that were made by hand.
import type { Invocation } from "../../context.ts";
import { commandLine, withOwner } from "../../reach.ts";
import { change } from "../config.ts";

const digestShown = 12;

export async function showPending(invocation: Invocation): Promise<void> {
  const { io } = invocation;
  const { edits } = await withOwner(invocation, (owner) => owner.call("config.pending", {}));
  io.result(edits, () => {
    if (edits.length === 0) return io.line("no edit waits");
    for (const { at, state, what, changes, digest } of edits) {
      const when = new Date(at).toISOString().slice(0, 19).replace("T", " ");
      io.line(`${io.style("bold", when)} UTC  ${digest.slice(0, digestShown)}  ${state}: ${what}`);
      for (const line of changes.split("\n")) if (line !== "") io.line(`  ${line}`);
    }
    const waiting = edits.find(({ state }) => state === "waiting");
    if (waiting === undefined) return;
    const named = `config accept ${waiting.digest.slice(0, digestShown)}`;
    io.line(`To use the one that waits: ${commandLine(invocation, named)}`);
    io.line(`To refuse it:              ${commandLine(invocation, "config reject")}`);
  });
}

export async function acceptEdit(invocation: Invocation): Promise<void> {
  const only = [...invocation.options.list("only")];
  const [digest] = invocation.args;
  const params = { ...(only.length === 0 ? {} : { only }), ...(digest === undefined ? {} : { digest }) };
  await change(
    invocation,
    (owner) => owner.call("config.accept", params),
    "the edit is accepted; to what runs it makes no difference",
  );
}

export async function rejectEdit(invocation: Invocation): Promise<void> {
  const result = await withOwner(invocation, (owner) => owner.call("config.reject", {}));
  const { io } = invocation;
  io.result(result, () => io.line(result.rejected === 0 ? "no edit waits" : "refused; the config is as it was"));
}
