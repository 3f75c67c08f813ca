// `dashboard`: a link that signs a browser in, opened where there is a desktop to open it on.
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { LoricaError } from "../../../base/errors.ts";
import type { OwnerResultOf } from "../../../protocol/owner-methods.ts";
import type { Invocation } from "../../context.ts";
import { openWithDesktop } from "../../launch.ts";
import { commandLine, withRunningOwner } from "../../reach.ts";

type SignInLink = OwnerResultOf<"dashboard.link">;

export async function dashboard(invocation: Invocation): Promise<void> {
  const { io, options } = invocation;
  const link = await signInLink(invocation);
  const tunnel = tunnelLine(link.url);
  if (options.flag("print") && !io.json) return io.line(link.url);
  io.result({ ...link, tunnel }, () => {
    io.line(`This link signs a browser in, once, until ${timeOf(link.expiresAt)}:`);
    io.line();
    for (const url of [link.url, ...link.alternatives]) io.line(`  ${url}`);
    if (tunnel === undefined) return;
    io.line();
    io.line("From another computer, open a tunnel first, and then the link there:");
    io.line();
    io.line(`  ${tunnel}`);
  });
  if (!io.interactive || options.off("open") || options.flag("print")) return;
  if (await openPage(invocation, link.url)) io.note("opening it in your browser …");
}

export async function signInLink(invocation: Invocation): Promise<SignInLink> {
  return await withRunningOwner(invocation, async (owner) => {
    if (owner !== undefined) return owner.call("dashboard.link", {});
    const start = commandLine(invocation, "up");
    throw new LoricaError("unavailable", `the gateway is not running; start it with: ${start}`, {
      details: { reason: "not_running" },
    });
  });
}

/** Undefined where the page is reachable from elsewhere as it is. */
function tunnelLine(url: string): string | undefined {
  const { hostname, port } = new URL(url);
  if (hostname !== "127.0.0.1" && hostname !== "[::1]") return undefined;
  return `ssh -N -L ${port}:${hostname}:${port} user@host`;
}

export function timeOf(at: number): string {
  return new Date(at).toTimeString().slice(0, 5);
}

/**
 * The link must not stand in a command line, which everybody on the machine can read, so the desktop is given a private
 * file that leads there. The file stays: a browser may take its time to start, and the code in it works once.
 */
async function openPage(invocation: Invocation, url: string): Promise<boolean> {
  const file = join(invocation.paths.run, "dashboard.html");
  const page = `<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0; url=${url}"><title>Lorica</title>\n`;
  return await openWithDesktop(invocation, async () => {
    await writeFile(file, page, { mode: 0o600 });
    await chmod(file, 0o600);
    return file;
  });
}
