// A node as people and programs are shown it: what is stored of it, what it says while it is connected, and what of that
// may be invoked.
import type { NodeDescription, NodePairEntry, NodePairRequest, NodeRow } from "../protocol/nodes/shapes.ts";
import { approvalScopes } from "../protocol/nodes/commands.ts";
import type { NodeDescription as About, NodeRecord, NodeRequest } from "../store/store.ts";
import { judgeCommands } from "./commands.ts";
import type { CommandJudgement, CommandRules } from "./commands.ts";
import type { LiveNode } from "./link.ts";
import type { Reported } from "./reports.ts";

/** Everything that is known of one node; at least one of the first three is there. */
export type Known = {
  readonly nodeId: string;
  readonly record: NodeRecord | undefined;
  readonly request: NodeRequest | undefined;
  readonly live: LiveNode | undefined;
};

export function judge({ record, live }: Known, rules: CommandRules): readonly CommandJudgement[] {
  const about = live?.about ?? record?.about;
  if (about === undefined) return [];
  const approved = record?.approved.commands ?? [];
  return judgeCommands({ platform: about.platform, declared: live?.declared.commands ?? approved, approved }, rules);
}

export function nodeRow(known: Known, rules: CommandRules): NodeRow {
  const { nodeId, record, request, live } = known;
  const about = aboutOf(known);
  const judged = judge(known, rules);
  const approved = new Set(record?.approved.caps);
  const caps = (live?.declared.caps ?? record?.approved.caps ?? []).filter((cap) => approved.has(cap));
  return {
    nodeId,
    ...described(about, record?.label),
    clientId: about.clientId,
    clientMode: about.clientMode,
    caps,
    commands: judged.filter(({ withheld }) => withheld === undefined).map(({ command }) => command),
    declaredCommands: live?.declared.commands ?? request?.surface.commands ?? record?.approved.commands ?? [],
    approvalState: approvalState(record, request),
    ...(record === undefined ? {} : { approvedAtMs: record.approvedAt }),
    ...(record?.lastSeenAt === undefined ? {} : { lastSeenAtMs: record.lastSeenAt }),
    ...(live === undefined ? {} : { connectedAtMs: live.connectedAt }),
    paired: true,
    connected: live !== undefined,
  };
}

export function nodeDescription(known: Known, rules: CommandRules, reported: Reported): NodeDescription {
  const { hostStats, skills, tools } = reported;
  return {
    ...nodeRow(known, rules),
    ...(hostStats === undefined ? {} : { hostStats }),
    skills,
    tools,
    withheld: judge(known, rules).flatMap(({ command, withheld }) =>
      withheld === undefined ? [] : [{ command, reason: withheld }],
    ),
  };
}

export function pairRequest(
  { id, nodeId, about, surface, createdAt }: NodeRequest,
  isRepair: boolean,
): NodePairRequest {
  return {
    requestId: id,
    nodeId,
    ...described(about, undefined),
    caps: surface.caps,
    commands: surface.commands,
    isRepair,
    requiredApproveScopes: approvalScopes(surface.commands),
    ts: createdAt,
  };
}

export function pairEntry({ nodeId, about, label, approved, approvedAt, lastSeenAt }: NodeRecord): NodePairEntry {
  return {
    nodeId,
    ...described(about, label),
    caps: approved.caps,
    commands: approved.commands,
    approvedAtMs: approvedAt,
    ...(lastSeenAt === undefined ? {} : { lastConnectedAtMs: lastSeenAt }),
  };
}

function aboutOf({ record, request, live }: Known): About {
  const about = live?.about ?? record?.about ?? request?.about;
  return (
    about ?? {
      displayName: undefined,
      platform: "",
      deviceFamily: undefined,
      version: "",
      clientId: "",
      clientMode: "",
    }
  );
}

function described(about: About, label: string | undefined) {
  const displayName = label ?? about.displayName;
  return {
    ...(displayName === undefined ? {} : { displayName }),
    platform: about.platform,
    version: about.version,
    ...(about.deviceFamily === undefined ? {} : { deviceFamily: about.deviceFamily }),
  };
}

function approvalState(record: NodeRecord | undefined, request: NodeRequest | undefined): NodeRow["approvalState"] {
  if (record === undefined) return "pending-approval";
  return request === undefined ? "approved" : "pending-reapproval";
}
