// Watches over the files that tell an agent how to behave. No cell can write one that it has closed, so a change of it was
// made on the machine itself: it holds, and the owner hears of it. One that appears out of nowhere, or changes while
// something runs whose room has not closed it, may be a command's making, so it holds only after the owner's word.
import type { Clock } from "../base/clock.ts";
import { LoricaError } from "../base/errors.ts";
import { sha256 } from "../base/ids.ts";
import { firstConversationFiles, instructionFiles } from "../protocol/known/instruction-files.ts";
import type { AlertOwner } from "./alerts.ts";
import type { InstructionBook, KnownFile } from "./instruction-book.ts";
import { readPlain, removePlain, writePlain } from "./plain-file.ts";

export type Watched = { readonly id: string; readonly workspace: string };

export type InstructionEvent = {
  readonly agentId: string;
  readonly name: string;
  readonly what: "changed" | "removed" | "put aside" | "put back";
  readonly by: KnownFile["by"];
};

/** A file as it was read for a model. */
export type ReadFile = { readonly name: string; readonly sha256: string };

export type InstructionWatch = {
  /** Compares the files of one agent, or of all, with what is in force. */
  look(agentId?: string): void;
  /** Which of these contents may be told to a model. Looks first, once for all of them: nothing new is told unjudged. */
  inForce<F extends ReadFile>(agentId: string, files: readonly F[]): readonly F[];
  /**
   * The gateway had this content written, by its word for the owner, who therefore hears of it. To be called in the same
   * turn as the write: a look that came between would take it for a change by hand.
   */
  written(agentId: string, name: string, content: string): void;
  /** What was put aside comes into force. */
  accept(agentId: string, name: string): void;
  /** Back to the content before the last change. */
  restore(agentId: string, name: string): void;
  /** Whether the agent's first conversation is not over: there is a file that starts it, and no agent put it there. */
  isFirst(agentId: string): boolean;
  /** What is there now is what later changes are counted from. */
  baseline(): void;
  list(): readonly (KnownFile & { readonly agentId: string; readonly name: string })[];
};

export type InstructionOptions = {
  readonly agents: () => readonly Watched[];
  readonly book: InstructionBook;
  readonly clock: Clock;
  readonly alertOwner: AlertOwner;
  readonly record: (event: InstructionEvent) => void;
  /** Whether a command that runs, or ran a moment ago, can have written an instruction of this agent. */
  readonly mayBeWritten: (agentId: string) => boolean;
};

type Place = { readonly agentId: string; readonly workspace: string; readonly name: string; readonly key: string };

export function watchInstructions(options: InstructionOptions): InstructionWatch {
  const { agents, book, record } = options;
  const judge = createJudge(options);
  let started = false;

  const placesOf = (agentId?: string): readonly Place[] =>
    agents()
      .filter(({ id }) => agentId === undefined || id === agentId)
      .flatMap(({ id, workspace }) =>
        instructionFiles.map((name) => ({ agentId: id, workspace, name, key: `${id}/${name}` })),
      );

  function look(agentId?: string): void {
    // The end of the first conversation is judged last: what it wrote before it ended is still its own.
    const places = placesOf(agentId).toSorted((a, b) => rank(a.name) - rank(b.name));
    for (const place of places) judge.look(place, started ? "running" : "starting");
    if (agentId === undefined) started = true;
  }

  /** The owner's word, from what was kept. */
  function bringBack(agentId: string, name: string, which: "aside" | "previous"): void {
    const place = placesOf(agentId).find((each) => each.name === name);
    if (place === undefined)
      throw new LoricaError("not_found", `${name} is no instruction file of an agent ${JSON.stringify(agentId)}`);
    const hash = book.find(place.key)?.[which] ?? undefined;
    const bytes = hash === undefined ? undefined : book.copy(hash);
    if (bytes === undefined)
      throw new LoricaError(
        "not_found",
        which === "aside" ? `nothing was put aside for ${name}` : `no earlier content of ${name} is known`,
      );
    writePlain(place.workspace, name, bytes);
    judge.take(place, sha256(bytes), "owner");
    record({ agentId, name, what: "changed", by: "owner" });
  }

  return {
    look,
    inForce(agentId, files) {
      if (files.some(({ name }) => instructionFiles.includes(name))) look(agentId);
      return files.filter(
        ({ name, sha256: hash }) => !instructionFiles.includes(name) || book.find(`${agentId}/${name}`)?.hash === hash,
      );
    },
    written(agentId, name, content) {
      const place = placesOf(agentId).find((each) => each.name === name);
      if (place !== undefined) judge.written(place, sha256(content));
    },
    accept: (agentId, name) => bringBack(agentId, name, "aside"),
    restore: (agentId, name) => bringBack(agentId, name, "previous"),
    isFirst: judge.isFirst,
    baseline() {
      look();
      for (const [key, known] of book.entries()) book.set(key, { ...known, base: known.hash });
    },
    list: () =>
      placesOf().flatMap(({ agentId, name, key }) => {
        const known = book.find(key);
        return known === undefined ? [] : [{ agentId, name, ...known }];
      }),
  };
}

type Judge = {
  look(place: Place, when: "starting" | "running"): void;
  take(place: Place, hash: string | null, by: KnownFile["by"]): void;
  written(place: Place, hash: string): void;
  isFirst(agentId: string): boolean;
};

function createJudge({ book, clock, record, alertOwner, mayBeWritten }: InstructionOptions): Judge {
  const isFirst = (agentId: string): boolean => typeof book.find(`${agentId}/BOOTSTRAP.md`)?.hash === "string";

  function take({ key }: Place, hash: string | null, by: KnownFile["by"]): void {
    const known = book.find(key);
    const base = known === undefined ? hash : known.base;
    book.set(key, { hash, at: clock.now(), by, previous: known?.hash ?? null, base, aside: null });
  }

  function takeByHand(place: Place, hash: string | null): void {
    const { agentId, name } = place;
    take(place, hash, "hand");
    record({ agentId, name, what: hash === null ? "removed" : "changed", by: "hand" });
    const what = hash === null ? "was removed" : "changed";
    alertOwner(
      `${name} of the agent ${agentId} ${what}, and the agent goes by it. If that was not you: lorica watchdog restore ${name}${forAgent(agentId)}`,
    );
  }

  function putRight({ agentId, name, key, workspace }: Place, known: KnownFile, hash: string | null): void {
    book.set(key, { ...known, aside: hash ?? known.aside });
    const before = known.hash === null ? undefined : book.copy(known.hash);
    if (before === undefined) removePlain(workspace, name);
    else writePlain(workspace, name, before);
    record({ agentId, name, what: before === undefined ? "put aside" : "put back", by: "hand" });
    const use = hash === null ? "" : ` If it was you: lorica watchdog accept ${name}${forAgent(agentId)}`;
    alertOwner(
      `${name} of the agent ${agentId} appeared or changed while the agent could write there; it is put aside, and the agent does not go by it.${use}`,
    );
  }

  return {
    take,
    written(place, hash) {
      const { agentId, name, key, workspace } = place;
      const there = readPlain(workspace, name);
      // What is there by now may be another's: the next look judges that.
      if (there.kind !== "file" || there.hash !== hash || book.find(key)?.hash === hash) return;
      alertOwner(
        `${name} of the agent ${agentId} was written over the gateway, as you or a client of yours can do, and the agent goes by it. If that was not you: lorica watchdog restore ${name}${forAgent(agentId)}`,
      );
      book.keep(there.bytes);
      take(place, hash, "gateway");
      record({ agentId, name, what: "changed", by: "gateway" });
    },
    isFirst,
    look(place, when) {
      const { agentId, name, key, workspace } = place;
      const known = book.find(key);
      const there = readPlain(workspace, name);
      const hash = there.kind === "file" ? there.hash : null;
      if (known !== undefined && known.hash === hash && there.kind !== "odd") return;
      if (there.kind === "file") book.keep(there.bytes);
      if (known === undefined) return take(place, hash, "start");
      if (there.kind === "odd") return putRight(place, known, hash);
      if (firstConversationFiles.has(name) && isFirst(agentId)) return take(place, hash, "first conversation");
      // A file that was saved anew is not the one that the rooms of then have closed.
      const isUnlocked = known.hash === null || mayBeWritten(agentId);
      if (when === "running" && isUnlocked) return putRight(place, known, hash);
      takeByHand(place, hash);
    },
  };
}

function rank(name: string): number {
  return name === "BOOTSTRAP.md" ? 1 : 0;
}

function forAgent(agentId: string): string {
  return agentId === "main" ? "" : ` --agent ${agentId}`;
}
