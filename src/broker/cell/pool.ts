// The cells that are open: found by session, bounded in number, closed after a while without work.
import { LoricaError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import { parsed, rejected } from "../../base/parsed.ts";
import type { Parsed } from "../../base/parsed.ts";
import { abortError, unlessAborted } from "../../base/wait.ts";
import type { CellHost, CellProfile, CellSettings } from "../../sandbox/sandbox.ts";
import type { BackgroundEnd } from "./commands.ts";
import { startCell } from "./process.ts";
import type { Cell } from "./process.ts";
import { checkWorkspace, realPathOr } from "./workspace.ts";
import type { FolderIdentity } from "./workspace.ts";

export type { Cell } from "./process.ts";

export type CellKey = { readonly agentId: string; readonly sessionKey: string };

export type CellPlace = { readonly bwrap: string; readonly host: CellHost; readonly profile: CellProfile };

export type Pool = {
  /** Runs `use` with the session's cell, which is started first where there is none, in the place that there is then. */
  use<T>(
    key: CellKey,
    place: () => CellPlace,
    work: { readonly use: (cell: Cell) => Promise<T>; readonly signal: AbortSignal },
  ): Promise<T>;
  /** Where an agent works, or why that is a folder which no cell may have. */
  workspaceOf(agentId: string): Parsed<string>;
  /** Ends every cell, whatever runs in it. */
  clear(): Promise<void>;
  /** The same, and none is started any more. */
  close(): Promise<void>;
};

type Room = { readonly settings: CellSettings; readonly workspaceIdentity: FolderIdentity };

type Slot = Room & {
  readonly key: CellKey;
  readonly starting: AbortController;
  readonly cell: Promise<Cell>;
  /** Set once it has started. */
  open: Cell | undefined;
  users: number;
  usedAt: number;
  timer: NodeJS.Timeout | undefined;
};

/** How many there may be, how many of them without work, and how long such a one is kept. */
export type PoolBounds = { readonly cellsMax: number; readonly idleMax: number; readonly idleMs: number };

const defaultBounds: PoolBounds = {
  cellsMax: limits.cellsMax,
  idleMax: limits.cellsIdleMax,
  idleMs: limits.cellIdleMs,
};

export function createPool(options: {
  /** What the config gives each agent now. */
  readonly agents: () => ReadonlyMap<string, CellSettings>;
  readonly protectedPaths: readonly string[];
  readonly onGone: (key: CellKey, end: BackgroundEnd) => void;
  readonly bounds?: PoolBounds;
}): Pool {
  const { cellsMax, idleMax, idleMs } = options.bounds ?? defaultBounds;
  const slots = new Map<string, Slot>();
  const retiring = new Set<Promise<void>>();
  let closed = false;

  const protectedPaths = options.protectedPaths.flatMap((path) => [path, realPathOr(path)]);

  async function slotFor(key: CellKey, place: () => CellPlace): Promise<Slot> {
    if (closed) throw new LoricaError("unavailable", "the broker is stopping");
    const known = slots.get(nameOf(key));
    if (known !== undefined && isCurrent(known)) return known;
    if (known !== undefined) await retire(known);
    // Somebody else may have been quicker while the old one closed.
    if (slots.has(nameOf(key))) return await slotFor(key, place);
    const room = roomOf(key.agentId);
    makeRoom();
    const slot = start(key, room, place());
    slots.set(nameOf(key), slot);
    return slot;
  }

  /** Throws where the config gives this agent nothing, or a folder that no cell may have. */
  function roomOf(agentId: string): Room {
    const agents = options.agents();
    const settings = agents.get(agentId);
    if (settings === undefined) throw new LoricaError("forbidden", `no cell is configured for agent ${agentId}`);
    const othersWorkspaces = [...agents].filter(([id]) => id !== agentId).map(([, { workspace }]) => workspace);
    return { settings, workspaceIdentity: checkWorkspace(settings, { protectedPaths, othersWorkspaces }) };
  }

  function isCurrent(slot: Slot): boolean {
    try {
      const { settings, workspaceIdentity } = roomOf(slot.key.agentId);
      return (
        slot.settings.workspace === settings.workspace &&
        slot.settings.access === settings.access &&
        slot.workspaceIdentity === workspaceIdentity
      );
    } catch (error) {
      // Whoever asks for the next cell is told why there is none.
      if (error instanceof LoricaError) return false;
      throw error;
    }
  }

  function start(key: CellKey, { settings, workspaceIdentity }: Room, place: CellPlace): Slot {
    const starting = new AbortController();
    const launch = { ...place, settings, onGone: (end: BackgroundEnd) => options.onGone(key, end) };
    const cell = startCell(launch, starting.signal);
    const slot: Slot = {
      key,
      settings,
      workspaceIdentity,
      starting,
      cell,
      open: undefined,
      users: 0,
      usedAt: performance.now(),
      timer: undefined,
    };
    cell.then(
      (open) => {
        slot.open = open;
        open.ended.then(() => forget(slot)).catch(() => forget(slot));
      },
      () => forget(slot),
    );
    return slot;
  }

  function forget(slot: Slot): void {
    clearTimeout(slot.timer);
    if (slots.get(nameOf(slot.key)) === slot) slots.delete(nameOf(slot.key));
  }

  /** Remembered until it has happened, so that closing the pool waits for every cell that it ever opened. */
  async function retire(slot: Slot): Promise<void> {
    forget(slot);
    const leaving = end(slot);
    retiring.add(leaving);
    await leaving;
    retiring.delete(leaving);
  }

  async function end(slot: Slot): Promise<void> {
    slot.starting.abort(new LoricaError("cancelled", "the sandbox cell was closed before it had started"));
    await slot.cell.then(
      (cell) => cell.close(),
      () => undefined,
    );
  }

  /** The one that has been idle longest gives way; a cell that works never does. */
  function makeRoom(): void {
    if (slots.size < cellsMax) return;
    const [idle] = idleSlots();
    if (idle === undefined)
      throw new LoricaError("overloaded", `${cellsMax} sandbox cells are at work; try again later`);
    void retire(idle);
  }

  /** Longest idle first. */
  function idleSlots(): readonly Slot[] {
    return [...slots.values()].filter((slot) => !isBusy(slot)).toSorted((a, b) => a.usedAt - b.usedAt);
  }

  function leave(slot: Slot): void {
    slot.users -= 1;
    slot.usedAt = performance.now();
    clearTimeout(slot.timer);
    slot.timer = setTimeout(() => closeIfIdle(slot), idleMs).unref();
    // Each keeps some twenty megabytes, and another is there in a twentieth of a second.
    for (const surplus of idleSlots().slice(0, -idleMax)) void retire(surplus);
  }

  /** Also one that works, where its agent is gone from the config or works somewhere else by now. */
  function closeIfIdle(slot: Slot): void {
    if (!isBusy(slot) || !isCurrent(slot)) return void retire(slot);
    slot.timer = setTimeout(() => closeIfIdle(slot), idleMs).unref();
  }

  function workspaceOf(agentId: string): Parsed<string> {
    try {
      return parsed(roomOf(agentId).settings.workspace);
    } catch (error) {
      if (error instanceof LoricaError) return rejected(error.message);
      throw error;
    }
  }

  async function clear(): Promise<void> {
    for (const slot of slots.values()) void retire(slot);
    await Promise.all(retiring);
  }

  return {
    async use(key, place, { use, signal }) {
      if (signal.aborted) throw abortError(signal);
      const slot = await slotFor(key, place);
      slot.users += 1;
      try {
        // A cell that is being started is not stopped because one of those who wait for it left.
        return await use(await unlessAborted(slot.cell, signal));
      } finally {
        leave(slot);
      }
    },
    workspaceOf,
    clear,
    async close() {
      closed = true;
      await clear();
    },
  };
}

function isBusy(slot: Slot): boolean {
  return slot.users > 0 || slot.open === undefined || slot.open.isBusy();
}

function nameOf(key: CellKey): string {
  return `${key.agentId}\0${key.sessionKey}`;
}
