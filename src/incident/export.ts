// An incident as one archive for somebody else: the snapshot of its first moment, the evidence as it is now, each with the
// verifier, what was done, and a hash of every file. Whoever gets it needs tar, sha256sum and Node, and nothing of ours.
import { open, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { archiveName, writeArchive } from "../backup/backup.ts";
import type { Archive, WrittenArchive } from "../backup/backup.ts";
import { isMissing, LoricaError } from "../base/errors.ts";
import { newId } from "../base/ids.ts";
import { limits } from "../base/limits.ts";
import type { Incident } from "./book.ts";
import { explainExport } from "./export-readme.ts";
import { withoutNames } from "./names.ts";

export type ExportOrder = {
  readonly incident: Incident;
  readonly to: string;
  readonly recipients: readonly string[];
  readonly version: string;
  readonly now: number;
  readonly report: string;
  readonly publicKey: string | undefined;
  /** Names, addresses and numbers of people stay in. */
  readonly withPeople: boolean;
  readonly exportEvidence: (folder: string) => void;
  /** What a line may say outside. */
  readonly redact: (line: string) => string;
  /** Whether a line holds a value of the vault, in any spelling. */
  readonly holdsSecret: (line: string) => boolean;
};

export type ExportedIncident = WrittenArchive<{ readonly files: number }>;

/** The log of evidence is copied for as long as it takes: the running one would change while it is read. */
export async function exportIncident(order: ExportOrder, signal: AbortSignal): Promise<ExportedIncident> {
  const { incident, to, recipients, now } = order;
  const snapshot = await listFiles(incident.folder);
  const copy = `${incident.folder}-${newId()}.copy`;
  order.exportEvidence(copy);
  try {
    const evidence = await listFiles(copy);
    const name = archiveName(now, "incident", recipients.length > 0);
    const pack = (archive: Archive) => packAll(archive, { ...order, copy, evidence, snapshot });
    return await writeArchive({ folder: to, name, recipients, now }, pack, signal);
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

type Packing = ExportOrder & {
  readonly copy: string;
  readonly evidence: readonly string[];
  readonly snapshot: readonly string[];
};

async function packAll(archive: Archive, packing: Packing): Promise<{ readonly files: number }> {
  const { incident, report, copy, evidence, snapshot } = packing;
  const top = `lorica-incident-${incident.id}`;
  const sums: string[] = [];
  const keep = (path: string, sha256: string): void => void sums.push(`${sha256}  ${path}\n`);
  const text = async (path: string, words: string): Promise<void> => {
    keep(path, (await archive.text(`${top}/${path}`, redactLines(words, packing))).sha256);
  };
  /** What is chained and signed goes as it is, or not at all. */
  const whole = async (path: string, source: string): Promise<void> => {
    await refuseSecrets(path, source, packing);
    const packed = await archive.file(`${top}/${path}`, source);
    if (packed === undefined) throw new LoricaError("unavailable", `${source} has gone while it was exported`);
    keep(path, packed.sha256);
  };
  await text("README.txt", explainExport(packing));
  await text("incident.json", `${JSON.stringify(incident, null, 2)}\n`);
  await text("report.txt", `${report}\n`);
  for (const path of evidence) await whole(`evidence/${path}`, join(copy, path));
  for (const path of snapshot) {
    const source = join(incident.folder, path);
    if (path.startsWith("evidence/")) await whole(`snapshot/${path}`, source);
    else await text(`snapshot/${path}`, peopleOut(path, await readFile(source, "utf8"), packing));
  }
  await archive.text(`${top}/SHA256SUMS`, sums.join(""));
  return { files: sums.length + 1 };
}

/** Once more, by what is known now: a secret may have been stored after a line was written. */
function redactLines(text: string, { redact }: ExportOrder): string {
  return text.split("\n").map(redact).join("\n");
}

function peopleOut(path: string, text: string, { withPeople }: ExportOrder): string {
  return withPeople || !path.endsWith(".json") ? text : withoutNames(text);
}

async function refuseSecrets(path: string, source: string, { holdsSecret }: ExportOrder): Promise<void> {
  const file = await open(source);
  try {
    let number = 0;
    for await (const line of file.readLines()) {
      number += 1;
      if (!holdsSecret(line)) continue;
      const place = `line ${number} of ${path}`;
      const what = "holds a value that is in the vault now, and evidence cannot be changed";
      const fix = "replace that secret where it was made, store the new one (lorica vault set), and export again";
      throw new LoricaError("forbidden", `nothing was exported: ${place} ${what}. It is out: ${fix}`);
    }
  } finally {
    await file.close();
  }
}

async function listFiles(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((cause: unknown) => {
    if (!isMissing(cause)) throw cause;
    const instead = "the evidence alone: lorica audit export FOLDER";
    throw new LoricaError("not_found", `the snapshot ${folder} is not there any more; ${instead}`, { cause });
  });
  const files = entries.filter((entry) => entry.isFile());
  if (files.length > limits.incidentFilesMax)
    throw new LoricaError("too_large", `${folder} holds more than ${limits.incidentFilesMax} files`);
  return files.map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1)).toSorted();
}
