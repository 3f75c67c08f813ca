// Counts what was looked at and what came of it, so that false alarms show (DLP-011).
import type { Finding } from "../find/finding.ts";
import type { Verdict } from "./verdict.ts";

export type TallyFigures = {
  readonly texts: number;
  readonly chars: number;
  readonly ms: number;
  readonly rules: readonly { readonly rule: string; readonly verdict: Verdict; readonly times: number }[];
};

export type Tally = {
  looked(chars: number, ms: number): void;
  found(findings: readonly Pick<Finding, "rule">[], verdict: Verdict): void;
  figures(): TallyFigures;
};

export function createTally(): Tally {
  const totals = { texts: 0, chars: 0, ms: 0 };
  const rules = new Map<string, { readonly rule: string; readonly verdict: Verdict; times: number }>();
  return {
    looked(chars, ms) {
      totals.texts += 1;
      totals.chars += chars;
      totals.ms += ms;
    },
    found(findings, verdict) {
      for (const rule of new Set(findings.map((finding) => finding.rule))) {
        const row = rules.get(`${rule} ${verdict}`) ?? { rule, verdict, times: 0 };
        row.times += 1;
        rules.set(`${rule} ${verdict}`, row);
      }
    },
    figures: () => ({ ...totals, ms: Math.round(totals.ms), rules: [...rules.values()].map((row) => ({ ...row })) }),
  };
}
