// Watches over what starts the gateway. A changed unit decides what runs as this user at the next start, outside of every
// wall, so none but the installer's and the owner's holds: it is put aside and the approved one comes back, or where this
// process may not write, the owner is told what puts it back.
import type { Clock } from "../base/clock.ts";
import { LoricaError } from "../base/errors.ts";
import { limits } from "../base/limits.ts";
import type { AlertOwner } from "./alerts.ts";
import type { InstructionBook, KnownFile } from "./instruction-book.ts";
import { readStartFile, writeStartFile } from "./unit-file.ts";
import type { StartFile } from "./unit-file.ts";
import type { StartFiles } from "./unit-places.ts";

export type UnitEvent = {
  readonly path: string;
  readonly what: "put-back" | "changed" | "accepted" | "restored";
  /** Of what was found. */
  readonly hash: string | null;
};

/** A file with the content that it is about to get; null where it is about to go. */
export type Expected = { readonly path: string; readonly text: string | null };

export type UnitRow = {
  readonly path: string;
  readonly state: "as it was" | "changed" | "put aside" | "not there";
  readonly by: KnownFile["by"];
  readonly at: number;
};

export type UnitWatch = {
  look(): void;
  /** Said by whoever is about to write these: the installer, on the owner's word. */
  expect(files: readonly Expected[]): void;
  /** What was put aside, or lies there against the approval, is the owner's. */
  accept(path: string): void;
  /** Back to what is approved, or where that lies there, to what was before it. */
  restore(path: string): void;
  list(): readonly UnitRow[];
};

export type UnitOptions = {
  readonly places: () => Pick<StartFiles, "files" | "holds">;
  /** The same kind of memory as that of the instruction files, by path. */
  readonly book: InstructionBook;
  readonly clock: Clock;
  readonly alertOwner: AlertOwner;
  readonly record: (event: UnitEvent) => void;
  /** Bounds how often files are put back in a row. */
  readonly fight: { isOn(): boolean; round(): "go on" | "lost" };
  /** Where the copies of the book lie, for whoever has to put one back by hand. */
  readonly copyPath: (hash: string) => string;
};

/** In the book's words: there was a file, and it was taken away. */
const gone = "gone";

export function watchUnits(options: UnitOptions): UnitWatch {
  const { places, book, clock, record } = options;

  const known = (path: string): KnownFile | undefined => book.find(path);
  const approve = (path: string, hash: string | null, by: KnownFile["by"]): void => {
    const before = known(path);
    const base = before?.base ?? hash;
    book.set(path, { hash, at: clock.now(), by, previous: before?.hash ?? null, base, aside: null });
  };
  const keep = (found: StartFile | undefined): string | null => (found === undefined ? null : book.keep(found.bytes));

  function look(): void {
    const { files, holds } = places();
    // A state directory that was moved here knows other places, which are none of this gateway's.
    const remembered = book.entries().flatMap(([path]) => (holds(path) ? [path] : []));
    const isFirst = remembered.length === 0;
    for (const path of new Set([...files, ...remembered])) {
      const found = readStartFile(path);
      const file = known(path);
      if (isFirst) approve(path, keep(found), "start");
      else if (!isAsApproved(file, found, clock.now()))
        judge({ path, file: file ?? unknown(clock.now()), found }, options);
    }
  }

  function bringIn(path: string, hash: string | null, what: "accepted" | "restored"): void {
    const bytes = hash === null ? undefined : book.copy(hash);
    if (hash !== null && bytes === undefined)
      throw new LoricaError("not_found", `what was kept of ${path} is not there as it was kept`);
    const isThere = (readStartFile(path)?.hash ?? null) === hash;
    approve(path, hash, "owner");
    if (!isThere && !writeStartFile(path, bytes)) throw new LoricaError("forbidden", byHand(path, hash, options));
    record({ path, what, hash });
  }

  return {
    look,
    expect(expected) {
      // What lies there now is judged first, so that nothing else comes in under the installer's name.
      look();
      for (const { path, text } of expected)
        approve(path, text === null ? null : book.keep(Buffer.from(text)), "owner");
    },
    accept(path) {
      const aside = known(path)?.aside;
      if (aside === undefined || aside === null)
        throw new LoricaError("not_found", `nothing waits for ${path}; see: lorica watchdog status`);
      bringIn(path, aside === gone ? null : aside, "accepted");
    },
    restore(path) {
      const file = known(path);
      if (file === undefined)
        throw new LoricaError("not_found", `${path} is not watched over; see: lorica watchdog status`);
      const isThere = (readStartFile(path)?.hash ?? null) === file.hash;
      bringIn(path, isThere ? file.previous : file.hash, "restored");
    },
    list() {
      const { holds } = places();
      return book.entries().flatMap(([path, file]) => {
        if (!holds(path)) return [];
        const found = readStartFile(path);
        const isNothing = found === undefined && file.hash === null && file.aside === null;
        return isNothing ? [] : [{ path, state: stateOf(file, found), by: file.by, at: file.at }];
      });
    },
  };
}

/** What appears was not there before. */
function unknown(at: number): KnownFile {
  return { hash: null, at, by: "start", previous: null, base: null, aside: null };
}

/** What the installer has announced is not written yet for a moment. */
function isAsApproved(file: KnownFile | undefined, found: StartFile | undefined, now: number): boolean {
  const hash = found?.hash ?? null;
  if (hash === (file?.hash ?? null)) return true;
  return file?.by === "owner" && hash === file.previous && now - file.at < limits.unitInstallMs;
}

type Deviation = { readonly path: string; readonly file: KnownFile; readonly found: StartFile | undefined };

function judge(deviation: Deviation, options: UnitOptions): void {
  const { path, file, found } = deviation;
  const { book, fight, record, alertOwner } = options;
  if (fight.isOn()) return;
  const hash = found === undefined ? null : book.keep(found.bytes);
  const isNews = file.aside !== (hash ?? gone);
  if (isNews) book.set(path, { ...file, aside: hash ?? gone });
  const approved = file.hash === null ? undefined : book.copy(file.hash);
  // Without the copy nothing is taken away for what cannot be put in its place.
  const isLost = file.hash !== null && approved === undefined;
  const isBack = !isLost && writeStartFile(path, approved);
  if (isBack && fight.round() === "lost") return alertOwner(`${path} ${lost}`);
  // What cannot be put back is found at every look, and said once.
  if (!isBack && !isNews) return;
  record({ path, what: isBack ? "put-back" : "changed", hash });
  // Root has taken its own service away, and what is gone starts nothing.
  if (found === undefined && isRoots(path))
    return book.set(path, { ...file, hash: null, previous: file.hash, aside: null });
  const what = `${howItChanged(deviation)} outside of Lorica; it says how the gateway is started`;
  const then = isBack
    ? "It is put back. Systemd may have read it meanwhile: systemctl --user daemon-reload"
    : `It cannot be put back from here. ${byHand(path, file.hash, options)}`;
  alertOwner(`${path} ${what}. ${then}. If that was you: lorica watchdog accept ${path}`);
}

const lost =
  "is changed again whenever it is put back, so it is left alone for a minute. Find and end the process that writes it";

function howItChanged({ file, found }: Deviation): string {
  if (found === undefined) return "was taken away";
  return file.hash === null ? "appeared" : "was changed";
}

/** For a file that this process may not write: what the owner does in a shell, and root where it is root's. */
function byHand(path: string, hash: string | null, { copyPath }: UnitOptions): string {
  const order = hash === null ? `rm ${path}` : `cp ${copyPath(hash)} ${path}`;
  const reload = path.includes("/systemd/") ? ` && systemctl ${isRoots(path) ? "" : "--user "}daemon-reload` : "";
  return `To put it back${isRoots(path) ? ", as root" : ""}: ${order}${reload}`;
}

function isRoots(path: string): boolean {
  return /^\/(etc|run\/systemd|usr)\//.test(path);
}

function stateOf(file: KnownFile, found: StartFile | undefined): UnitRow["state"] {
  if ((found?.hash ?? null) !== file.hash) return "changed";
  if (file.aside !== null) return "put aside";
  return found === undefined ? "not there" : "as it was";
}
