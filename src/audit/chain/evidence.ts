// The evidence log: every record continues the one before it by hash, and now and then the broker signs the last hash,
// which costs nothing per record. What was changed, cut, moved or put in between shows in `verify-evidence.ts`.
import { hash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Log } from "../log.ts";
import type { Clock } from "../../base/clock.ts";
import { codeOf, errnoOf, isMissing, LoricaError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import { genesis, headName, keyName, macOf, readHead } from "../verify/verify-evidence.ts";
import type { Head, OpenHead } from "../verify/verify-evidence.ts";
import { hasRecord, openChainFile, readTail, setAside } from "./file.ts";
import type { ChainFile, Tail } from "./file.ts";
import { evidenceKeys } from "./keys.ts";
import type { EvidenceKeys } from "./keys.ts";

export type EvidenceStatus = {
  /** Undefined until the vault was open once. */
  readonly publicKey: string | undefined;
  readonly head: Head;
  readonly signedUpTo: number;
  /** What the log had to say about itself since it was opened, worst first. */
  readonly problems: readonly string[];
};

export type Evidence = {
  /** Appends a record, given as the text of a JSON object. Never throws: what is lost is counted and recorded. */
  write(body: string): void;
  /** The vault is open: what was written is signed, and so is what comes. */
  unlock(secret: Uint8Array): void;
  lock(): void;
  /** Signs all that is written. */
  checkpoint(): void;
  status(): EvidenceStatus;
  /** For the broker's own verification; undefined while the vault is locked. */
  headKey(): Uint8Array | undefined;
  close(): void;
};

const problemsMax = 20;

export type EvidenceOptions = {
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Pick<Log, "warn" | "error">;
  readonly maxBytes?: number;
  readonly filesMax?: number;
};

export function openEvidence(options: EvidenceOptions): Evidence {
  const { folder, log } = options;
  const found = takeUp(folder, options.filesMax ?? limits.logFilesMax);
  const problems: string[] = [];
  const report = (what: string): void => {
    if (problems.length < problemsMax) problems.push(what);
    log.error(what);
  };
  let keys: EvidenceKeys | undefined;
  const chain = openChain({ ...options, ...found, mac: (head) => keys?.mac(head), report });
  let { pointer: unproved } = found;
  let timer: NodeJS.Timeout | undefined;

  function resume(because: string, about: Readonly<Record<string, unknown>>): void {
    report(`the evidence log was taken up again: ${because}`);
    chain.write(chain.body("resume", { because, ...about }));
  }

  function checkpoint(): void {
    clearTimeout(timer);
    timer = undefined;
    const touched = chain.file.disturbance();
    if (touched !== undefined) resume(`somebody else touched the log: ${touched}`, {});
    if (keys === undefined || chain.head().seq === chain.signedUpTo()) return;
    chain.write(chain.body("checkpoint", { key: keys.publicKey.slice(0, 16) }), keys);
  }

  function unlock(secret: Uint8Array): void {
    keys = evidenceKeys(secret);
    publish(folder, keys.publicKey, report);
    const claim = unproved;
    unproved = undefined;
    const doubt = claim && doubtOf(folder, claim, keys.headKey);
    if (doubt !== undefined) resume(doubt, { head: claim?.seq ?? 0 });
    checkpoint();
  }

  // What an earlier version left is nothing that its owner has to look after.
  if (found.isUpgrade) chain.write(chain.body("resume", { because: found.because ?? "" }));
  else if (found.because !== undefined) resume(found.because, found.about);
  return {
    write(text) {
      chain.write(text);
      if (keys === undefined) return;
      if (chain.head().seq - chain.signedUpTo() >= limits.auditCheckpointRecords) return checkpoint();
      timer ??= setTimeout(checkpoint, limits.auditCheckpointMs).unref();
    },
    unlock,
    lock() {
      checkpoint();
      keys = undefined;
    },
    checkpoint,
    status: () => ({
      publicKey: keys?.publicKey,
      head: chain.head(),
      signedUpTo: chain.signedUpTo(),
      problems,
    }),
    headKey: () => keys?.headKey,
    close() {
      checkpoint();
      chain.file.close();
    },
  };
}

/** Why the head that was found may not be the broker's last one; undefined where it is. */
function doubtOf(folder: string, claim: OpenHead, headKey: Uint8Array): string | undefined {
  const { proved } = claim;
  if (proved === undefined)
    return hasRecord(folder, ({ sig }) => sig !== undefined)
      ? "its head is not proved, and it was signed before"
      : undefined;
  if (macOf(headKey, proved) !== proved.mac) return "the broker did not write its last head";
  // What the head itself names was looked at when the log was opened.
  const isThere =
    proved.seq === claim.seq ||
    hasRecord(folder, ({ seq, hash: digest }) => seq === proved.seq && digest === proved.hash);
  return isThere ? undefined : `record ${proved.seq} is not the one that the broker wrote`;
}

type ChainOptions = EvidenceOptions & {
  readonly head: Head;
  readonly pointer: OpenHead | undefined;
  readonly signedUpTo: number;
  readonly mac: (head: Head) => string | undefined;
  readonly report: (what: string) => void;
};

type Chain = {
  readonly file: ChainFile;
  readonly head: () => Head;
  readonly signedUpTo: () => number;
  readonly body: (kind: string, result: Readonly<Record<string, unknown>>) => string;
  readonly write: (text: string, signer?: EvidenceKeys) => void;
};

/** Puts records one behind the other, and says later what it could not write. */
function openChain({ folder, clock, mac, report, ...options }: ChainOptions): Chain {
  const { maxBytes = limits.logFileMaxBytes, filesMax = limits.logFilesMax } = options;
  const file = openChainFile(folder);
  let { head } = options;
  let { signedUpTo } = options;
  let proved = options.pointer?.proved;
  let loss = { records: 0, errno: "" };

  const body = (kind: string, result: Readonly<Record<string, unknown>>): string =>
    JSON.stringify({ time: new Date(clock.now()).toISOString(), source: "broker", kind, result });

  function seal(text: string, signer?: EvidenceKeys): void {
    const seq = head.seq + 1;
    const content = `{"seq":${seq},${text.slice(1, -1)},"prev":"${head.hash}"`;
    const digest = hash("sha256", content, "base64url");
    const signature = signer === undefined ? "" : `,"sig":"${signer.sign(digest)}"`;
    file.append(`${content},"hash":"${digest}"${signature}}`);
    head = { seq, hash: digest };
    if (signer !== undefined) signedUpTo = seq;
    const proof = mac(head);
    if (proof !== undefined) proved = { ...head, mac: proof };
    file.point({ ...head, mac: proof, proved });
  }

  function put(text: string, signer?: EvidenceKeys): void {
    if (file.bytes() > 0 && file.bytes() + text.length > maxBytes) {
      // What goes for good leaves a record of where it ended, which the next signature covers.
      const kept = file.firstAfterRotation(filesMax);
      if (kept !== undefined) seal(body("pruned", { toSeq: kept.seq - 1, hash: kept.prev }));
      file.rotate(filesMax);
    }
    seal(text, signer);
  }

  return {
    file,
    head: () => head,
    signedUpTo: () => signedUpTo,
    body,
    write(text, signer) {
      try {
        if (loss.records > 0) put(body("loss", loss));
        loss = { records: 0, errno: "" };
        put(text, signer);
      } catch (error) {
        loss = { records: loss.records + 1, errno: errnoOf(error) ?? codeOf(error) };
        if (loss.records === 1) report(`records of the evidence log are being lost: ${loss.errno}`);
      }
    },
  };
}

type TakenUp = {
  readonly head: Head;
  /** Where the last record is a signature; whether it is a good one is for whoever verifies. */
  readonly signedUpTo: number;
  readonly pointer: OpenHead | undefined;
  /** Why this is not the plain continuation of what was written. */
  readonly because: string | undefined;
  readonly about: Readonly<Record<string, unknown>>;
  readonly isUpgrade: boolean;
};

/** Where the log goes on. A crash leaves what it must leave; anything else is said in the first record. */
function takeUp(folder: string, filesMax: number): TakenUp {
  const tail = readTail(folder);
  const text = readIfThere(join(folder, headName));
  const pointer = text === undefined ? undefined : readHead(text);
  if (tail.isForeign && text === undefined) {
    setAside(folder, filesMax);
    const because = "the records from before there was a chain are in audit-unchained.jsonl";
    return { head: { seq: 0, hash: genesis }, signedUpTo: 0, pointer: undefined, because, about: {}, isUpgrade: true };
  }
  const { last } = tail;
  const torn = tail.torn === undefined ? {} : { torn: tail.torn };
  const at: Head = last === undefined ? { seq: 0, hash: genesis } : { seq: last.seq, hash: last.hash };
  const head = pointer !== undefined && pointer.seq > at.seq ? { seq: pointer.seq, hash: pointer.hash } : at;
  const lost = head.seq > at.seq ? { lostFrom: at.seq + 1, lostTo: head.seq } : {};
  const signedUpTo = last?.sig === undefined ? 0 : head.seq;
  return {
    head,
    signedUpTo,
    pointer,
    because: difference(tail, text, pointer),
    about: { ...torn, ...lost, ...tampering(folder, last !== undefined, text) },
    isUpgrade: false,
  };
}

/**
 * The head is one write within one block of the disk, so a crash leaves the old one or the new one. Only what nothing was
 * signed in yet may be so young that the machine went down before the head was on the disk.
 */
function tampering(folder: string, hasRecords: boolean, text: string | undefined): { readonly tampered?: string } {
  if (text !== undefined && readHead(text) !== undefined) return {};
  const isGone = text === undefined || /^\0*$/.test(text);
  if (isGone && !(hasRecords && hasRecord(folder, ({ sig }) => sig !== undefined))) return {};
  return { tampered: `${headName} was ${isGone ? "emptied or removed" : "changed"} while nobody wrote` };
}

function difference({ last, torn, isForeign }: Tail, text: string | undefined, pointer: OpenHead | undefined) {
  if (isForeign) return "its last line is no record";
  if (last?.whole === false) return "its last record was changed";
  if (text === undefined) return last === undefined ? undefined : "audit.head is missing";
  if (pointer === undefined) return text === "" && last === undefined ? undefined : "audit.head is not readable";
  const seq = last?.seq ?? 0;
  if (pointer.seq > seq)
    return `records ${seq + 1} to ${pointer.seq} are missing: the machine went down, or it was cut`;
  if (pointer.seq < seq - 1) return `records ${pointer.seq + 1} to ${seq} were put after its head`;
  const named = pointer.seq === seq ? last?.hash : last?.prev;
  if (last !== undefined && pointer.hash !== named) return "the record that its head names is another one";
  if (pointer.seq < seq) return `the writer was ended before its head named record ${seq}, or somebody added that`;
  return torn === undefined ? undefined : "the writer was ended in the middle of a line";
}

/** Beside the log, for whoever verifies it on this machine. Elsewhere the key is to come from `lorica audit key`. */
function publish(folder: string, publicKey: string, report: (what: string) => void): void {
  const path = join(folder, keyName);
  try {
    const before = readIfThere(path);
    if (before === `${publicKey}\n`) return;
    if (before !== undefined) report("audit.pub was not the broker's key; it is again");
    writeFileSync(path, `${publicKey}\n`, { mode: 0o600 });
  } catch (cause) {
    report(`the public key cannot be written to ${path}: ${errnoOf(cause) ?? codeOf(cause)}`);
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "latin1");
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    throw new LoricaError("internal", `cannot read ${path} (${errnoOf(cause)})`, { cause });
  }
}
