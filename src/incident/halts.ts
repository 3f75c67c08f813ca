// The kill switch: what is stopped, for whom, and until when. What runs is ended by a signal, what comes is refused, and
// both survive a restart.
import { mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Clock } from "../base/clock.ts";
import { isMissing, LoricaError } from "../base/errors.ts";
import { newId } from "../base/ids.ts";
import { isRecord, parseJson } from "../base/json.ts";
import { limits } from "../base/limits.ts";
import { replaceFile } from "../base/replace-file.ts";

export const capabilities = ["exec", "files", "model", "channels", "egress", "nodes", "tools"] as const;
export type Capability = (typeof capabilities)[number];

export type HaltScope =
  | { readonly kind: "all" }
  | { readonly kind: "agent"; readonly agentId: string }
  | { readonly kind: "capability"; readonly capability: Capability };

export type Halt = {
  readonly id: string;
  readonly at: number;
  /** Undefined: until the owner resumes it. */
  readonly until?: number;
  readonly by: string;
  readonly reason: string;
  readonly scope: HaltScope;
};

export type HaltOrder = Pick<Halt, "scope" | "by" | "reason"> & { readonly forMs: number | undefined };

/** What an effect needs, and whose it is; a channel's own requests are nobody's. */
export type Effect = { readonly agentId: string; readonly capability: Capability };

export type Halts = {
  /** What holds now. */
  list(): readonly Halt[];
  /** Ends at once what it is about; resolves when it would survive a restart. */
  halt(order: HaltOrder): Promise<Halt>;
  /** Takes back one, or all; answers how many. */
  resume(id: string | undefined): Promise<number>;
  /** Throws `locked` where the effect is stopped; the signal ends it while it runs. */
  admit(effect: Effect): AbortSignal;
  haltOf(effect: Effect): Halt | undefined;
  close(): void;
};

export type HaltsOptions = {
  readonly path: string;
  readonly clock: Clock;
  readonly onChange: (halts: readonly Halt[]) => void;
  readonly report: (message: string, error?: unknown) => void;
};

/** `tools` are all ways in which a turn reaches out of the conversation. */
const toolCapabilities: ReadonlySet<Capability> = new Set(["exec", "files", "egress", "nodes", "tools"]);

export function openHalts(options: HaltsOptions): Halts {
  const { clock, onChange } = options;
  let halts = load(options);
  const running = new Map<string, AbortController>();
  const save = createSaver(options.path);
  let timer: NodeJS.Timeout | undefined;

  const list = (): readonly Halt[] => halts.filter(({ until }) => until === undefined || until > clock.now());
  const haltOf = (effect: Effect): Halt | undefined => list().find(({ scope }) => covers(scope, effect));

  async function replace(next: readonly Halt[]): Promise<void> {
    halts = next;
    plan();
    onChange(list());
    await save(halts);
  }

  /** What ends by itself is told like what the owner ends. */
  function plan(): void {
    clearTimeout(timer);
    const ends = list().flatMap(({ until }) => until ?? []);
    if (ends.length === 0) return;
    const wait = Math.min(limits.timerMaxMs, Math.max(10, Math.min(...ends) - clock.now()));
    timer = setTimeout(() => {
      plan();
      onChange(list());
    }, wait).unref();
  }

  function endRunning(halt: Halt): void {
    for (const [key, controller] of running) {
      const [capability = "", agentId = ""] = key.split(" ");
      if (!covers(halt.scope, { agentId, capability: capability as Capability })) continue;
      running.delete(key);
      controller.abort(refusal(halt));
    }
  }

  plan();
  return {
    list,
    haltOf,
    async halt({ scope, by, reason, forMs }) {
      const at = clock.now();
      const end = forMs === undefined ? {} : { until: at + forMs };
      const next = bounded({ id: newId(), at, ...end, by, reason, scope }, list());
      const stored = replace(next.list);
      endRunning(next.added);
      await stored;
      return next.added;
    },
    async resume(id) {
      const before = list();
      const left = id === undefined ? [] : before.filter((halt) => !halt.id.startsWith(id));
      if (left.length < before.length) await replace(left);
      return before.length - left.length;
    },
    admit(effect) {
      const halt = haltOf(effect);
      if (halt !== undefined) throw refusal(halt);
      const key = `${effect.capability} ${effect.agentId}`;
      const controller = running.get(key) ?? new AbortController();
      running.set(key, controller);
      return controller.signal;
    },
    close: () => clearTimeout(timer),
  };
}

/** One write after the other, each the whole list. */
function createSaver(path: string): (halts: readonly Halt[]) => Promise<void> {
  let writing: Promise<void> = Promise.resolve();
  return async (halts) => {
    const text = `${JSON.stringify({ halts }, null, 2)}\n`;
    writing = writing
      .catch(() => undefined)
      .then(() => {
        mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
        return replaceFile(path, text);
      });
    await writing;
  };
}

function covers(scope: HaltScope, { agentId, capability }: Effect): boolean {
  if (scope.kind === "all") return true;
  if (scope.kind === "agent") return scope.agentId === agentId;
  return scope.capability === capability || (scope.capability === "tools" && toolCapabilities.has(capability));
}

/**
 * With a stop more, and the same said again as one. Stopping is always possible, whoever filled the list, and no stop
 * gives way to another: what is too much to remember stops everything.
 */
function bounded(added: Halt, halts: readonly Halt[]): { readonly added: Halt; readonly list: readonly Halt[] } {
  const same = describeScope(added.scope);
  const others = halts.filter(({ scope }) => added.until !== undefined || describeScope(scope) !== same);
  if (others.length < limits.haltsMax) return { added, list: [...others, added] };
  const { until: _, ...rest } = added;
  const everyone: Halt = { ...rest, scope: { kind: "all" } };
  return { added: everyone, list: [everyone] };
}

export function describeScope(scope: HaltScope): string {
  if (scope.kind === "all") return "everything";
  return scope.kind === "agent" ? `the agent ${scope.agentId}` : scope.capability;
}

function refusal(halt: Halt): LoricaError {
  const because = halt.reason === "" ? "" : ` (${halt.reason})`;
  const end = halt.until === undefined ? "" : `, until ${new Date(halt.until).toISOString()}`;
  const what = `the owner has stopped ${describeScope(halt.scope)}${because}${end}`;
  return new LoricaError("locked", `${what}. On the gateway's machine, to go on: lorica resume`);
}

/** A list that cannot be read stops everything: somebody was stopped, and nobody knows who. */
function load({ path, clock, report }: HaltsOptions): readonly Halt[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    if (isMissing(cause)) return [];
    report(`the list of what is stopped cannot be read, so everything is: ${path}`, cause);
    return [everything(clock.now())];
  }
  const json = parseJson(text);
  const halts = json.ok && isRecord(json.value) ? json.value["halts"] : undefined;
  if (Array.isArray(halts) && (halts as readonly unknown[]).every(isHalt)) return halts as readonly Halt[];
  report(`the list of what is stopped was changed, so everything is stopped: ${path}`);
  return [everything(clock.now())];
}

function everything(at: number): Halt {
  const reason = "the list of what is stopped cannot be read";
  return { id: newId(), at, by: "broker", reason, scope: { kind: "all" } };
}

function isHalt(value: unknown): value is Halt {
  if (!isRecord(value)) return false;
  const { id, at, until, by, reason, scope } = value;
  const texts = [id, by, reason].every((each) => typeof each === "string");
  const times = typeof at === "number" && (until === undefined || typeof until === "number");
  if (!texts || !times || !isRecord(scope)) return false;
  if (scope["kind"] === "all") return true;
  if (scope["kind"] === "agent") return typeof scope["agentId"] === "string";
  return scope["kind"] === "capability" && capabilities.some((name) => name === scope["capability"]);
}
