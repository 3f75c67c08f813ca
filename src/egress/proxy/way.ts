// What the pieces of the proxy share: who asks, what is asked of whom, and what is written down about it.
import type { Socket } from "node:net";
import { codeOf } from "../../base/errors.ts";
import type { Authority } from "../authority/authority.ts";
import type { AgentEgress, EgressQuestion } from "../judge/judge.ts";

/** The cell at whose listener a connection arrived: nothing that it sends can change that. */
export type Asker = { readonly agentId: string; readonly sessionKey: string };

export type EgressEntry = Asker & {
  readonly host: string;
  readonly port: number;
  readonly transport: EgressQuestion["transport"];
  readonly method?: string | undefined;
  readonly path?: string | undefined;
  readonly verdict: "allow" | "deny";
  readonly rule: string;
  readonly reason?: string | undefined;
  readonly upBytes: number;
  readonly downBytes: number;
  readonly durationMs: number;
};

export type Inspection = Asker & {
  readonly host: string;
  readonly kind: "host" | "head" | "body";
  readonly text: string;
  /** A body as it is, because it may be a file. */
  readonly file?: { readonly bytes: Buffer; readonly contentType: string };
};

export type Inspect = (what: Inspection) => Promise<"pass" | "block">;

export type Placeholder = Asker & {
  readonly name: string;
  readonly host: string;
  readonly method: string;
  readonly path: string;
  /** The header in which it stands, lower case. */
  readonly header: string;
};

export type ProxyDeps = {
  /** What the config gives the agent now; asked for each connection and each request. */
  readonly rules: (agentId: string) => AgentEgress | undefined;
  readonly now: () => number;
  readonly resolve: (host: string) => Promise<readonly string[]>;
  /** Opens a connection to an address that was checked. */
  readonly connect: (address: string, port: number) => Socket;
  readonly record: (entry: EgressEntry) => void;
  readonly inspect?: Inspect | undefined;
  /** The value of a secret where its binding covers this place; undefined refuses the request. */
  readonly fill?: ((placeholder: Placeholder) => Promise<string | undefined>) | undefined;
  /** Certificates of the far side that count besides the known ones. */
  readonly trusted?: readonly string[] | undefined;
  readonly halted?: ((agentId: string) => AbortSignal | undefined) | undefined;
};

/** One cell's way out. */
export type Way = {
  readonly deps: ProxyDeps;
  readonly asker: Asker;
  readonly authority: Authority | undefined;
  /** Bytes of bodies that wait for being looked through. */
  readonly held: { bytes: number };
};

/** Why nothing goes through; `rule` is for the record, `reason` for whoever asked. */
export type Refusal = { readonly rule: string; readonly reason: string };

/** What could not be looked at does not go through. An error's words may name what it was about, so its code must do. */
export function failed(error: unknown): Refusal {
  return refusalOf("failed", `it could not be looked at (${codeOf(error)})`);
}

export function refusalOf(rule: string, reason: string): Refusal {
  return { rule, reason };
}
