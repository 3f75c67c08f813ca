// The questions about where the gateway can be reached from, and what starts it. A gateway that does not come up there is
// said so, and goes back to this machine.
import { access, constants } from "node:fs/promises";
import { LoricaError } from "../../base/errors.ts";
import type { Edit } from "../onboard-plan.ts";
import type { Invocation } from "../context.ts";
import { withOwner, withRunningOwner } from "../reach.ts";
import { installAndStart } from "../service/install-and-start.ts";
import { findService } from "../service/service.ts";
import { restartGateway, startGateway } from "../service/life.ts";
import { createTools } from "../service/tools.ts";
import type { Asker } from "./asker.ts";

const hereOnly: readonly Edit[] = [{ path: "gateway.bind", value: "loopback" }];

export async function askPlace(invocation: Invocation, ask: Asker): Promise<void> {
  const place = await ask.choose("Who shall reach it?", [
    { value: "here", label: "This machine only", hint: "from elsewhere through an SSH tunnel" } as const,
    { value: "tailnet", label: "My tailnet", hint: "devices that Tailscale connects" } as const,
    { value: "lan", label: "The local network", hint: "needs a certificate: nothing is sent in the clear" } as const,
  ]);
  const edits = place === "lan" ? await askCertificate(ask) : place === "here" ? hereOnly : [bind("tailnet")];
  await withOwner(invocation, (owner) => owner.call("config.set", { edits: [...edits] }));
}

function bind(value: string): Edit {
  return { path: "gateway.bind", value };
}

async function askCertificate(ask: Asker): Promise<readonly Edit[]> {
  const certPath = await askFile(ask, "The certificate, with those above it (PEM)");
  const keyPath = await askFile(ask, "Its private key (PEM)");
  return [
    { path: "gateway.tls.certPath", value: certPath },
    { path: "gateway.tls.keyPath", value: keyPath },
    { path: "gateway.tls.enabled", value: true },
    bind("lan"),
  ];
}

async function askFile(ask: Asker, message: string): Promise<string> {
  for (;;) {
    const path = await ask.text(message, {
      placeholder: "/etc/letsencrypt/live/…/fullchain.pem",
      problem: (text) => (text.startsWith("/") ? undefined : "an absolute path"),
    });
    if (await isReadable(path)) return path;
    ask.warn(`${path} is not there, or may not be read by this user`);
  }
}

async function isReadable(path: string): Promise<boolean> {
  try {
    await access(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

export async function askStart(invocation: Invocation, ask: Asker): Promise<void> {
  const asService = await wantsService(invocation, ask);
  for (;;) {
    try {
      if (asService) await installAndStart(invocation, { port: undefined, replace: "only our own" });
      else await startOrRestart(invocation);
      ask.say(asService ? "it runs as a service, and starts again by itself" : "it runs in the background");
      return;
    } catch (error) {
      if (!(error instanceof LoricaError) || error.code === "cancelled") throw error;
      ask.warn(error.message);
    }
    await retreat(invocation, ask);
  }
}

async function wantsService(invocation: Invocation, ask: Asker): Promise<boolean> {
  const { options } = invocation;
  if (options.flag("installDaemon")) return true;
  if (options.off("installDaemon")) return false;
  const service = await findService(invocation);
  // There is one already, and it is what starts the gateway.
  if (service.state === "installed") return false;
  const { context, signal } = invocation;
  const said = await createTools(context.env, signal)("systemctl", ["--user", "show-environment"]);
  if (said?.exit !== 0) return false;
  return ask.yes("Shall it run as a service, and start with this machine?");
}

async function startOrRestart(invocation: Invocation): Promise<void> {
  const isRunning = await withRunningOwner(invocation, async (owner) => owner !== undefined);
  // What was answered may have changed where it listens.
  if (isRunning) await invocation.io.progress("restarting the gateway", restartGateway(invocation));
  else await startGateway(invocation, undefined);
}

async function retreat(invocation: Invocation, ask: Asker): Promise<void> {
  const next = await ask.choose("What now?", [
    { value: "again", label: "Try again" } as const,
    { value: "here", label: "Listen on this machine only, and try again" } as const,
  ]);
  if (next === "here") await withOwner(invocation, (owner) => owner.call("config.set", { edits: [...hereOnly] }));
}
