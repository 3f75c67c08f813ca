// Verifies the evidence log with nothing but Node (24 or newer) and this file:
//   node verify-evidence.ts FOLDER [--key PUBLIC_KEY] [--head SEQ:HASH] [--json]
// Exit status: 0 intact, 1 something was changed or is missing, 2 nothing to verify, 3 whole, but nobody has signed it.
// Each line is a JSON object whose "seq" counts up, whose "prev" is the hash of the line before, and whose "hash" is the
// SHA-256 of its own bytes up to there. Records of the kind "checkpoint" carry a signature (Ed25519) of their hash, and
// by that of all before them. `audit.head` names the last record.
import { createPublicKey, hash, verify } from "node:crypto";
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { parseArgs } from "node:util";

export const genesis: string = "A".repeat(43);
export const logName = "audit.jsonl";
export const headName = "audit.head";
export const keyName = "audit.pub";
export const headBytes = 384;
const exits = { intact: 0, broken: 1, empty: 2, unsigned: 3 } as const;

export type Head = { readonly seq: number; readonly hash: string };
type ProvedHead = Head & { readonly mac: string | undefined };
export type OpenHead = ProvedHead & { readonly proved: ProvedHead | undefined };
type Place = { readonly file: string; readonly line: number | null; readonly seq: number | null };
export type Finding = Place & { readonly what: string };
export type EvidenceReport = {
  readonly verdict: keyof typeof exits;
  readonly files: readonly string[];
  readonly records: number;
  readonly first: number | null;
  readonly last: Head | null;
  /** The last record that a good signature covers; 0 where there is none. */
  readonly signedUpTo: number;
  readonly problems: readonly Finding[];
  readonly notes: readonly Finding[];
};
export type VerifyOptions = {
  /** The public key to trust. Without it the one that lies beside the log, which whoever forges a log can replace. */
  readonly key?: string | undefined;
  /** A head that was written down elsewhere: what it names must be there. */
  readonly anchor?: Head | undefined;
  /** What the broker proves the head file with. Nobody else has it. */
  readonly headKey?: Uint8Array | undefined;
  /** The log is being written: it may be ahead of its head. */
  readonly live?: boolean;
};
export type ReadLine = Head & { readonly prev: string; readonly sig: string | undefined; readonly whole: boolean };

const linePattern =
  /^(\{"seq":([1-9]\d{0,15}),[^]*,"prev":"([\w-]{43})"),"hash":"([\w-]{43})"(?:,"sig":"([\w-]{86})")?\}$/;
const headLine = String.raw`\{"seq":(\d{1,16}),"hash":"([\w-]{43})","mac":(?:null|"([\w-]{43})")\} *\n`;
const headPattern = new RegExp(`^${headLine}${headLine}$`);

export const digestOf = (latin1: string): string => hash("sha256", Buffer.from(latin1, "latin1"), "base64url");
export const signedText = (digest: string): Buffer => Buffer.from(`lorica evidence\n${digest}`);
export const macOf = (key: Uint8Array, { seq, hash: digest }: Head): string =>
  hash("sha256", Buffer.concat([key, Buffer.from(`lorica evidence head\n${seq} ${digest}\n`), key]), "base64url");

/** One line, its bytes as latin1 so that none is lost. Undefined for what is no record. */
export function readLine(latin1: string): ReadLine | undefined {
  const match = linePattern.exec(latin1);
  if (match === null) return undefined;
  const [, text = "", seq, prev = "", digest = "", sig] = match;
  return { seq: Number(seq), prev, hash: digest, sig, whole: digestOf(text) === digest };
}

/** Two lines: the last record, and the last one that the broker had its key for. It has none while its vault is locked. */
export function readHead(text: string): OpenHead | undefined {
  const [, seq, digest = "", mac, provedSeq, provedHash = "", provedMac] = headPattern.exec(text) ?? [];
  if (seq === undefined || text.length !== headBytes) return undefined;
  if (mac !== undefined && text !== text.slice(0, headBytes / 2).repeat(2)) return undefined;
  const proved = provedMac === undefined ? undefined : { seq: Number(provedSeq), hash: provedHash, mac: provedMac };
  return { seq: Number(seq), hash: digest, mac, proved };
}

/** The log's files in the order in which they were written: the highest number is the oldest. */
export function listFiles(folder: string): readonly string[] {
  const number = (name: string): number => Number(name.slice(logName.length + 1) || "0");
  return readdirSync(folder)
    .filter((name) => name.startsWith(logName) && /^(\.[1-9]\d{0,3})?$/.test(name.slice(logName.length)))
    .sort((one, other) => number(other) - number(one));
}

type State = {
  last?: Head;
  first?: Head & { readonly prev: string };
  records: number;
  signedUpTo: number;
  /** Beginnings of records that a crash cut off, until a record takes them over. */
  torn: { readonly file: string; readonly line: number; readonly digest: string }[];
  pruned: { readonly at: number; readonly end: string }[];
  readonly problems: Finding[];
  readonly notes: Finding[];
  readonly publicKey: ReturnType<typeof createPublicKey> | undefined;
  readonly named: Map<number, string>;
};

export async function verifyEvidence(folder: string, options: VerifyOptions = {}): Promise<EvidenceReport> {
  const problems: Finding[] = [];
  const about = (file: string, what: string): Finding => ({ file, line: null, seq: null, what });
  // Before the log, because the log may be growing. Empty: a log that was opened, and in which nothing was written yet.
  const headText = readIfThere(join(folder, headName)) || undefined;
  const files = listFiles(folder);
  // Opened all at once: a rotation meanwhile renames them, and they stay what they are.
  const opened = files.map((name) => ({ name, fd: openSync(join(folder, name), "r") }));
  const head = headText === undefined ? undefined : readHead(headText);
  const publicKey = keyOf(folder, options.key, (what) => problems.push(about(keyName, what)));
  const named = new Map<number, string>();
  const state: State = { publicKey, records: 0, signedUpTo: 0, torn: [], pruned: [], problems, notes: [], named };
  try {
    for (const { name, fd } of opened) await readFile(state, readFileSync(fd, "latin1"), { file: name, options, head });
  } finally {
    for (const { fd } of opened) closeSync(fd);
  }
  checkBeginning(state);
  for (const { file, line } of state.torn) {
    const isEnd = file === logName && (head === undefined || head.seq <= (state.last?.seq ?? 0));
    const what = isEnd ? "an incomplete line: the writer was ended while it wrote" : "this is no record";
    (isEnd ? state.notes : problems).push({ file, line, seq: null, what });
  }
  if (headText !== undefined && head === undefined) problems.push(about(headName, "it was changed: this is no head"));
  if (headText === undefined && state.records > 0) problems.push(about(headName, "it is missing"));
  if (head !== undefined) checkHead(state, head, options);
  if (options.anchor !== undefined && named.get(options.anchor.seq) !== options.anchor.hash)
    problems.push(about(logName, `record ${options.anchor.seq} is not the one that was written down elsewhere`));
  const { records, first, last, signedUpTo, notes } = state;
  if (last && last.seq > signedUpTo) notes.push(about(logName, `nobody has signed what comes after ${signedUpTo}`));
  const whole = records === 0 ? "empty" : signedUpTo === 0 ? "unsigned" : "intact";
  const verdict = problems.length > 0 ? "broken" : whole;
  return { verdict, files, records, first: first?.seq ?? null, last: last ?? null, signedUpTo, problems, notes };
}

type Asked = { readonly file: string; readonly options: VerifyOptions; readonly head: OpenHead | undefined };

async function readFile(state: State, text: string, asked: Asked): Promise<void> {
  const { file } = asked;
  let line = 0;
  for (let from = 0; from < text.length;) {
    const end = text.indexOf("\n", from);
    const latin1 = text.slice(from, end === -1 ? undefined : end);
    line += 1;
    const record = end === -1 ? undefined : readLine(latin1);
    if (record === undefined) state.torn.push({ file, line, digest: digestOf(latin1) });
    else readRecord(state, record, { line, latin1, ...asked });
    from = end === -1 ? text.length : end + 1;
    // A broker that verifies its own log serves others meanwhile.
    if (line % 1_000 === 0) await nextTurn();
  }
}

type LinePlace = Asked & { readonly line: number; readonly latin1: string };

function readRecord(state: State, record: ReadLine, place: LinePlace): void {
  const { seq, hash: digest, prev, whole } = record;
  const { file, line, head, options } = place;
  const problem = (what: string): number => state.problems.push({ file, line, seq, what });
  if (!whole) problem("its text is not the one that was recorded");
  const content = parse(place.latin1);
  if (content?.["seq"] !== seq || content["prev"] !== prev) problem("it says two things at once");
  takeTorn(state, content, problem);
  const { last } = state;
  if (last === undefined) state.first = { seq, hash: digest, prev };
  else if (seq > last.seq + 1) {
    const isNoted = resumed(content)["lostFrom"] === last.seq + 1;
    problem(`${missing(last.seq + 1, seq - 1)} before it${isNoted ? "; the broker found that when it started" : ""}`);
  } else if (seq <= last.seq) problem(`it comes after record ${last.seq}: repeated, or out of order`);
  else if (prev !== last.hash) problem("it does not continue the record before it");
  checkSignature(state, record, { content, problem });
  const { kind, source, result } = content ?? {};
  const { toSeq, hash: end, because, tampered } = isObject(result) ? result : {};
  if (kind === "pruned" && source === "broker") state.pruned.push({ at: seq, end: `${toSeq}:${end}` });
  const found = tampered === undefined ? state.notes : state.problems;
  if (kind === "resume") found.push({ file, line, seq, what: `the log was taken up again: ${tampered ?? because}` });
  if ([head?.seq, head?.proved?.seq, options.anchor?.seq].includes(seq)) state.named.set(seq, digest);
  state.last = { seq, hash: digest };
  state.records += 1;
}

/** What stands between two records and is none must be what the second one says that it found. */
function takeTorn(state: State, content: Record<string, unknown> | undefined, problem: (what: string) => void): void {
  if (state.torn.length === 0) return;
  const [torn, ...more] = state.torn;
  if (more.length > 0 || torn?.digest !== resumed(content)["torn"]) {
    const where = state.torn.map(({ file, line }) => `${file}:${line}`).slice(0, 5);
    problem(`before it stands what is no record (${where.join(", ")})`);
  }
  state.torn = [];
}

function checkSignature(
  state: State,
  { seq, hash: digest, sig }: ReadLine,
  { content, problem }: { content: Record<string, unknown> | undefined; problem: (what: string) => void },
): void {
  const isCheckpoint = content?.["kind"] === "checkpoint" && content["source"] === "broker";
  if (isCheckpoint !== (sig !== undefined))
    problem(isCheckpoint ? "its signature is missing" : "nobody signs such one");
  if (sig === undefined || state.publicKey === undefined) return;
  const isGood = verify(null, signedText(digest), state.publicKey, Buffer.from(sig, "base64url"));
  // A signature has one spelling; the bits that base64url leaves over are none of it.
  if (!isGood || Buffer.from(sig, "base64url").toString("base64url") !== sig)
    problem("its signature does not fit the key");
  else if (state.problems.length === 0) state.signedUpTo = seq;
}

/** Anybody can put a record at the end that says so; it counts once it is signed. */
function checkBeginning({ first, pruned, problems, signedUpTo }: State): void {
  if (first === undefined || (first.seq === 1 && first.prev === genesis)) return;
  if (pruned.some(({ at, end }) => at <= signedUpTo && end === `${first.seq - 1}:${first.prev}`)) return;
  const what = `${missing(1, first.seq - 1)} before it, and no signed record says that they were pruned`;
  problems.push({ file: logName, line: null, seq: first.seq, what });
}

function checkHead(state: State, head: OpenHead, { headKey, live }: VerifyOptions): void {
  const problem = (what: string): number => state.problems.push({ file: headName, line: null, seq: head.seq, what });
  const last = state.last?.seq ?? 0;
  if (head.seq > last) problem(`the log was cut: ${missing(last + 1, head.seq)} at its end`);
  else if (head.seq > 0 && state.named.get(head.seq) !== head.hash) problem("the record that it names is another one");
  // A writer that is ended between the record and the head leaves the head one behind.
  else if (live !== true && last > head.seq + 1) problem(`${last - head.seq} records were put after it`);
  const { proved } = head;
  if (proved === undefined && state.signedUpTo > 0) problem("it is not proved, and the log was signed before");
  if (proved === undefined) return;
  if (proved.seq >= (state.first?.seq ?? 1) && state.named.get(proved.seq) !== proved.hash)
    problem(`record ${proved.seq} is not the one that the broker wrote`);
  if (headKey !== undefined && macOf(headKey, proved) !== proved.mac) problem("the broker did not write it");
}

function missing(from: number, to: number): string {
  return from === to ? `record ${from} is missing` : `records ${from} to ${to} are missing`;
}

function resumed(content: Record<string, unknown> | undefined): Record<string, unknown> {
  return content?.["kind"] === "resume" && isObject(content["result"]) ? content["result"] : {};
}

function keyOf(folder: string, given: string | undefined, problem: (what: string) => void): State["publicKey"] {
  const beside = readIfThere(join(folder, keyName));
  if (beside === undefined && given === undefined) return undefined;
  if (beside !== undefined && given !== undefined && beside !== `${given}\n`) problem("not the key that was given");
  const text = given ?? beside?.replace(/\n$/, "") ?? "";
  const raw = Buffer.from(text, "base64url");
  const isPlain = raw.length === 32 && raw.toString("base64url") === text && beside !== text;
  if (!isPlain) return void problem("this is no public key");
  return createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: text }, format: "jwk" });
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "latin1");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw cause;
  }
}

function parse(latin1: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(latin1, "latin1").toString("utf8"));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

export function renderReport(report: EvidenceReport): string {
  const { verdict, records, files, first, last, signedUpTo, problems, notes } = report;
  const line = ({ file, line: at, seq, what }: Finding): string =>
    `  ${file}${at === null ? "" : `:${at}`}${seq === null ? "" : ` (record ${seq})`}: ${what}`;
  return [
    `${verdict}: ${records} records (${first ?? 0} to ${last?.seq ?? 0}) in ${files.length} files`,
    `signed up to record ${signedUpTo}; head ${last === null ? "none" : `${last.seq}:${last.hash}`}`,
    ...problems.map(line),
    ...notes.map((note) => `${line(note)} (note)`),
  ].join("\n");
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { key: { type: "string" }, head: { type: "string" }, json: { type: "boolean" } },
  });
  const [seq, digest] = values.head?.split(":") ?? [];
  const anchor = digest === undefined ? undefined : { seq: Number(seq), hash: digest };
  const report = await verifyEvidence(positionals[0] ?? ".", { key: values.key, anchor });
  process.stdout.write(`${values.json === true ? JSON.stringify(report) : renderReport(report)}\n`);
  return exits[report.verdict];
}

if (import.meta.main)
  main().then(
    (status) => (process.exitCode = status),
    (error: unknown) => {
      process.stderr.write(`cannot verify: ${error instanceof Error ? error.message : String(error)}\n`);
      process.exitCode = 2;
    },
  );
