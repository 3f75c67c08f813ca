// What is asked of the store by whoever looks after it: what it forgets, what is damaged, a copy of it, how far it has come.

/** Times are milliseconds since the epoch: what was last touched, or ended, before them goes. */
export type Keep = {
  readonly sessionsSince: number;
  readonly sessionsMax: number;
  /** Windows that a reset ended. */
  readonly windowsSince: number;
  /** Messages, replies and turns that have ended; the transcript is not among them. */
  readonly messagesSince: number;
  /** Of the database: the oldest that nobody is in goes until it takes no more. */
  readonly bytesMax: number;
  readonly media: MediaKeep;
};

/** Received files: what is older goes, and the oldest of what is too much. */
export type MediaKeep = { readonly since: number; readonly bytesMax: number; readonly filesMax: number };

export type Pruned = {
  readonly sessions: number;
  readonly windows: number;
  readonly messages: number;
  readonly replies: number;
  readonly turns: number;
  /** Received files. */
  readonly files: number;
};

/** Something that does not open, or does not fit. */
export type Damage = {
  /** As `entry 12 of the window …`. */
  readonly what: string;
  readonly sessionKey?: string | undefined;
};

/** Which database it is, and how often it was written. */
export type Head = { readonly lineage: string; readonly writes: number };

export type Upkeep = {
  /** What was found so far. */
  damage(): readonly Damage[];
  /** Opens every value once and answers all damage there is. */
  check(signal: AbortSignal): Promise<readonly Damage[]>;
  /** Writes a whole, consistent copy to a path that does not exist yet. */
  snapshot(path: string): Promise<Head>;
  readonly head: () => Head;
};
