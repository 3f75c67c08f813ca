// What the tables of the owner's methods are made with.
import { z } from "zod";
import type { Method } from "../methods/kit.ts";

/** One wall or keeper in the owner's status. */
export type PartStatus = {
  /** `vault`, `egress`, `dlp`, `watchdog`, `evidence`, … */
  readonly name: string;
  readonly state: "on" | "off" | "locked" | "degraded";
  /** What it is, in one line; where it is not on, what that means. */
  readonly detail: string;
  /** The command or setting that brings it back. */
  readonly fix: string | null;
  /** What the owner is told in the short status too, one line each. */
  readonly notes?: readonly string[];
};

/** An id as lists print it, which is its beginning. */
export const idBeginning = z.string().min(4, "an id has four characters or more, as the list prints it").max(64);

/** All of them are the owner's alone, so the scope is not repeated on each. */
export function ownerMethod<R>() {
  return <P>(definition: Pick<Method<P, R>, "summary" | "params">): Method<P, R> => ({
    ...definition,
    scope: "operator.admin",
  });
}
