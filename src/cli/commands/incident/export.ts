// `incident export`: one file for somebody else, and what they need to open and check it.
import { resolve } from "node:path";
import { limits } from "../../../base/limits.ts";
import { renderCount } from "../../../base/text/count.ts";
import type { Invocation } from "../../context.ts";
import { withOwner } from "../../reach.ts";
import { renderBytes } from "../../text.ts";

export async function exportIncident(invocation: Invocation): Promise<void> {
  const { io, options, context } = invocation;
  const to = options.text("to");
  const order = {
    recipients: [...options.list("recipient")],
    ...(to === undefined ? {} : { to: resolve(context.callerDirectory ?? process.cwd(), to) }),
    ...(options.flag("plain") ? { plain: true as const } : {}),
    ...(options.flag("people") ? { people: true as const } : {}),
  };
  const making = withOwner(invocation, (owner) => owner.call("incident.export", order, limits.backupTimeoutMs));
  const made = await io.progress("exporting the incident", making);
  io.result(made, () => {
    io.line(`${made.path}  ${renderBytes(made.bytes)}, ${renderCount(made.files, "file")}`);
    io.line(`sha256 ${made.sha256}`);
    for (const warning of made.warnings) io.line(io.style("yellow", `note: ${warning}`));
    const isSealed = made.recipients.length > 0;
    if (made.keyFile !== null) io.line(`You open it with: age -d -i ${made.keyFile} FILE | tar x`);
    const opened = isSealed ? "age -d -i KEYFILE FILE | tar x, with a key of their own (--recipient)" : "tar xf FILE";
    io.line(`Whoever gets it opens it with: ${opened}; its README.txt says how to check it.`);
  });
}
