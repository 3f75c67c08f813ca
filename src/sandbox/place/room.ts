// Which room a session's cell is: what the config gives its agent, what the broker adds to that for now, and when a cell
// that is there already will do.
import { LoricaError } from "../../base/errors.ts";
import type { CellSettings } from "../sandbox.ts";
import { lockedFiles, lookAtLocked } from "./locked.ts";
import type { LockedFiles } from "./locked.ts";
import { checkBinds, checkWorkspace, realPathOr } from "./workspace.ts";
import type { FolderIdentity } from "./workspace.ts";

export type CellKey = {
  readonly agentId: string;
  readonly sessionKey: string;
  /** Whether nobody but the owner has said anything in what led here. */
  readonly isOwnersOnly?: boolean;
};

export type CellRoom = {
  /** As the config has it. */
  readonly configured: CellSettings;
  /** As the cell has it. */
  readonly settings: CellSettings;
  readonly workspaceIdentity: FolderIdentity;
  readonly lockedFiles: LockedFiles;
};

export type RoomsOptions = {
  /** What the config gives each agent now. */
  readonly agents: () => ReadonlyMap<string, CellSettings>;
  readonly protectedPaths: readonly string[];
  /** Whether the owner has lowered the filter of system calls for now, where an agent's settings ask for that. */
  readonly isLowered?: () => boolean;
  /** Whether an agent's first conversation is not over; left out where the file that starts it says so by itself. */
  readonly isFirst?: ((agentId: string) => boolean) | undefined;
};

/** Throws where the config gives this agent nothing, or a folder that no cell may have. */
export function createRooms(options: RoomsOptions): (key: CellKey) => CellRoom {
  const protectedPaths = options.protectedPaths.flatMap((path) => [path, realPathOr(path)]);

  /** By who can have spoken, never by the session's name: what is called main may have read a stranger's page. */
  function filterOf({ mode }: CellSettings, { isOwnersOnly }: CellKey): Pick<CellSettings, "filter"> {
    const isAsked = mode === "off" || (mode === "non-main" && isOwnersOnly === true);
    return isAsked && options.isLowered?.() === true ? { filter: "relaxed" } : {};
  }

  return (key) => {
    const agents = options.agents();
    const configured = agents.get(key.agentId);
    if (configured === undefined) throw new LoricaError("forbidden", `no cell is configured for agent ${key.agentId}`);
    const isFirst = options.isFirst?.(key.agentId) ?? true;
    const locked = lockedFiles(configured, { isOwnersOnly: key.isOwnersOnly, isFirst });
    const settings = { ...configured, ...filterOf(configured, key), locked };
    const others = [...agents].filter(([id]) => id !== key.agentId).map(([, other]) => other);
    checkBinds(settings, { protectedPaths, others });
    const workspaceIdentity = checkWorkspace(settings, { protectedPaths, others });
    return { configured, settings, workspaceIdentity, lockedFiles: lookAtLocked(settings) };
  };
}

/** Whether a cell that was started as the one is still what the other asks for. */
export function isRoomFor(there: CellRoom, { configured, settings, workspaceIdentity }: CellRoom): boolean {
  const isSame = JSON.stringify(there.configured) === JSON.stringify(configured);
  // A cell in which more is locked will do; one in which less is, as after the first conversation, will not.
  const isLocked = (settings.locked ?? []).every((name) => there.settings.locked?.includes(name));
  return isSame && isLocked && there.workspaceIdentity === workspaceIdentity && hasLocks(there);
}

/** Whether what it has closed is what lies there now. */
export function hasLocks({ settings, lockedFiles: before }: Pick<CellRoom, "settings" | "lockedFiles">): boolean {
  const now = lookAtLocked(settings);
  return before.entries().every(([name, file]) => now.get(name) === file);
}

/** Whoever has the same name has the same cell. Agents that share one must be the same in everything. */
export function roomName({ agentId, sessionKey }: CellKey, { configured, settings }: CellRoom): string {
  const filter = settings.filter ?? "full";
  if (settings.scope === "shared") return JSON.stringify(["shared", filter, configured]);
  if (settings.scope === "agent") return JSON.stringify(["agent", filter, agentId]);
  return JSON.stringify(["session", filter, agentId, sessionKey]);
}
