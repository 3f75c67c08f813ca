// `deploy render`: prints a file for what stands around the gateway, made from its config. It applies nothing.
import { systemClock } from "../../../base/clock.ts";
import { LoricaError } from "../../../base/errors.ts";
import { createConfigFile } from "../../../config/config.ts";
import type { Config } from "../../../config/config.ts";
import { deployTargets, isAddressOrRange, isHostName, renderDeployment } from "../../../deploy/deploy.ts";
import type { Invocation } from "../../context.ts";
import { unitName } from "../../../protocol/known/service-unit.ts";

export async function renderDeploy({ args, context, io, options, paths }: Invocation): Promise<void> {
  const [target = ""] = args;
  const loaded = await createConfigFile({ paths, env: context.env, clock: systemClock }).load();
  if (loaded.kind !== "loaded")
    throw new LoricaError("config_invalid", "the config is not valid; see: lorica config validate");
  const hostName = options.text("host") ?? namedIn(loaded.config) ?? "gateway.example.com";
  if (!isHostName(hostName)) throw new LoricaError("invalid_request", "--host takes a name as gateway.example.com");
  const ownAddresses = (options.text("allowIp") ?? "").split(",").filter((text) => text !== "");
  const wrong = ownAddresses.find((text) => !isAddressOrRange(text));
  if (wrong !== undefined)
    throw new LoricaError("invalid_request", `--allow-ip takes addresses and ranges, not ${JSON.stringify(wrong)}`);
  const text = renderDeployment(target, {
    port: loaded.config.gateway.port,
    hostName,
    unit: unitName(paths.profile),
    ownAddresses,
  });
  if (text === undefined)
    throw new LoricaError(
      "invalid_request",
      `there is nothing to render for that; there is ${deployTargets.join(", ")}`,
    );
  io.result({ target, text }, () => io.line(text.trimEnd()));
}

/** The name under which the config says that browsers come. */
function namedIn({ gateway }: Config): string | undefined {
  return gateway.controlUi.allowedOrigins.map((origin) => new URL(origin).hostname).find(isHostName);
}
