// Actions as they come over the link: data from a process that may be somebody else's by now. Each is read field by
// field into what its verb allows, and no nonce is taken twice.
import type { Action, Resources, Verb } from "../../base/action.ts";
import { LoricaError } from "../../base/errors.ts";
import { isRecord } from "../../base/json.ts";
import { limits } from "../../base/limits.ts";
import { parsed, rejected } from "../../base/parsed.ts";
import type { Parsed } from "../../base/parsed.ts";

/** The verbs whose effects are the broker's. */
export type BrokerVerb =
  | "process.run"
  | "process.control"
  | "file.read"
  | "file.write"
  | "model.request"
  | "channel.request";

type Field = (value: unknown) => boolean;
type Shape = Readonly<Record<string, Field>>;

const text: Field = (value) => typeof value === "string";
const short: Field = (value) => typeof value === "string" && value.length <= 4_096;
const count: Field = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
const flag: Field = (value) => typeof value === "boolean";
const oneOf =
  (...words: readonly string[]): Field =>
  (value) =>
    words.includes(value as string);

const process_ = { operation: oneOf("poll", "write", "kill"), processId: short };

/** Verb → operation → fields. Verbs without operations have the one, called `do`. */
const shapes: { readonly [V in BrokerVerb]: Readonly<Record<string, Shape>> } = {
  "process.run": {
    do: {
      command: text,
      cwd: short,
      timeoutMs: count,
      terminal: oneOf("none", "pty"),
      mode: oneOf("foreground", "background"),
    },
  },
  "process.control": {
    list: { operation: short },
    poll: { ...process_, waitMs: count },
    write: { ...process_, data: text },
    kill: process_,
  },
  "file.read": {
    read: { operation: short, path: short, offset: count, lines: count },
    glob: { operation: short, pattern: short, path: short },
    grep: { operation: short, pattern: short, path: short, include: short, ignoreCase: flag },
  },
  "file.write": {
    instruct: { operation: short, path: short, content: text },
    write: { operation: short, path: short, content: text },
    edit: { operation: short, path: short, before: text, after: text, occurrences: oneOf("one", "all") },
    apply_patch: { operation: short, patch: text },
  },
  "model.request": { do: { provider: short, method: oneOf("GET", "POST"), url: text } },
  "channel.request": { do: { channel: short, account: short, method: oneOf("GET", "POST"), url: text } },
};

export function parseAction<V extends BrokerVerb>(verb: V, value: unknown): Parsed<Action<V>> {
  if (!isRecord(value) || value["verb"] !== verb) return rejected(`not an action of ${verb}`);
  const { agentId, sessionKey, principal, label, resource } = value;
  if (typeof agentId !== "string" || !short(agentId)) return rejected("no agent");
  if (typeof sessionKey !== "string" || !short(sessionKey)) return rejected("no session");
  if (!isPrincipal(principal)) return rejected("no principal");
  if (!isLabel(label)) return rejected("no label");
  if (!isRecord(resource)) return rejected("no resource");
  const operation = resource["operation"] ?? "do";
  const operations = shapes[verb];
  const shape =
    typeof operation === "string" && Object.hasOwn(operations, operation) ? operations[operation] : undefined;
  if (shape === undefined) return rejected(`${verb} has no such operation`);
  const wrong = Object.keys(shape).find((name) => shape[name]?.(resource[name]) !== true);
  if (wrong !== undefined) return rejected(`${verb} with a ${wrong} that is none`);
  const kept = Object.fromEntries(Object.keys(shape).map((name) => [name, resource[name]])) as Resources[V];
  return parsed({ verb, agentId, sessionKey, principal, label, resource: kept } as unknown as Action<V>);
}

function isPrincipal(value: unknown): boolean {
  const kinds = oneOf("owner", "member", "stranger", "system");
  return isRecord(value) && short(value["id"]) && short(value["account"]) && kinds(value["kind"]);
}

function isLabel(value: unknown): boolean {
  if (!isRecord(value) || !oneOf("owner", "member", "untrusted")(value["integrity"])) return false;
  const { readers } = value;
  return Array.isArray(readers) && readers.length <= 1_024 && readers.every(short);
}

export type NonceBook = { take(nonce: unknown): void };

/** Refuses a nonce that was seen before. Grants live a minute; this many nonces last far longer than that. */
export function createNonceBook(): NonceBook {
  const seen = new Set<string>();
  return {
    take(nonce) {
      if (typeof nonce !== "string" || nonce.length < 16 || nonce.length > 64)
        throw new LoricaError("forbidden", "a request without a grant's number");
      if (seen.has(nonce)) throw new LoricaError("forbidden", "a grant that was used before");
      seen.add(nonce);
      if (seen.size <= limits.linkNoncesMax) return;
      for (const oldest of seen) {
        seen.delete(oldest);
        break;
      }
    },
  };
}

export function actionOf<V extends Verb & BrokerVerb>(verb: V, value: unknown): Action<V> {
  const action = parseAction(verb, value);
  if (!action.ok) throw new LoricaError("invalid_request", `an action that the broker cannot read: ${action.reason}`);
  return action.value;
}
