// An incident at its place in the broker: everything is stopped, what is there is kept, and afterwards the owner is told of
// every change for a while.
import { join } from "node:path";
import { systemClock } from "../../../base/clock.ts";
import { LoricaError } from "../../../base/errors.ts";
import { limits } from "../../../base/limits.ts";
import { renderCount } from "../../../base/text/count.ts";
import { listAgents } from "../../../config/config.ts";
import { instructionFiles } from "../../../protocol/known/instruction-files.ts";
import { checklistFor, createTelling, openIncidentBook } from "../../../incident/incident.ts";
import type { Incident } from "../../../incident/incident.ts";
import type { IncidentExported, incidentMethods } from "../../../protocol/owner/incident.ts";
import type { PartStatus } from "../../../protocol/owner/kit.ts";
import type { OwnerHandlers, ProbedCells } from "../../../broker/broker.ts";
import type { EvidenceSide } from "../evidence.ts";
import type { Ground } from "../open-parts.ts";
import type { BrokerSide } from "../side.ts";
import type { exportOne } from "./export.ts";
import { openKillSide } from "./kill.ts";
import type { KillSide } from "./kill.ts";

export type IncidentSide = {
  readonly kill: KillSide;
  readonly sides: readonly BrokerSide[];
  readonly areas: Pick<OwnerHandlers, keyof typeof incidentMethods> & KillSide["areas"];
};
type Parts = { readonly evidence: EvidenceSide; readonly cells: () => ProbedCells };

export function openIncidentSide(ground: Ground, parts: Parts): IncidentSide {
  const { evidence } = parts;
  const { options, alertOwner } = ground;
  const folder = options.paths.incident;
  const book = openIncidentBook(join(folder, "incident.json"));
  const audit = evidence.writer.source("broker");
  const kill = openKillSide(ground, { audit, cells: parts.cells });
  const record = (resource: string, reason = ""): void =>
    audit.record({ kind: "incident", actor: "owner", resource, ...(reason === "" ? {} : { reason }) });

  function open(): Incident {
    const current = book.current();
    if (current !== undefined && current.state !== "closed") return current;
    throw new LoricaError("not_found", "no incident is open; lorica incident start opens one");
  }

  evidence.onRecord(
    createTelling({ watchedUntil: () => book.current()?.watchedUntil ?? 0, clock: systemClock, alertOwner }),
  );
  return {
    kill,
    sides: [kill, { part: () => describe(book.current()) }],
    areas: {
      ...kill.areas,
      async "incident.start"({ reason = "" }) {
        const before = book.current();
        if (before !== undefined && before.state !== "closed")
          throw new LoricaError("conflict", "an incident is open already; see: lorica incident status");
        await kill.areas["kill.halt"]({ reason: reason === "" ? "incident" : `incident: ${reason}` });
        const startedAt = systemClock.now();
        const id = new Date(startedAt).toISOString().replace(/[:.]/g, "-");
        record("incident started", reason);
        const place = join(folder, id);
        await snapshot(ground, place, parts);
        const checklist = (await itemsFor(ground)).map((item) => ({ ...item, doneAt: null }));
        const about = { id, startedAt, reason, folder: place, checklist, contained: [] };
        return await book.keep({ ...about, state: "frozen", closedAt: null, watchedUntil: null });
      },
      "incident.status": async () => ({ incident: book.current() ?? null }),
      "incident.add": async ({ lists }) => await add(ground, open().folder, lists),
      async "incident.contained"({ done }) {
        for (const line of done) record(`contained: ${line}`);
        const incident = open();
        return await book.keep({ ...incident, state: "contained", contained: [...incident.contained, ...done] });
      },
      async "incident.done"({ item }) {
        const incident = open();
        if (!incident.checklist.some(({ id }) => id === item))
          throw new LoricaError("not_found", `the list has no ${JSON.stringify(item)}; see: lorica incident status`);
        record(`done: ${item}`);
        const doneAt = systemClock.now();
        const checklist = incident.checklist.map((one) => (one.id === item ? { ...one, doneAt } : one));
        return await book.keep({ ...incident, checklist });
      },
      "incident.report": async ({ since }) => ({ text: await report(ground, evidence, since) }),
      async "incident.export"(asked, { signal }) {
        const made = await exportLast(ground, { evidence, incident: book.current() }, { asked, signal });
        record(`exported to ${made.path}`, `sha256 ${made.sha256}`);
        return made;
      },
      async "incident.close"({ watchMs = limits.incidentWatchMs }) {
        const incident = open();
        record("incident closed");
        const closedAt = systemClock.now();
        return await book.keep({ ...incident, state: "closed", closedAt, watchedUntil: closedAt + watchMs });
      },
    },
  };
}

/** The files whose change matters: what governs the gateway, what instructs agents, and what holds keys. */
function watchedFiles({ options, keeper }: Ground): readonly (readonly [string, string])[] {
  const { configPath, lastGoodPath, settingsPath, execApprovalsPath, credentials, identity, dotEnvPath } =
    options.paths;
  const own = [configPath, lastGoodPath, settingsPath, execApprovalsPath].map((path) => [path, "governs"] as const);
  const keys = [credentials, identity, dotEnvPath].map((path) => [path, "holds keys"] as const);
  const instructions = listAgents(keeper.config(), options.paths).flatMap(({ workspace }) =>
    instructionFiles.map((name) => [join(workspace, name), "instructs an agent"] as const),
  );
  return [...own, ...keys, ...instructions];
}

async function snapshot(ground: Ground, folder: string, { cells, evidence }: Parts): Promise<void> {
  const [{ takeSnapshot }, { exportAudit }] = await Promise.all([
    import("../../../incident/snapshot.ts"),
    import("../../../audit/read/export.ts"),
  ]);
  const { options, keeper, redactor, vault } = ground;
  const { logs, home } = options.paths;
  evidence.evidence.checkpoint();
  const secrets = vault.status().state === "open" ? await vault.list() : [];
  const { value: config } = await keeper.service.view(undefined);
  takeSnapshot({
    folder,
    home,
    logs,
    watched: watchedFiles(ground),
    lists: { cells: cells().list(), config, secrets, status: evidence.evidence.status() },
    redact: (text) => redactor.redact(text),
    exportEvidence: (to) => void exportAudit(logs, to, {}),
  });
}

async function add({ redactor }: Ground, folder: string, lists: Readonly<Record<string, unknown>>) {
  const { addLists } = await import("../../../incident/snapshot.ts");
  addLists(folder, lists, (text) => redactor.redact(text));
  return { added: Object.keys(lists) };
}

async function report(ground: Ground, { areas }: EvidenceSide, since: number | undefined): Promise<string> {
  const [{ assess }, { queryAudit }] = await Promise.all([
    import("../../../incident/report.ts"),
    import("../../../audit/read/query.ts"),
  ]);
  const { logs, home } = ground.options.paths;
  const from = since ?? systemClock.now() - limits.incidentLookBackMs;
  const { text: verified } = await areas["audit.verify"]({});
  const { records } = await queryAudit(logs, { since: from, limit: limits.incidentRecordsMax });
  return assess({ verified, records, home, since: from, watched: watchedFiles(ground) });
}

type Exporting = { readonly evidence: EvidenceSide; readonly incident: Incident | undefined };

async function exportLast(
  ground: Ground,
  { evidence, incident }: Exporting,
  order: Parameters<typeof exportOne>[2],
): Promise<IncidentExported> {
  if (incident === undefined)
    throw new LoricaError("not_found", "there was no incident; lorica incident start opens one");
  const { exportOne: exported } = await import("./export.ts");
  const assessed = await report(ground, evidence, incident.startedAt - limits.incidentLookBackMs);
  return await exported(ground, { incident, evidence, report: assessed }, order);
}

async function itemsFor({ keeper, vault }: Ground) {
  const { channels, models } = keeper.config();
  const secrets = vault.status().state === "open" ? (await vault.list()).map(({ name }) => name) : [];
  const ofSecrets = (kind: string): string[] =>
    secrets.filter((name) => name.startsWith(`${kind}:`)).map((name) => name.split(":")[1] ?? "");
  return checklistFor({
    channels: [...new Set([...ofSecrets("channel"), ...Object.keys(channels).filter((id) => id in { telegram: 1 })])],
    providers: [...new Set([...Object.keys(models.providers), ...ofSecrets("provider")])],
    secrets,
  });
}

function describe(incident: Incident | undefined): PartStatus | undefined {
  const name = "incident";
  if (incident === undefined) return undefined;
  if (incident.state !== "closed") {
    const left = incident.checklist.filter(({ doneAt }) => doneAt === null).length;
    const detail = `${incident.state} since ${new Date(incident.startedAt).toISOString()}; ${renderCount(left, "thing")} left to do`;
    return { name, state: "degraded", detail, fix: "lorica incident status" };
  }
  const isWatched = systemClock.now() < (incident.watchedUntil ?? 0);
  const watched = `; you are told of every change until ${new Date(incident.watchedUntil ?? 0).toISOString()}`;
  return { name, state: "on", detail: `the last one is closed${isWatched ? watched : ""}`, fix: null };
}
