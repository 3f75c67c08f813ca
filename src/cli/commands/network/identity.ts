// `identity show`: what each host that the config names is told about who calls.
import { LoricaError } from "../../../base/errors.ts";
import { createConfigFile, listIdentities } from "../../../config/config.ts";
import { systemClock } from "../../../base/clock.ts";
import type { Invocation } from "../../context.ts";

export async function showIdentity({ context, io, paths }: Invocation): Promise<void> {
  const loaded = await createConfigFile({ paths, env: context.env, clock: systemClock }).load();
  if (loaded.kind !== "loaded")
    throw new LoricaError("config_invalid", "the config is not valid; see: lorica config validate");
  const hosts = await listIdentities(loaded.config, context.version);
  io.result({ hosts }, () => {
    if (hosts.length === 0) io.line("the config names no host that is told anything");
    for (const { host, headers } of hosts) {
      io.line(io.style("bold", host));
      const told = Object.entries(headers);
      if (told.length === 0) io.line("  nothing");
      for (const [name, value] of told) io.line(`  ${name}: ${value}`);
    }
  });
}
