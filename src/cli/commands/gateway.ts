// `gateway run`: the gateway in this process.
import { LoricaError } from "../../base/errors.ts";
import type { GatewayOverrides, Invocation } from "../context.ts";
import { passphraseAsker } from "../input.ts";
import type { Options } from "../options.ts";

export async function runGateway(invocation: Invocation): Promise<void> {
  const { context, paths, options, signal } = invocation;
  const { env, codeRoot, version } = context;
  const root = env["OPENCLAW_ALLOW_ROOT"] === "1" ? "allow root" : "refuse root";
  const askPassphrase = passphraseAsker(context);
  const overrides = parseOverrides(options);
  await context.runBroker({ paths, env, codeRoot, version, overrides, root, signal, askPassphrase });
}

function parseOverrides(options: Options): GatewayOverrides {
  refuse(options);
  const port = options.whole("port", { min: 1, max: 65_535 });
  const bind = options.text("bind");
  const tailscale = options.text("tailscale");
  return {
    ...(port === undefined ? {} : { port }),
    ...(bind === undefined ? {} : { bind }),
    ...(tailscale === undefined ? {} : { tailscale }),
    verbose: options.flag("verbose"),
  };
}

function refuse(options: Options): void {
  if (options.text("token") !== undefined || options.text("password") !== undefined)
    throw new LoricaError(
      "invalid_request",
      "a token or password on a command line can be read by everybody on this machine. Set OPENCLAW_GATEWAY_TOKEN, or leave it out and use `token show`",
    );
  for (const name of ["force", "reset", "rawStream"])
    if (options.flag(name))
      throw new LoricaError(
        "invalid_request",
        `--${name === "rawStream" ? "raw-stream" : name} is not supported: see gateway --help`,
      );
  const auth = options.text("auth");
  if (auth !== undefined && auth !== "token")
    throw new LoricaError(
      "invalid_request",
      `--auth ${auth}: set the mode in the config, with what it needs: gateway.auth.mode`,
    );
}
