// What the method tables are made of: the type of a row, and the params that many methods share.
import { z } from "zod";
import { queueModes, thinkingLevels } from "../../base/envelope.ts";
import { limits } from "../../base/limits.ts";
import type { Scope } from "../scopes.ts";

export type Role = "operator" | "node";

export type Method<P, R> = {
  readonly summary: string;
  /** A function where it depends on what is asked. A node has no scopes: for it only `roles` says what it may call. */
  readonly scope: Scope | ((params: P) => Scope);
  readonly scopeNote?: string;
  /** Who may call it at all; operators where nothing is said. */
  readonly roles?: readonly Role[];
  /** Counts against the bound on changes to how the gateway is run (GW-039). */
  readonly writeLimited?: true;
  /** False for what works and is not named in `hello-ok`. */
  readonly advertised?: false;
  readonly params: z.ZodType<P>;
  /** Exists for the compiler only. */
  readonly result?: R;
};

type AnyMethod = { readonly params: z.ZodType; readonly result?: unknown };

export type ParamsIn<M extends AnyMethod> = z.infer<M["params"]>;

export type ResultIn<M extends AnyMethod> = Exclude<M["result"], undefined>;

/** One handler for each method of a table. `C` is what the server hands to every one of them. */
export type HandlersOf<T extends Readonly<Record<string, AnyMethod>>, C> = {
  readonly [M in keyof T]: (params: ParamsIn<T[M]>, context: C) => Promise<ResultIn<T[M]>>;
};

/** Curried, so that the result's type is given and the parameters' is inferred. */
export function method<R>() {
  return <P>(definition: Omit<Method<P, R>, "result">): Method<P, R> => definition;
}

export const admin = "operator.admin";
export const read = "operator.read";
export const write = "operator.write";

export const name = z.string().min(1).max(128);
export const sessionKey = z.string().min(1).max(512);
export const label = z.string().min(1).max(512);
export const modelRef = z.string().min(1).max(256);
export const timeoutMs = z.int().min(0);
export const message = z
  .string()
  .max(limits.messageMaxChars, `is longer than ${limits.messageMaxChars} characters`)
  .refine((text) => !text.includes("\0"), "holds a NUL character");
/** Becomes the run's id. Printable, because it is shown in logs and commands. */
export const idempotencyKey = z
  .string()
  .regex(/^[\x21-\x7e]{1,200}$/, "is 1 to 200 printable characters without spaces");
export const thinking = z.enum(thinkingLevels);
export const queueMode = z.enum(queueModes);
/** `content` is base64, with or without a `data:` prefix. */
const attachment = z.strictObject({
  type: z.string().max(64).optional(),
  mimeType: z.string().max(128).optional(),
  fileName: z.string().max(255).optional(),
  origin: z.enum(["paste", "file"]).optional(),
  content: z.string(),
  sizeBytes: z.number().optional(),
  durationMs: z.number().optional(),
  width: z.number().optional(),
  height: z.number().optional(),
});
export const attachments = z.array(attachment).max(limits.attachmentsMax);
/** Opens the rehearsal model's grammar. Honoured on the owner's own socket and nowhere else. */
export const rehearsal = z.strictObject({ grammar: z.literal(true), script: z.string().max(1_000_000).optional() });
export const none = z.strictObject({});

/** A reset throws a conversation's context away, so asking for one in words needs what `sessions.reset` needs. */
export function scopeOfMessage(params: { readonly message: string }): Scope {
  return /^\s*\/(new|reset)\b/i.test(params.message) ? admin : write;
}
