// `gateway discover`: who says to be a gateway on the local network. It is shown and nothing more: whoever connects to one
// of them names it himself, and sees its certificate's fingerprint from somewhere else.
import { limits } from "../../../base/limits.ts";
import type { Invocation } from "../../context.ts";
import { renderTable } from "../../text.ts";

export async function discover({ context, io, options }: Invocation): Promise<void> {
  const waitMs = Math.min(options.duration("timeout") ?? limits.mdnsLookMs, limits.mdnsLookMaxMs);
  const found = await io.progress("asking the local network", context.findGateways(waitMs));
  io.result({ gateways: found, trusted: false }, () => {
    if (found.length === 0) return io.line("nobody answered");
    const rows = found.map(({ name, host, port, txt }): [string, string] => [
      name,
      `${host.replace(/\.$/, "")}:${port}${txt["gatewayTls"] === "1" ? ", TLS" : ""}`,
    ]);
    for (const line of renderTable(rows, { width: io.width, indent: "  " })) io.line(line);
    io.line(
      "Anybody on this network can claim any of this. Before you connect, ask the gateway's owner for its address.",
    );
  });
}
