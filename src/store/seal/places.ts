// Where each sealed value belongs: what its seal is bound to, which session's key it has, and what a person calls it.

export type Place = {
  /** Table and column, and what else identifies the value. A value that was moved has another place. */
  readonly at: readonly (string | number)[];
  /** Sealed with the key of this session; with the database's own where there is none. */
  readonly session?: string | undefined;
  /** For people, as `entry 12`. */
  readonly name: string;
};

type StepAt = {
  readonly window_id: string;
  readonly seq: number;
  readonly turn_id: string;
  readonly label: string;
  readonly at: number;
  readonly session_key: string;
};

/** Its label and its turn are readable, and can be changed by nobody who does not have the key. */
export function stepPlace(row: StepAt): Place {
  const { window_id: windowId, seq, turn_id: turnId, label, at, session_key: session } = row;
  return { at: ["steps", windowId, seq, turnId, label, at], session, name: `entry ${seq} of the window ${windowId}` };
}

export function envelopePlace(row: { readonly id: string; readonly session_key: string | null }): Place {
  return { at: ["inbox.envelope", row.id], session: row.session_key ?? undefined, name: `the message ${row.id}` };
}

export function inboxReasonPlace({ id }: { readonly id: string }): Place {
  return { at: ["inbox.reason", id], name: `why the message ${id} ended` };
}

type OutboxAt = { readonly id: string; readonly session_key: string };

export function replyPlace(column: "text" | "media", { id, session_key: session }: OutboxAt): Place {
  // A reply to somebody who has no session yet has no key of one.
  return { at: [`outbox.${column}`, id], session: session === "" ? undefined : session, name: `the reply ${id}` };
}

export function replyReasonPlace({ id }: { readonly id: string }): Place {
  return { at: ["outbox.reason", id], name: `how the reply ${id} fared` };
}

type TurnAt = { readonly id: string; readonly session_key: string };

export function turnPlace(column: "outcome" | "error", { id, session_key: session }: TurnAt): Place {
  return { at: [`turns.${column}`, id], session, name: `how the turn ${id} ended` };
}

export function titlePlace({ key }: { readonly key: string }): Place {
  return { at: ["sessions.title", key], session: key, name: "its title" };
}

type StateAt = { readonly channel: string; readonly account: string; readonly key: string };

export function channelStatePlace({ channel, account, key }: StateAt): Place {
  return { at: ["channel_state", channel, account, key], name: `what ${channel}/${account} keeps as ${key}` };
}

type HeardAt = { readonly room: string; readonly sender_id: string; readonly at: number };

export function overheardPlace(column: "sender" | "text", row: HeardAt): Place {
  return { at: [`overheard.${column}`, row.room, row.sender_id, row.at], name: `what was overheard in ${row.room}` };
}

export function requestNamePlace({ id }: { readonly id: string }): Place {
  return { at: ["sender_requests.sender_name", id], name: `who asked to be let in as ${id}` };
}

type ApprovalAt = { readonly channel: string; readonly account: string; readonly sender_id: string };

export function approvalNamePlace({ channel, account, sender_id: sender }: ApprovalAt): Place {
  const at = ["sender_approvals.sender_name", channel, account, sender];
  return { at, name: `the name of ${channel}:${account}:${sender}` };
}

export function mediaNamePlace({ id }: { readonly id: string }): Place {
  return { at: ["media.name", id], name: `the name of the file ${id}` };
}
