// `up`: starts the gateway where none runs, and tells a person what they have.
import { LoricaError } from "../../base/errors.ts";
import type { OwnerStatus } from "../../protocol/owner-methods.ts";
import type { StatusResult } from "../../protocol/shapes.ts";
import type { Invocation } from "../context.ts";
import { isCodeNewer } from "../code-age.ts";
import { awaitGateway } from "../launch.ts";
import { commandLine, withGateway, withRunningOwner } from "../reach.ts";
import { installBinary } from "../service/binary.ts";
import { startGateway } from "../service/life.ts";
import { renderPlace, renderTable } from "../text.ts";
import { signInLink, timeOf } from "./devices/dashboard.ts";
import { runGateway } from "./gateway.ts";

export async function up(invocation: Invocation): Promise<void> {
  const { io, options } = invocation;
  if (options.flag("foreground")) return runGateway(invocation);
  const port = options.whole("port", { min: 1, max: 65_535 });
  const running =
    (await withRunningOwner(invocation, async (owner) => owner !== undefined)) ||
    (await startGateway(invocation, port)) === "somebody else did";
  // It may have been started a moment ago, and not answer yet.
  if (running) await io.progress("waiting for the gateway", awaitGateway(invocation));
  else await installBinary(invocation);
  const facts = await gather(invocation);
  const page = await pageLines(invocation);
  const olderCode = running && (await isCodeNewer(invocation.context.codeRoot, Date.now() - facts.owner.uptimeMs));
  io.result({ started: !running, olderCode, ...facts }, () => render(invocation, { ...facts, page }, running));
  if (olderCode) {
    const restart = commandLine(invocation, "gateway restart");
    io.note(
      io.style("yellow", `note: this gateway runs the code from before an update; ${restart} starts the new one`),
    );
  }
}

type Facts = { readonly owner: OwnerStatus; readonly gateway: StatusResult };

async function gather(invocation: Invocation): Promise<Facts> {
  const owner = await withRunningOwner(invocation, async (client) => {
    if (client === undefined) throw new LoricaError("unavailable", "the gateway ended right after its start");
    return client.call("owner.status", {});
  });
  const gateway = await withGateway(invocation, (client) => client.call("status", {}));
  return { owner, gateway };
}

/** A link is minted only where a person sees it: in a log it would be one more secret lying about. */
async function pageLines(invocation: Invocation): Promise<string> {
  const more = commandLine(invocation, "dashboard");
  if (!invocation.io.interactive) return `for a link that signs a browser in: ${more}`;
  try {
    const { url, expiresAt } = await signInLink(invocation);
    return `${url}\nsigns a browser in, once, until ${timeOf(expiresAt)}; another link: ${more}`;
  } catch (error) {
    // What was started runs all the same.
    if (error instanceof LoricaError && error.code === "unavailable") return error.message;
    throw error;
  }
}

function render(
  invocation: Invocation,
  { owner, gateway, page }: Facts & { readonly page: string },
  wasRunning: boolean,
): void {
  const { io, context } = invocation;
  const what = wasRunning ? "is already running" : "is running";
  io.line(io.style("bold", `Lorica ${context.version} ${what} (pid ${owner.pid})`));
  io.line();
  const rows = [
    ["talk to it", commandLine(invocation, 'agent --message "hello"')],
    ["", commandLine(invocation, "chat")],
    ["page", page],
    ["workspace", owner.paths.workspace],
    ["model", modelLine(invocation, gateway)],
    ["sandbox", sandboxLine(invocation, owner)],
    ["address", owner.listen === null ? "none" : `http://${renderPlace(owner.listen)}`],
    ["config", owner.paths.config],
    ["log", owner.paths.log],
    ["stop it", commandLine(invocation, "gateway stop")],
  ];
  for (const line of renderTable(rows, { width: Infinity, indent: "  " })) io.line(line);
  for (const notice of owner.notices) io.note(io.style("yellow", `note: ${notice}`));
}

/** Said wherever a model is named: the rehearsal model must never be taken for an AI. */
export function modelLine(invocation: Invocation, { sessions }: StatusResult): string {
  const { modelProvider, model } = sessions.defaults;
  const configure = `to use one: ${commandLine(invocation, "onboard --help")}`;
  if (modelProvider === null || model === null) return `none is configured; ${configure}`;
  if (modelProvider === "rehearsal") return `rehearsal: not an AI, it only plays one; ${configure}`;
  return `${modelProvider}/${model}`;
}

export function sandboxLine(invocation: Invocation, { sandbox }: OwnerStatus): string {
  if (sandbox.state === "verified") return "verified on this machine: commands and files stay in the workspace";
  // The sandbox is tried at start, and not again.
  const fix = sandbox.fix === null ? "" : `\n${sandbox.fix}\nthen: ${commandLine(invocation, "gateway restart")}`;
  return `off, so commands and file tools are off: ${sandbox.reason ?? "it was not verified"}${fix}`;
}
