// Which capability of the kill switch an action belongs to.
import type { Action, Verb } from "../base/action.ts";
import type { Capability, Effect } from "./halts.ts";

const capabilityOf: Readonly<Record<Verb, Capability | undefined>> = {
  "process.run": "exec",
  "process.control": "exec",
  "file.read": "files",
  "file.write": "files",
  "model.request": "model",
  "message.send": "channels",
  "message.signal": "channels",
  "channel.request": "channels",
  "node.invoke": "nodes",
  // Looking at one's own conversation changes nothing and leaves nothing.
  "session.inspect": undefined,
};

/** Undefined for what the kill switch never stops. */
export function effectOf(action: Action): Effect | undefined {
  const capability = capabilityOf[action.verb];
  return capability === undefined ? undefined : { agentId: action.agentId, capability };
}
