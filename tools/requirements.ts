// Says which requirements the tests prove. A test proves a row by carrying its id at the start of its name. Prints each
// area's count, what is covered, what waits and why, and what is neither; fails on the last.
import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
/** Steps of the plan that are built; a row of theirs is proved or waits with a reason. */
const builtSteps: ReadonlySet<string> = new Set(["1", "2", "3"]);

export type Coverage = {
  readonly rows: ReadonlyMap<string, { readonly step: string; readonly text: string }>;
  /** id → the files whose tests prove it. */
  readonly covered: ReadonlyMap<string, readonly string[]>;
  /** id → why it waits. */
  readonly later: ReadonlyMap<string, string>;
  /** Rows of built steps that are neither covered nor later. */
  readonly missing: readonly string[];
  /** Ids that a test or the Later table names and the matrix does not have. */
  readonly unknown: readonly string[];
  /** Ids that are proved and said to wait at the same time. */
  readonly both: readonly string[];
};

export function readCoverage(): Coverage {
  const [matrix = "", waiting = ""] = readFileSync(join(root, "docs/requirements.md"), "utf8").split("\n## Later\n");
  const rows = new Map<string, { step: string; text: string }>();
  for (const [, id = "", text = "", step = ""] of matrix.matchAll(/^\| ([A-Z]+-\d+) \| (.*) \| ([^|]*) \|$/gm)) {
    rows.set(id, { step, text });
  }
  const later = new Map(
    [...waiting.matchAll(/^\| ([A-Z]+-\d+) \| (.+) \|$/gm)].map(([, id = "", why = ""]) => [id, why]),
  );
  const covered = readProofs();
  const wanted = [...rows].filter(([, row]) => builtSteps.has(row.step)).map(([id]) => id);
  const named = [...covered.keys(), ...later.keys()];
  return {
    rows,
    covered,
    later,
    missing: wanted.filter((id) => !covered.has(id) && !later.has(id)),
    unknown: named.filter((id) => !rows.has(id)),
    both: [...later.keys()].filter((id) => covered.has(id)),
  };
}

/** Ids at the start of tests' names, as in `test("CFG-015 CFG-016 …"` or a table's `"KEY-003": …` rows. */
function readProofs(): ReadonlyMap<string, readonly string[]> {
  const proofs = new Map<string, string[]>();
  for (const file of globSync("test/**/*.test.ts", { cwd: root }).toSorted()) {
    const text = readFileSync(join(root, file), "utf8");
    for (const [, names = ""] of text.matchAll(/\b(?:test|it|suite|describe)\(\s*["'`]((?:[A-Z]+-\d+[ ,:]+)+)/g)) {
      for (const [id] of names.matchAll(/[A-Z]+-\d+/g)) {
        const files = proofs.get(id) ?? [];
        if (!files.includes(file)) files.push(file);
        proofs.set(id, files);
      }
    }
  }
  return proofs;
}

function print(coverage: Coverage): void {
  const areas = Map.groupBy(coverage.rows.keys(), (id) => id.replace(/-\d+$/, ""));
  const lines: string[] = [];
  for (const [area, ids] of areas) {
    const covered = ids.filter((id) => coverage.covered.has(id));
    const waiting = ids.filter((id) => coverage.later.has(id));
    if (covered.length + waiting.length === 0) continue;
    lines.push(`${area.padEnd(5)} ${covered.length} covered, ${waiting.length} later, of ${ids.length}`);
    lines.push(`      covered: ${covered.join(" ") || "none"}`);
    for (const id of waiting) lines.push(`      later:   ${id} ${coverage.later.get(id) ?? ""}`);
  }
  const wrong = {
    missing: coverage.missing,
    "not in the matrix": coverage.unknown,
    "covered and later": coverage.both,
  };
  for (const [what, ids] of Object.entries(wrong)) if (ids.length > 0) lines.push(`${what}: ${ids.join(" ")}`);
  lines.push(`${coverage.covered.size} covered, ${coverage.later.size} later, ${coverage.missing.length} missing`);
  process.stdout.write(`${lines.join("\n")}\n`);
}

if (import.meta.main) {
  const coverage = readCoverage();
  print(coverage);
  process.exitCode = coverage.missing.length + coverage.unknown.length + coverage.both.length === 0 ? 0 : 1;
}
