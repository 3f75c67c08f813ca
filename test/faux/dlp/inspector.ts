// An inspector that finds nothing, or what a test says: what is stored and shown is what `redact` leaves.
import { createInspector } from "../../../src/dlp/judge/inspector.ts";
import { createKnownValues } from "../../../src/dlp/known/known.ts";
import type { Incident, Inspector, InspectorRules, LocalInspector } from "../../../src/dlp/dlp.ts";
import type { Clock } from "../../../src/base/clock.ts";
import { parsed } from "../../../src/base/parsed.ts";

export function createFauxInspector(redact: (text: string) => string = (text) => text): Inspector {
  return {
    async inspect({ texts }) {
      const left = texts.map(redact);
      const isSame = left.every((text, at) => text === texts[at]);
      return { verdict: isSame ? "pass" : "redact", texts: left, reason: isSame ? "" : "a secret" };
    },
    inspectStream: async ({ text }) => ({ text, taken: text.length }),
  };
}

export const testCanary = "k7f3q9w2m8x4d5h1";

const rules: InspectorRules = { patterns: true, entropy: true, people: undefined, windowMessages: 32 };

/** The real one, with the values of a test. */
export function createTestInspector(
  values: readonly string[],
  change: Partial<InspectorRules> = {},
  clock: Clock = { now: () => 1_000 },
): LocalInspector & { readonly told: readonly Incident[]; readonly alarms: () => number } {
  const told: Incident[] = [];
  let alarms = 0;
  const inspector = createInspector({
    known: createKnownValues(() => values),
    canary: testCanary,
    own: parsed,
    rules: () => ({ ...rules, ...change }),
    clock,
    onIncident: (incident) => void told.push(incident),
    onGuessing: () => void (alarms += 1),
  });
  return { ...inspector, told, alarms: () => alarms };
}
