// What the owner must hear of: kept until they say that they know, shown in the status, and carried to where they can be
// reached. Many alerts in a short time become one message, so that nobody can make the owner's phone ring at will.
import { readFile } from "node:fs/promises";
import type { Clock } from "../base/clock.ts";
import { isMissing } from "../base/errors.ts";
import { newId, sha256 } from "../base/ids.ts";
import { isRecord, parseJson } from "../base/json.ts";
import { limits } from "../base/limits.ts";
import { replaceFile } from "../base/replace-file.ts";

/** Never fails and never waits: whoever found something has enough to do. No secret may be in the text. */
export type AlertOwner = (text: string) => void;

export type Alert = {
  readonly id: string;
  readonly at: number;
  readonly text: string;
  /** How often the same was said. */
  readonly times: number;
  readonly lastAt: number;
  /** Whether the gateway took on a message about it. */
  readonly told: boolean;
};

/** One message about one or more alerts. The same key is the same message. */
export type AlertMessage = { readonly key: string; readonly ids: readonly string[]; readonly text: string };

export type Alerts = {
  readonly alertOwner: AlertOwner;
  /** What nobody has acknowledged, oldest first. */
  open(): readonly Alert[];
  /** One by its id or the beginning of it, or all; answers how many. */
  acknowledge(id: string | undefined): Promise<number>;
  /** What an alert asked for is done: all whose text begins so are acknowledged. */
  settle(beginning: string): void;
  told(ids: readonly string[]): void;
  /** Hands over what waits, and from now on what comes, until the signal ends. What nobody took on is handed over again. */
  carry(send: (message: AlertMessage) => void, signal: AbortSignal): void;
  /** Resolves once everything is in the file. */
  saved(): Promise<void>;
};

export type AlertsOptions = {
  readonly path: string;
  readonly clock: Clock;
  readonly redact: (text: string) => string;
  /** To the log. */
  readonly report: (text: string, error?: unknown) => void;
};

export async function openAlerts({ path, clock, redact, report }: AlertsOptions): Promise<Alerts> {
  let alerts: readonly Alert[] = await loadAlerts(path, report);
  let writing: Promise<void> = Promise.resolve();
  let wake: () => void = () => undefined;

  const replace = (next: readonly Alert[]): void => {
    alerts = next.slice(-limits.alertsMax);
    const save = async (): Promise<void> => replaceFile(path, JSON.stringify(alerts));
    writing = writing.then(save).catch((error: unknown) => report(`cannot keep the alerts in ${path}`, error));
  };
  const change = (ids: ReadonlySet<string>, changed: Partial<Alert>): void =>
    replace(alerts.map((alert) => (ids.has(alert.id) ? { ...alert, ...changed } : alert)));

  return {
    alertOwner(said) {
      const text = redact(said).slice(0, limits.alertMaxChars);
      const at = clock.now();
      report(text);
      const known = alerts.find((alert) => alert.text === text);
      if (known === undefined) replace([...alerts, { id: newId(), at, text, times: 1, lastAt: at, told: false }]);
      else {
        // What still happens an hour later is said again; what comes ten times in a minute is not.
        const told = known.told && at - known.lastAt < limits.alertRepeatMs;
        change(new Set([known.id]), { times: known.times + 1, lastAt: at, told });
      }
      wake();
    },
    open: () => alerts,
    async acknowledge(id) {
      const left = id === undefined ? [] : alerts.filter((alert) => !alert.id.startsWith(id));
      const count = alerts.length - left.length;
      replace(left);
      await writing;
      return count;
    },
    settle(beginning) {
      const left = alerts.filter(({ text }) => !text.startsWith(beginning));
      if (left.length !== alerts.length) replace(left);
    },
    told: (ids) => change(new Set(ids), { told: true }),
    carry(send, signal) {
      wake = createCarrier(() => messageOf(alerts.filter(({ told }) => !told)), send, signal);
      wake();
    },
    saved: () => writing,
  };
}

/** Soon after the first alert, and then not again for a while, whatever comes. */
function createCarrier(
  next: () => AlertMessage | undefined,
  send: (message: AlertMessage) => void,
  signal: AbortSignal,
): () => void {
  let timer: NodeJS.Timeout | undefined;
  let restingUntil = 0;
  const plan = (): void => {
    if (timer !== undefined || signal.aborted) return;
    timer = setTimeout(carry, Math.max(limits.alertDelayMs, restingUntil - performance.now()));
    timer.unref();
  };
  const carry = (): void => {
    timer = undefined;
    const message = next();
    if (message === undefined) return;
    restingUntil = performance.now() + limits.alertIntervalMs;
    send(message);
    plan();
  };
  signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  return plan;
}

function messageOf(waiting: readonly Alert[]): AlertMessage | undefined {
  if (waiting.length === 0) return undefined;
  const shown = waiting.slice(0, limits.alertsPerMessageMax);
  const more = waiting.length - shown.length;
  const lines = shown.map(({ text }) => (waiting.length === 1 ? text : `• ${text}`));
  const rest = more === 0 ? [] : [`… and ${more} more: lorica watchdog alerts`];
  const ids = waiting.map(({ id }) => id);
  const key = sha256(waiting.map(({ id, times }) => `${id} ${times}`).join("\n")).slice(0, 32);
  return { key, ids, text: ["Lorica alerts you:", ...lines, ...rest].join("\n") };
}

/** A file that cannot be read costs the old alerts, which are in the log and the evidence too. */
async function loadAlerts(path: string, report: AlertsOptions["report"]): Promise<readonly Alert[]> {
  try {
    const read = parseJson(await readFile(path, "utf8"));
    if (read.ok && Array.isArray(read.value)) return (read.value as readonly unknown[]).filter(isAlert);
    report(`${path} does not hold alerts; it begins anew`);
  } catch (error) {
    if (!isMissing(error)) report(`cannot read the alerts in ${path}`, error);
  }
  return [];
}

function isAlert(value: unknown): value is Alert {
  if (!isRecord(value)) return false;
  const { id, at, text, times, lastAt, told } = value;
  const areNumbers = [at, times, lastAt].every((each) => typeof each === "number");
  return typeof id === "string" && typeof text === "string" && areNumbers && typeof told === "boolean";
}
