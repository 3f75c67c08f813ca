// The owner's kill switch.
import { z } from "zod";
import { idBeginning, ownerMethod as method } from "./kit.ts";

export const killCapabilities = ["exec", "files", "model", "channels", "egress", "nodes", "tools"] as const;

export type HaltRow = {
  readonly id: string;
  readonly at: number;
  readonly until: number | null;
  readonly by: string;
  readonly reason: string;
  /** `everything`, `the agent main` or the capability. */
  readonly what: string;
};

/** What may be stopped: one agent, one capability, or without both everything. */
export const haltTarget = {
  agent: z.string().min(1).max(64).optional(),
  capability: z.enum(killCapabilities).optional(),
};

export const killMethods = {
  "kill.halt": method<{ readonly halt: HaltRow; readonly halts: readonly HaltRow[] }>()({
    summary: "Stops effects at once, in the middle of them, until the owner resumes them or the time is over.",
    params: z.strictObject({
      ...haltTarget,
      forMs: z
        .int()
        .min(1_000)
        .max(366 * 86_400_000)
        .optional(),
      reason: z.string().max(512).optional(),
    }),
  }),
  "kill.status": method<{ readonly halts: readonly HaltRow[] }>()({
    summary: "What is stopped.",
    params: z.strictObject({}),
  }),
  "kill.resume": method<{ readonly resumed: number; readonly halts: readonly HaltRow[] }>()({
    summary: "Takes back one stop by its id or the beginning of it, or all.",
    params: z.strictObject({ id: idBeginning.optional() }),
  }),
} as const;
