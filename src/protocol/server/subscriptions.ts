// What one connection asked to be told about: the list of sessions, and the messages of single ones. Most ask for
// nothing, so the set exists only once it is needed.
import { LoricaError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";

export class Subscriptions {
  #sessions = false;
  #messages: Set<string> | undefined;

  /** To changes of any session: `sessions.changed`. */
  subscribeSessions(): void {
    this.#sessions = true;
  }

  unsubscribeSessions(): void {
    this.#sessions = false;
  }

  /** To the messages and tool calls of one session, by its canonical key. */
  subscribeMessages(sessionKey: string): void {
    this.#messages ??= new Set();
    if (!this.#messages.has(sessionKey) && this.#messages.size >= limits.subscriptionsMax)
      throw new LoricaError(
        "overloaded",
        `a connection may follow ${limits.subscriptionsMax} sessions; unsubscribe from one first`,
      );
    this.#messages.add(sessionKey);
  }

  unsubscribeMessages(sessionKey: string): void {
    this.#messages?.delete(sessionKey);
  }

  hasSessions(): boolean {
    return this.#sessions;
  }

  hasMessages(sessionKey: string): boolean {
    return this.#messages?.has(sessionKey) === true;
  }
}
