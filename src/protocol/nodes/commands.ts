// What nodes can be asked to do, by exact name, and which of it asks for more than the scope to write.
import type { Scope } from "../scopes.ts";

/** These reach the node's files, its browser's sessions or a shell of it. */
const adminCommands: ReadonlySet<string> = new Set([
  "browser.proxy",
  "browser.proxy.upload.v1",
  "fs.listDir",
  "terminal.upload",
  "system.run",
  "system.run.prepare",
  "system.execApprovals.get",
  "system.execApprovals.set",
  "mcp.tools.call.v1",
  "agent.cli.claude.run.v1",
  "computer.act",
  "desktop.stream",
]);

/** A command's name is compared as it stands: no patterns, no upper case that means lower case. */
export function isCommandName(name: string): boolean {
  return /^[A-Za-z][A-Za-z0-9]*(\.[A-Za-z0-9_-]+)+$/.test(name) && name.length <= 128;
}

export function invokeScope(command: string): Scope {
  return adminCommands.has(command) ? "operator.admin" : "operator.write";
}

/** What it takes to let a node offer these. */
export function approvalScopes(commands: readonly string[]): readonly Scope[] {
  if (commands.length === 0) return ["operator.pairing"];
  const asksForAdmin = commands.some((command) => adminCommands.has(command));
  return ["operator.pairing", asksForAdmin ? "operator.admin" : "operator.write"];
}
