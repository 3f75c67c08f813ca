// What the owner asks of the sealed state.
import { z } from "zod";
import { ownerMethod as method } from "./kit.ts";

export type StateDamage = {
  /** As `entry 12 of the window …`. */
  readonly what: string;
  readonly sessionKey: string | null;
};

export const stateMethods = {
  "state.check": method<{ readonly damage: readonly StateDamage[] }>()({
    summary: "Opens every sealed value of the database and every file of the media folder, and lists what is damaged.",
    params: z.strictObject({}),
  }),
} as const;
