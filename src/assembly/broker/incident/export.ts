// An incident as one file, from what the broker knows: which values are secret, whose key it is sealed for, what the evidence
// says now.
import { join } from "node:path";
import { systemClock } from "../../../base/clock.ts";
import { LoricaError } from "../../../base/errors.ts";
import type { Incident } from "../../../incident/incident.ts";
import type { IncidentExported } from "../../../protocol/owner/incident.ts";
import type { Redactor } from "../../../dlp/dlp.ts";
import type { EvidenceSide } from "../evidence.ts";
import type { Ground } from "../open-parts.ts";

type Asked = {
  readonly to?: string | undefined;
  readonly recipients?: readonly string[] | undefined;
  readonly plain?: true | undefined;
  readonly people?: true | undefined;
};
type Parts = { readonly incident: Incident; readonly evidence: EvidenceSide; readonly report: string };

export async function exportOne(
  ground: Ground,
  { incident, evidence, report }: Parts,
  { asked, signal }: { readonly asked: Asked; readonly signal: AbortSignal },
): Promise<IncidentExported> {
  const [{ exportIncident }, { exportAudit }, { isCloudSynced }] = await Promise.all([
    import("../../../incident/export.ts"),
    import("../../../audit/read/export.ts"),
    import("../../../backup/backup.ts"),
  ]);
  const { options, redactor, vault } = ground;
  const { recipient, keyFile } = vault.status();
  const recipients = recipientsOf(asked, recipient);
  const to = asked.to ?? join(options.paths.incident, "exports");
  const withPeople = asked.people === true;
  evidence.evidence.checkpoint();
  const { path, bytes, sha256, packed } = await exportIncident(
    {
      incident,
      to,
      recipients,
      version: options.version,
      now: systemClock.now(),
      report,
      publicKey: evidence.evidence.status().publicKey,
      withPeople,
      exportEvidence: (folder) => void exportAudit(options.paths.logs, folder, {}),
      redact: await lineRedactor(redactor, withPeople),
      holdsSecret: (line) => redactor.known.scan(line).hits.length > 0,
    },
    signal,
  );
  const isOwn = recipient !== undefined && recipients.includes(recipient);
  const synced = await isCloudSynced(to);
  const warnings = [
    ...(asked.plain ? ["it is not sealed: whoever gets the file reads what happened, and who was there"] : []),
    ...(synced === undefined ? [] : [`${to} is inside ${synced}, which copies it to other machines`]),
  ];
  return { path, bytes, files: packed.files, sha256, recipients, keyFile: isOwn ? (keyFile ?? null) : null, warnings };
}

/** For the owner's key and whoever else is named; for nobody only where the owner says so. */
function recipientsOf({ plain, recipients = [] }: Asked, own: string | undefined): readonly string[] {
  if (plain && recipients.length > 0)
    throw new LoricaError("invalid_request", "either it is sealed for somebody or it is plain: --recipient or --plain");
  if (plain) return [];
  const all = [...new Set([...(own === undefined ? [] : [own]), ...recipients])];
  if (all.length > 0) return all;
  throw new LoricaError("locked", "there is no key to seal it for: name one with --recipient, or say --plain");
}

async function lineRedactor(redactor: Redactor, withPeople: boolean): Promise<(line: string) => string> {
  if (withPeople) return (line) => redactor.redact(line);
  const [{ findPeople }, { replaceSpans }] = await Promise.all([
    import("../../../dlp/find/people.ts"),
    import("../../../dlp/find/finding.ts"),
  ]);
  const anybody = { emails: true, phones: true, members: [], atLeast: 1 } as const;
  return (line) => {
    const redacted = redactor.redact(line);
    const spans = findPeople(redacted, anybody).flatMap(({ values }) => values);
    return spans.length === 0 ? redacted : replaceSpans(redacted, spans);
  };
}
