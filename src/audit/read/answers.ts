// What the owner's methods on evidence do, beside a running broker and without one.
import { join } from "node:path";
import { isMissing, LoricaError } from "../../base/errors.ts";
import type { AuditReport, evidenceMethods } from "../../protocol/owner/evidence.ts";
import type { OwnerParamsOf, OwnerResultOf } from "../../protocol/owner-methods.ts";
import type { Evidence } from "../chain/evidence.ts";
import { headBytes, headName, keyName, readHead, renderReport, verifyEvidence } from "../verify/verify-evidence.ts";
import { exportAudit } from "./export.ts";
import { queryAudit } from "./query.ts";
import { readIfThereSync } from "../../base/files/read-if-there.ts";

export type EvidenceAnswers = {
  readonly [M in keyof typeof evidenceMethods]: (params: OwnerParamsOf<M>) => Promise<OwnerResultOf<M>>;
};

/** `evidence`: the log that is being written; undefined where nobody writes it. */
export function createEvidenceAnswers(folder: string, evidence: Evidence | undefined): EvidenceAnswers {
  return {
    "audit.query": (query) => queryAudit(folder, query),
    async "audit.verify"({ key, head }): Promise<AuditReport> {
      evidence?.checkpoint();
      const isLive = evidence !== undefined;
      const { publicKey } = evidence?.status() ?? {};
      const about = { key: key ?? publicKey, anchor: head, headKey: evidence?.headKey(), live: isLive };
      const report = await verifyEvidence(folder, about).catch((cause: unknown) => {
        if (isMissing(cause)) throw new LoricaError("not_found", `there is no evidence log in ${folder}`, { cause });
        throw cause;
      });
      return { ...report, text: renderReport(report) };
    },
    async "audit.key"() {
      if (evidence !== undefined) evidence.checkpoint();
      const status = evidence?.status();
      const beside = readIfThereSync(join(folder, keyName))?.toString().trim();
      const head =
        status?.head ?? readHead(readIfThereSync(join(folder, headName))?.toString("utf8", 0, headBytes) ?? "");
      const last = head === undefined || head.seq === 0 ? null : { seq: head.seq, hash: head.hash };
      return { publicKey: status?.publicKey ?? beside ?? null, folder, head: last };
    },
    async "audit.export"({ folder: to, ...filter }) {
      evidence?.checkpoint();
      return exportAudit(folder, to, filter);
    },
  };
}
