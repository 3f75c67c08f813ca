// The page that lies on top of an exported incident: how to check it, and what is not in it.
import type { Incident } from "./book.ts";

export function explainExport(about: {
  readonly incident: Incident;
  readonly version: string;
  readonly now: number;
  readonly publicKey: string | undefined;
  readonly withPeople: boolean;
}): string {
  const { incident, version, now, publicKey, withPeople } = about;
  const key = publicKey?.trim() ?? "none: the log was never signed";
  return [
    `An incident of an installation of Lorica ${version}, begun ${new Date(incident.startedAt).toISOString()} and exported`,
    `${new Date(now).toISOString()}.`,
    "",
    "Check that every file is the one that was exported:",
    "",
    "  sha256sum --check SHA256SUMS",
    "",
    "Its owner can tell you the SHA-256 of the whole archive: it was printed, and it is in their evidence log.",
    "Then verify the evidence, with Node 24 or newer and nothing else:",
    "",
    "  node evidence/verify-evidence.ts evidence --key PUBLIC_KEY",
    "  node snapshot/evidence/verify-evidence.ts snapshot/evidence --key PUBLIC_KEY",
    "",
    "Take the public key from its owner (`lorica audit key`) and not from here, where whoever forged the log could have",
    `written it too. Here it says: ${key}`,
    "",
    "  incident.json  what was done, and what was left to do",
    "  report.txt     what the evidence says of the days before, counted",
    "  evidence/      the evidence log up to the export",
    "  snapshot/      the first moment: the log as it was, other logs, processes, cells, config, files that matter",
    "",
    "Secrets are taken out of everything but the evidence, which is written without them and was looked through for each value",
    "that is a secret now. What a credential of somebody else looks like is found by its shape only.",
    withPeople
      ? "Names, addresses and numbers of people are in it, as its owner wanted."
      : "Names, mail addresses and telephone numbers of people are taken out of everything but the evidence, whose lines cannot be changed.",
    "",
  ].join("\n");
}
