// An action in one line, for the audit log. Its writer redacts it.
import type { Action } from "../../base/action.ts";
import { safeHead } from "../truncate.ts";

const lineMaxChars = 1_000;

export function renderResource(action: Action): string {
  return safeHead(describe(action).replace(/[\r\n]+/g, "\\n"), lineMaxChars);
}

function describe(action: Action): string {
  switch (action.verb) {
    case "process.run":
      return action.resource.command;
    case "process.control":
      return action.resource.operation === "list"
        ? "list"
        : `${action.resource.operation} ${action.resource.processId}`;
    case "file.read":
      return action.resource.operation === "read"
        ? `read ${action.resource.path}`
        : `${action.resource.operation} ${action.resource.pattern} in ${action.resource.path}`;
    case "file.write":
      return action.resource.operation === "apply_patch"
        ? "apply_patch"
        : `${action.resource.operation} ${action.resource.path}`;
    case "model.request":
      return `${action.resource.method} ${action.resource.url}`;
    case "channel.request":
      return `${action.resource.method} ${action.resource.channel}/${action.resource.account}`;
    case "message.send":
    case "message.signal":
      return `${action.resource.channel} ${action.resource.recipient}`;
    case "node.invoke":
      return `${action.resource.command} on ${action.resource.nodeId}`;
    case "session.inspect":
      return action.resource.sessionKey;
  }
}
