// What the owner asks about cells: which there are, what one would be and why, that they start anew, that the walls are
// tried again, and that one wall is lowered for a while.
import { z } from "zod";
import { ownerMethod as method } from "./kit.ts";

const agent = z.string().min(1).max(64);
const session = z.string().min(1).max(512);

export type OwnerCell = {
  readonly agentId: string;
  /** Null where several sessions share it. */
  readonly sessionKey: string | null;
  readonly scope: "session" | "agent" | "shared";
  /** SHA-256 of the profile. */
  readonly digest: string;
  readonly filter: "full" | "relaxed";
  readonly ageMs: number;
  readonly isBusy: boolean;
};

export type CellExplanation = {
  readonly agentId: string;
  readonly workspace: string;
  readonly access: "rw" | "ro" | "none";
  readonly mode: "all" | "non-main" | "off";
  readonly scope: "session" | "agent" | "shared";
  readonly filter: "full" | "relaxed";
  /** Null where no cell can be made now. */
  readonly digest: string | null;
  /** Instruction files that tools can read and not change. */
  readonly locked: readonly string[];
  readonly processesMax: number;
  readonly memoryBytes: number;
  readonly binds: readonly string[];
  readonly folders: readonly string[];
  /** Names of the variables that the config adds. */
  readonly variables: readonly string[];
  /** What bounds the cell as a whole. */
  readonly limits: { readonly kind: string; readonly detail: string };
  /** Why there is no cell for this agent; null where there is one. */
  readonly refused: string | null;
  readonly fix: string | null;
};

export const sandboxMethods = {
  "sandbox.list": method<{ readonly cells: readonly OwnerCell[]; readonly loweredUntil: number | null }>()({
    summary: "The cells that are open.",
    params: z.strictObject({}),
  }),
  "sandbox.explain": method<{ readonly agents: readonly CellExplanation[] }>()({
    summary: "What a cell of each agent is, as it would be started now.",
    params: z.strictObject({ agent: agent.optional() }),
  }),
  "sandbox.recreate": method<{ readonly ended: number }>()({
    summary: "Ends cells and whatever runs in them; the next command has a new one.",
    params: z.strictObject({ agent: agent.optional(), session: session.optional() }),
  }),
  "sandbox.test": method<{
    readonly state: "verified" | "off";
    readonly reason: string | null;
    readonly fix: string | null;
    readonly tookMs: number;
    readonly walls: readonly { readonly name: string; readonly held: boolean; readonly detail: string }[];
    readonly limits: { readonly kind: string; readonly detail: string };
  }>()({
    summary: "Tries every wall again, as at each start.",
    params: z.strictObject({}),
  }),
  "sandbox.lower": method<{ readonly until: number | null; readonly agents: readonly string[] }>()({
    summary: "Lowers the filter of system calls for agents whose mode asks for that, for a while; 0 raises it again.",
    params: z.strictObject({
      forMs: z
        .int()
        .min(0)
        .max(24 * 3_600_000),
    }),
  }),
} as const;
