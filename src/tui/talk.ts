// One person's talk with the gateway: the session that is shown, what is sent into it, and what comes of it.
import type { ThinkingLevel } from "../base/envelope.ts";
import { newId } from "../base/ids.ts";
import { stripControls } from "../base/text/controls.ts";
import { pairingRequest } from "../client/client.ts";
import type { GatewayClient } from "../client/client.ts";
import type { EventFrame } from "../protocol/frames.ts";
import { shortKey } from "./choices.ts";
import { add, emptyConversation, hear } from "./conversation.ts";
import type { Conversation } from "./conversation.ts";
import { itemsOfHistory } from "./history.ts";
import { noteItem, userItem } from "./items.ts";
import type { Choice, View } from "./screen.ts";

export type TalkOptions = {
  readonly sessionKey: string;
  readonly historyLimit: number;
  readonly thinking: ThinkingLevel | undefined;
  readonly timeoutMs: number | undefined;
  readonly show: () => void;
  readonly choose: (choices: readonly Choice[]) => Promise<string | undefined>;
  readonly leave: () => void;
};

export class Talk {
  readonly options: TalkOptions;
  #gateway: GatewayClient | undefined;
  #sessionKey: string;
  #conversation: Conversation = emptyConversation;
  #model = "";
  #showThinking = false;
  #showOutput = true;
  #down = "connecting";
  /** Runs that were begun here; others' messages are not known until they are asked for. */
  readonly #own = new Set<string>();

  constructor(options: TalkOptions) {
    this.options = options;
    this.#sessionKey = options.sessionKey;
  }

  get sessionKey(): string {
    return this.#sessionKey;
  }

  view(): View {
    const { items, runs } = this.#conversation;
    const busy = runs.length > 0 ? "working · Ctrl-C cancels" : undefined;
    const parts = [shortKey(this.#sessionKey), this.#model, this.#down === "" ? "/help" : this.#down];
    const status = stripControls(parts.filter((part) => part !== "").join(" · "));
    return { items, showThinking: this.#showThinking, showOutput: this.#showOutput, status, busy };
  }

  /** A connection is there: shows what was said, and hears what is said from now on. */
  async attach(gateway: GatewayClient): Promise<void> {
    this.#gateway = gateway;
    this.#down = "";
    gateway.listen(
      (frame) => this.#hear(frame),
      () => this.attempt((to) => this.load(to)),
    );
    await this.load(gateway);
  }

  lost(error: unknown, againInMs: number): void {
    this.#gateway = undefined;
    const request = pairingRequest(error);
    const seconds = Math.max(1, Math.round(againInMs / 1_000));
    this.#down =
      request === undefined
        ? `no connection; trying again in ${seconds} s`
        : `waits for: lorica devices approve ${request.requestId}`;
    this.#change({ ...this.#conversation, runs: [] });
  }

  async load(from: GatewayClient): Promise<void> {
    const history = await from.call("chat.history", { sessionKey: this.#sessionKey, limit: this.options.historyLimit });
    if (!("sessionKey" in history)) return;
    this.#sessionKey = history.sessionKey;
    const { sessionInfo, defaults, inFlightRun } = history;
    const { modelProvider, model } = sessionInfo?.model === undefined ? defaults : sessionInfo;
    this.#model = model === undefined || model === null ? "no model" : `${modelProvider ?? ""}/${model}`;
    const runs = inFlightRun === undefined ? [] : [inFlightRun.runId];
    this.#change({ items: itemsOfHistory(history.messages), runs });
  }

  async go(to: GatewayClient, sessionKey: string): Promise<void> {
    this.#sessionKey = sessionKey;
    await this.load(to);
    this.note(`session ${this.#sessionKey}`);
  }

  async send(to: GatewayClient, text: string): Promise<void> {
    const runId = newId();
    this.#own.add(runId);
    const said = add(this.#conversation, userItem(`${runId}:user`, text));
    this.#change({ ...said, runs: [...said.runs, runId] });
    const { thinking, timeoutMs } = this.options;
    try {
      await to.call("chat.send", {
        sessionKey: this.#sessionKey,
        message: text,
        idempotencyKey: runId,
        ...(thinking === undefined ? {} : { thinking }),
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
        // What is typed here is the owner's own word where the socket is.
        ...(to.isOwn ? { rehearsal: { grammar: true } as const } : {}),
      });
    } catch (error) {
      this.#ended(runId);
      throw error;
    }
  }

  /** Cancels what runs; false where nothing does. */
  abort(): boolean {
    const { runs } = this.#conversation;
    if (runs.length === 0) return false;
    this.attempt(async (to) => {
      const { aborted } = await to.call("chat.abort", { sessionKey: this.#sessionKey });
      // It had ended before, and that was missed.
      if (!aborted) for (const runId of runs) this.#ended(runId);
    });
    return true;
  }

  toggle(what: "thinking" | "tools"): void {
    if (what === "thinking") this.#showThinking = !this.#showThinking;
    else this.#showOutput = !this.#showOutput;
    this.options.show();
  }

  clear(): void {
    this.#change({ ...this.#conversation, items: [] });
  }

  note(text: string, tone: "plain" | "bad" = "plain"): void {
    this.#change(add(this.#conversation, noteItem(`note:${newId()}`, text, tone)));
  }

  /** What a person asked for goes on beside what they do; that it failed is shown where they look. */
  attempt(work: (to: GatewayClient) => Promise<void>): void {
    if (this.#gateway === undefined) return this.note("there is no connection to the gateway now", "bad");
    work(this.#gateway).catch((error: unknown) => {
      this.note(error instanceof Error ? error.message : String(error), "bad");
    });
  }

  #hear(frame: EventFrame): void {
    const before = this.#conversation;
    const after = hear(before, frame, this.#sessionKey);
    if (frame.event === "shutdown") this.note("the gateway is stopping");
    if (after === before) return;
    this.#change(after);
    const ended = before.runs.find((runId) => !after.runs.includes(runId));
    // Somebody else's: what they wrote is in the history, and nowhere else.
    if (ended !== undefined && !this.#own.delete(ended)) this.attempt((to) => this.load(to));
  }

  #ended(runId: string): void {
    const { items, runs } = this.#conversation;
    this.#own.delete(runId);
    this.#change({ items, runs: runs.filter((one) => one !== runId) });
  }

  #change(next: Conversation): void {
    this.#conversation = next;
    this.options.show();
  }
}
