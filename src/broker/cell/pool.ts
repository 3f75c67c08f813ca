// The cells that are open: found by session, bounded in number, closed after a while without work.
import { LoricaError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import { parsed, rejected } from "../../base/parsed.ts";
import type { Parsed } from "../../base/parsed.ts";
import { abortError, unlessAborted } from "../../base/wait.ts";
import type { OwnerCell } from "../../protocol/owner/sandbox.ts";
import { createRooms, hasLocks, isRoomFor, profileDigest, roomName } from "../../sandbox/sandbox.ts";
import type {
  CellGroups,
  CellHost,
  CellKey,
  CellProfile,
  CellRoom,
  CellSettings,
  CellWayOut,
} from "../../sandbox/sandbox.ts";
import type { BackgroundEnd } from "./commands.ts";
import type { WayOut } from "./listener.ts";
import { startCell } from "./process.ts";
import type { Cell } from "./process.ts";
import { isBusy, isOld, viewOf, worksLately } from "./slot.ts";
import type { Slot } from "./slot.ts";

export type { WayOut } from "./listener.ts";
export type { Cell } from "./process.ts";

export type CellPlace = {
  readonly bwrap: string;
  readonly host: CellHost;
  readonly profile: CellProfile;
  readonly groups?: CellGroups;
};

/** What a new cell gets as its way out; undefined where it has none for now. */
export type OpenWayOut = (key: CellKey, wanted: CellWayOut) => WayOut | undefined;

export type Pool = {
  /** Runs `use` with the session's cell, which is started first where there is none, in the place that there is then. */
  use<T>(
    key: CellKey,
    place: () => CellPlace,
    work: { readonly use: (cell: Cell) => Promise<T>; readonly signal: AbortSignal },
  ): Promise<T>;
  /** Where an agent works, or why that is a folder which no cell may have. */
  workspaceOf(agentId: string): Parsed<string>;
  /** What a cell would be that were started there now. */
  describe(key: CellKey, place: () => CellPlace): Parsed<CellDescription>;
  list(): readonly OwnerCell[];
  /** Ends these cells, whatever runs in them, and says how many there were. */
  end(which: (cell: OwnerCell) => boolean): Promise<number>;
  /** Ends the cells that have not closed what lies in their workspace by now. */
  endUnlocked(): Promise<void>;
  /** Whether something that runs, or ran a moment ago, can have written an instruction of this agent. */
  mayWriteInstructions(agentId: string): boolean;
  /** The same, and none is started any more. */
  close(): Promise<void>;
};

export type CellDescription = { readonly settings: CellSettings; readonly digest: string };

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
  /** Whether the owner has lowered the filter of system calls for now, where an agent's settings ask for that. */
  readonly isLowered?: () => boolean;
  readonly isFirst?: ((agentId: string) => boolean) | undefined;
  readonly openWayOut?: OpenWayOut | undefined;
  readonly bounds?: PoolBounds;
}): Pool {
  const { cellsMax, idleMax, idleMs } = options.bounds ?? defaultBounds;
  const slots = new Map<string, Slot>();
  const retiring = new Set<Promise<void>>();
  /** Agents whose commands could write their instructions until a moment ago, and until when that is remembered. */
  const suspects = new Map<string, number>();
  let closed = false;

  const roomOf = createRooms(options);

  async function slotFor(key: CellKey, place: () => CellPlace): Promise<Slot> {
    if (closed) throw new LoricaError("unavailable", "the broker is stopping");
    const room = roomOrNone(key);
    const name = roomName(key, room);
    const known = slots.get(name);
    if (known !== undefined && isRoomFor(known, room) && !isOld(known)) return known;
    if (known !== undefined) await retire(known);
    // Somebody else may have been quicker while the old one closed.
    if (slots.has(name)) return await slotFor(key, place);
    makeRoom();
    const slot = start({ ...room, key, name }, place());
    slots.set(name, slot);
    return slot;
  }

  function roomOrNone(key: CellKey): CellRoom {
    try {
      return roomOf(key);
    } catch (error) {
      for (const slot of slots.values()) if (slot.key.agentId === key.agentId) void retire(slot);
      throw error;
    }
  }

  function isCurrent(slot: Slot): boolean {
    try {
      return isRoomFor(slot, roomOf(slot.key)) && !isOld(slot);
    } catch (error) {
      // Whoever asks for the next cell is told why there is none.
      if (error instanceof LoricaError) return false;
      throw error;
    }
  }

  function start(room: CellRoom & Pick<Slot, "key" | "name">, place: CellPlace): Slot {
    const { key, settings } = room;
    const starting = new AbortController();
    const onGone = (end: BackgroundEnd): void => {
      slot.usedAt = performance.now();
      options.onGone(key, end);
    };
    const wayOut = settings.wayOut === undefined ? undefined : options.openWayOut?.(key, settings.wayOut);
    const launch = { ...place, settings: withWayOut(settings, wayOut), wayOut, trustFile: wayOut?.trustFile, onGone };
    const cell = startCell(launch, starting.signal);
    const slot: Slot = {
      ...room,
      digest: profileDigest({ ...place, settings }),
      startedAt: performance.now(),
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
    if (slots.get(slot.name) === slot) slots.delete(slot.name);
  }

  /** Remembered until it has happened, so that closing the pool waits for every cell that it ever opened. */
  async function retire(slot: Slot): Promise<void> {
    forget(slot);
    if (worksLately(slot) && !hasLocks(slot))
      suspects.set(slot.key.agentId, performance.now() + limits.watchdogSuspectMs);
    const leaving = finish(slot);
    retiring.add(leaving);
    await leaving;
    retiring.delete(leaving);
  }

  async function finish(slot: Slot): Promise<void> {
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
    keepFor(slot);
    // Each keeps some twenty megabytes, and another is there in a twentieth of a second.
    for (const surplus of idleSlots().slice(0, -idleMax)) void retire(surplus);
  }

  /** Also one that works, where its agent is gone from the config or works somewhere else by now. */
  function closeIfIdle(slot: Slot): void {
    if (!isBusy(slot) || !isCurrent(slot)) return void retire(slot);
    keepFor(slot);
  }

  function keepFor(slot: Slot): void {
    const longestMs = 0x7fff_ffff;
    const forMs = Math.min(slot.settings.idleMs ?? idleMs, longestMs);
    slot.timer = setTimeout(() => closeIfIdle(slot), forMs).unref();
  }

  function orReason<T>(look: () => T): Parsed<T> {
    try {
      return parsed(look());
    } catch (error) {
      if (error instanceof LoricaError) return rejected(error.message);
      throw error;
    }
  }

  async function endSlots(which: (slot: Slot) => boolean): Promise<number> {
    const ending = [...slots.values()].filter(which);
    for (const slot of ending) void retire(slot);
    await Promise.all(retiring);
    return ending.length;
  }

  const end = (which: (cell: OwnerCell) => boolean): Promise<number> => endSlots((slot) => which(viewOf(slot)));

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
    workspaceOf: (agentId) => orReason(() => roomOf({ agentId, sessionKey: "" }).settings.workspace),
    describe: (key, place) =>
      orReason(() => {
        const { settings } = roomOf(key);
        return { settings, digest: profileDigest({ ...place(), settings }) };
      }),
    list: () => [...slots.values()].map(viewOf),
    end,
    async endUnlocked() {
      await endSlots((slot) => !hasLocks(slot));
    },
    mayWriteInstructions: (agentId) =>
      (suspects.get(agentId) ?? 0) > performance.now() ||
      slots
        .values()
        .filter((slot) => slot.key.agentId === agentId || slot.settings.scope === "shared")
        .some((slot) => worksLately(slot) && !isCurrent(slot)),
    async close() {
      closed = true;
      await end(() => true);
    },
  };
}

function withWayOut({ wayOut, ...settings }: CellSettings, opened: WayOut | undefined): CellSettings {
  return opened === undefined || wayOut === undefined ? settings : { ...settings, wayOut };
}
