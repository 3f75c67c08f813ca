// Where something goes, in Telegram's own numbers.
import type { ReplyAddress } from "../../../src/base/envelope.ts";
import type { Migrations } from "../migrations.ts";

export type Address = {
  readonly chat: number;
  readonly thread: number | undefined;
  readonly answered: number | undefined;
};

/** Undefined for what Telegram never gave us as an address: a name is none. */
export function addressOf(to: ReplyAddress, migrations: Migrations): Address | undefined {
  const chat = numberOf(to.recipient);
  if (chat === undefined) return undefined;
  return { chat: migrations.find(chat), thread: numberOf(to.thread), answered: numberOf(to.inReplyTo) };
}

export function numberOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^-?[1-9]\d{0,15}$/.test(text)) return undefined;
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : undefined;
}
