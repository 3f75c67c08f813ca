// `egress render`: prints a packet filter for the machine, made from the config. It applies nothing.
import { userInfo } from "node:os";
import { systemClock } from "../../../base/clock.ts";
import { LoricaError } from "../../../base/errors.ts";
import { createConfigFile } from "../../../config/config.ts";
import type { Config } from "../../../config/config.ts";
import { filterTargets, renderEgressFilter } from "../../../deploy/deploy.ts";
import { parseHostPlace } from "../../../protocol/known/hosts.ts";
import type { Invocation } from "../../context.ts";

export async function renderFilter({ args, context, io, options, paths }: Invocation): Promise<void> {
  const [target = ""] = args;
  const loaded = await createConfigFile({ paths, env: context.env, clock: systemClock }).load();
  if (loaded.kind !== "loaded")
    throw new LoricaError("config_invalid", "the config is not valid; see: lorica config validate");
  const user = options.text("user") ?? userInfo().username;
  if (!/^[a-z_][a-z0-9_-]{0,31}$/.test(user)) throw new LoricaError("invalid_request", "--user takes a user's name");
  const text = renderEgressFilter(target, { user, ports: portsOf(loaded.config) });
  if (text === undefined)
    throw new LoricaError(
      "invalid_request",
      `nothing is known of ${JSON.stringify(target)}; say one of ${filterTargets.join(", ")}`,
    );
  io.result({ target, text }, () => io.line(text.trimEnd()));
}

/** Those of providers and of every rule, and that of TLS, which platforms speak. */
function portsOf({ models, egress, agents }: Config): readonly number[] {
  const ports = new Set([443]);
  for (const { baseUrl } of Object.values(models.providers)) {
    const url = baseUrl === undefined ? undefined : new URL(baseUrl);
    if (url !== undefined) ports.add(url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port));
  }
  const own = [agents.defaults, ...agents.list].flatMap((agent) => agent.egress?.allow ?? []);
  for (const rule of [...egress.allow, ...own]) {
    const { host, ports: named = [] } = typeof rule === "string" ? { host: rule } : rule;
    const place = parseHostPlace(host);
    for (const port of [...named, ...(place.ok && place.value.port !== undefined ? [place.value.port] : [])])
      ports.add(port);
  }
  return [...ports].toSorted((a, b) => a - b);
}
