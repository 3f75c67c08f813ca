// `node`: making this machine one that a gateway elsewhere may ask, and saying what it may be asked to run.
import { LoricaError } from "../../../base/errors.ts";
import { stripControls } from "../../../base/text/controls.ts";
import type { StatePaths } from "../../../config/config.ts";
import { allowCommand, disallowCommand, findProgram, loadAllowed, runNodeHost } from "../../../node-host/node-host.ts";
import type { AllowedCommand } from "../../../node-host/node-host.ts";
import type { Invocation } from "../../context.ts";
import { clientPaths, configuredRemote, parseUrl, readCredentials } from "../../remote.ts";
import type { Remote } from "../../remote.ts";
import { commandLine } from "../../reach.ts";

export async function runNode(invocation: Invocation): Promise<void> {
  const { context, paths, options, io, signal } = invocation;
  const remote = await remoteOf(invocation);
  await runNodeHost(
    {
      ...remote,
      version: context.version,
      displayName: options.text("displayName"),
      paths: { key: nodeKey(paths), files: clientPaths(paths).files, allowed: allowedPath(paths) },
      say: (line) => io.note(stripControls(line)),
    },
    signal,
  );
}

/** From flags; else from the config, where it says that the gateway is elsewhere; else this machine's own. */
async function remoteOf(invocation: Invocation): Promise<Remote> {
  const { options } = invocation;
  const host = options.text("host");
  const named = options.text("url") ?? (host === undefined ? undefined : urlOf(host, invocation));
  if (named !== undefined) return { url: await parseUrl(named), ...(await readCredentials(invocation, true)) };
  const configured = await configuredRemote(invocation);
  if (configured !== undefined) return configured;
  return { url: await parseUrl(urlOf("127.0.0.1", invocation)), ...(await readCredentials(invocation, true)) };
}

function urlOf(host: string, { options }: Invocation): string {
  const port = options.whole("port", { min: 1, max: 65_535 }) ?? 18_789;
  const scheme = options.flag("tls") || options.text("tlsFingerprint") !== undefined ? "wss" : "ws";
  return `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** `node allow -- uptime -p`: this line and no other. */
export async function allow(invocation: Invocation): Promise<void> {
  const { io, paths } = invocation;
  const command = commandOf(invocation);
  const isNew = await allowCommand(allowedPath(paths), command);
  const run = commandLine(invocation, "node run");
  io.result({ command, added: isNew }, () =>
    io.line(`${isNew ? "allowed" : "was allowed already"}: ${shown(command)}. It holds at once where \`${run}\` runs`),
  );
}

export async function disallow(invocation: Invocation): Promise<void> {
  const { io, paths } = invocation;
  const command = commandOf(invocation);
  const was = await disallowCommand(allowedPath(paths), command);
  io.result({ command, removed: was }, () =>
    io.line(`${was ? "not allowed any more" : "was not allowed"}: ${shown(command)}`),
  );
}

export async function listAllowed(invocation: Invocation): Promise<void> {
  const { io, paths } = invocation;
  const commands = await loadAllowed(allowedPath(paths));
  io.result({ path: allowedPath(paths), commands }, () => {
    if (commands.length === 0) io.line("a gateway may run nothing here");
    for (const command of commands) io.line(shown(command));
  });
}

function commandOf({ args, options }: Invocation): AllowedCommand {
  const [name = "", ...rest] = args;
  const program = findProgram(name);
  if (program === undefined)
    throw new LoricaError(
      "not_found",
      `there is no program ${JSON.stringify(name)} where a node looks for programs; give its absolute path`,
    );
  const cwd = options.text("cwd");
  return { argv: [program, ...rest], ...(cwd === undefined ? {} : { cwd }) };
}

function shown({ argv, cwd }: AllowedCommand): string {
  const line = argv.map((word) => (/^[\w./:=@%+-]+$/.test(word) ? word : JSON.stringify(word))).join(" ");
  return stripControls(cwd === undefined ? line : `${line}  (in ${cwd})`);
}

/** A key of its own: approving a node says nothing about the command line of the same machine. */
function nodeKey({ identity }: StatePaths): string {
  return `${identity}/node.json`;
}

function allowedPath({ identity }: StatePaths): string {
  return `${identity}/node-commands.json`;
}
