// Messages on their way out. Each has a key of its own from the moment it is written: however often it has to be sent
// before the gateway says that it has it, it is the same message.
import { signal } from "@preact/signals";
import type { ReadonlySignal } from "@preact/signals";
import { CallFailed } from "../wire/frames.ts";
import type { Call } from "../wire/frames.ts";
import { encodeFile } from "./attachments.ts";
import type { Attachment } from "./attachments.ts";
import type { Sent } from "./timeline.ts";

export type Outgoing = {
  readonly sent: ReadonlySignal<readonly Sent[]>;
  send(text: string, attachments: readonly Attachment[]): Promise<void>;
  /** What the gateway refused, once more; false where there is no such message. */
  retry(key: string): Promise<boolean>;
  /** What was under way when the connection was lost. */
  resend(): Promise<void>;
  discard(key: string): void;
  /** These are stored now. */
  settle(keys: ReadonlySet<string>): void;
};

type Letter = Sent & { readonly attachments: readonly Attachment[] };

const sendTimeoutMs = 120_000;

export function createOutgoing(deps: { readonly sessionKey: string; readonly call: Call }): Outgoing {
  const letters = signal<readonly Letter[]>([]);
  const underWay = new Set<string>();

  function change(key: string, next: Pick<Letter, "state"> & { readonly problem?: string }): void {
    letters.value = letters.value.map((one) => (one.key === key ? { ...one, ...next } : one));
  }

  async function transmit({ key, text, attachments }: Letter): Promise<void> {
    if (underWay.has(key)) return;
    underWay.add(key);
    change(key, { state: "sending" });
    try {
      const files = await Promise.all(attachments.map(encodeFile));
      const message = { sessionKey: deps.sessionKey, message: text, idempotencyKey: key };
      const params = files.length === 0 ? message : { ...message, attachments: files };
      await deps.call("chat.send", params, { timeoutMs: sendTimeoutMs });
      change(key, { state: "waiting" });
    } catch (cause) {
      if (!(cause instanceof CallFailed)) throw cause;
      // Whether it arrived is not known: it stays, and is sent again under the same key once there is a connection.
      if (!cause.isLost) change(key, { state: "failed", problem: cause.message });
    } finally {
      underWay.delete(key);
    }
  }

  return {
    sent: letters,
    async send(text, attachments) {
      const files = attachments.map(({ file }) => file.name);
      const key = crypto.randomUUID();
      const letter: Letter = { key, text, files, attachments, at: Date.now(), state: "sending" };
      letters.value = [...letters.value, letter];
      await transmit(letter);
    },
    async retry(key) {
      const letter = letters.value.find((one) => one.key === key);
      if (letter !== undefined) await transmit(letter);
      return letter !== undefined;
    },
    async resend() {
      await Promise.all(letters.value.filter(({ state }) => state === "sending").map(transmit));
    },
    discard(key) {
      letters.value = letters.value.filter((one) => one.key !== key || one.state !== "failed");
    },
    settle(keys) {
      letters.value = letters.value.filter(({ key }) => !keys.has(key));
    },
  };
}
