// catalogue
// The shape of the database, as numbered steps that are never edited once released. Each knows its way back.

export type Migration = {
  readonly version: number;
  readonly name: string;
  readonly up: string;
  /** After this version values are sealed; going back from it opens them all. */
  readonly seals?: true;
  /** Undoes `up`; what only the newer version knew is lost, which is why the file is copied first. */
  readonly down: string;
};

export const migrations: readonly Migration[] = [
  {
    version: 1,
    name: "messages, sessions, turns, steps, outbox, usage, media",
    up: `
      CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
      INSERT INTO meta VALUES ('epoch', 0);

      CREATE TABLE inbox (
        position INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        channel TEXT NOT NULL,
        account TEXT NOT NULL,
        dedupe_key TEXT NOT NULL,
        envelope TEXT NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('received', 'queued', 'taken', 'done', 'dropped', 'failed')),
        principal TEXT,
        label TEXT,
        agent_id TEXT,
        session_key TEXT,
        reply_to TEXT,
        turn_id TEXT,
        reason TEXT,
        epoch INTEGER NOT NULL,
        received_at INTEGER NOT NULL,
        UNIQUE (channel, account, dedupe_key)
      ) STRICT;
      CREATE INDEX inbox_unfinished ON inbox (position) WHERE status IN ('received', 'queued');
      CREATE INDEX inbox_turn ON inbox (turn_id) WHERE turn_id IS NOT NULL;
      CREATE INDEX inbox_age ON inbox (received_at);

      CREATE TABLE sessions (
        key TEXT PRIMARY KEY,
        agent_id TEXT NOT NULL,
        window_id TEXT NOT NULL,
        principal TEXT NOT NULL,
        channel TEXT NOT NULL,
        account TEXT NOT NULL,
        title TEXT,
        model TEXT,
        thinking TEXT,
        epoch INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL
      ) STRICT;
      CREATE INDEX sessions_recent ON sessions (updated_at, key);
      CREATE INDEX sessions_agent ON sessions (agent_id, updated_at, key);

      CREATE TABLE windows (
        position INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        session_key TEXT NOT NULL,
        label TEXT NOT NULL,
        turn_count INTEGER NOT NULL,
        entry_count INTEGER NOT NULL,
        epoch INTEGER NOT NULL,
        started_at INTEGER NOT NULL,
        ended_at INTEGER
      ) STRICT;
      CREATE INDEX windows_session ON windows (session_key, position);
      CREATE INDEX windows_ended ON windows (ended_at) WHERE ended_at IS NOT NULL;

      CREATE TABLE turns (
        position INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        session_key TEXT NOT NULL,
        window_id TEXT NOT NULL,
        agent_id TEXT NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('running', 'done', 'failed', 'cancelled')),
        principal TEXT NOT NULL,
        account TEXT NOT NULL,
        label TEXT NOT NULL,
        reply_to TEXT NOT NULL,
        inbox_ids TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        epoch INTEGER NOT NULL,
        started_at INTEGER NOT NULL,
        ended_at INTEGER,
        error TEXT,
        outcome TEXT
      ) STRICT;
      CREATE INDEX turns_running ON turns (position) WHERE status = 'running';
      CREATE INDEX turns_session ON turns (session_key, position);
      CREATE INDEX turns_ended ON turns (ended_at) WHERE ended_at IS NOT NULL;

      -- Which turn a session is running: at most one.
      CREATE TABLE lanes (
        session_key TEXT PRIMARY KEY,
        turn_id TEXT NOT NULL,
        epoch INTEGER NOT NULL,
        since INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;

      -- The transcript, which is the journal of steps.
      CREATE TABLE steps (
        position INTEGER PRIMARY KEY,
        window_id TEXT NOT NULL,
        seq INTEGER NOT NULL,
        id TEXT NOT NULL,
        turn_id TEXT NOT NULL,
        label TEXT NOT NULL,
        body TEXT NOT NULL,
        epoch INTEGER NOT NULL,
        at INTEGER NOT NULL,
        UNIQUE (window_id, seq)
      ) STRICT;

      CREATE TABLE outbox (
        position INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        turn_id TEXT,
        session_key TEXT NOT NULL,
        agent_id TEXT NOT NULL,
        principal TEXT NOT NULL,
        account TEXT NOT NULL,
        address TEXT NOT NULL,
        reply_to TEXT NOT NULL,
        text TEXT NOT NULL,
        media TEXT NOT NULL,
        label TEXT NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('pending', 'sending', 'sent', 'failed', 'unknown', 'held')),
        attempts INTEGER NOT NULL,
        next_attempt_at INTEGER NOT NULL,
        receipt TEXT,
        reason TEXT,
        epoch INTEGER NOT NULL,
        created_at INTEGER NOT NULL
      ) STRICT;
      CREATE INDEX outbox_due ON outbox (next_attempt_at, position) WHERE status = 'pending';
      CREATE INDEX outbox_open ON outbox (address, position) WHERE status IN ('pending', 'sending');
      CREATE INDEX outbox_status ON outbox (status, position);
      CREATE INDEX outbox_turn ON outbox (turn_id) WHERE turn_id IS NOT NULL;
      CREATE INDEX outbox_age ON outbox (created_at);

      CREATE TABLE usage (
        position INTEGER PRIMARY KEY,
        turn_id TEXT NOT NULL,
        session_key TEXT NOT NULL,
        agent_id TEXT NOT NULL,
        principal TEXT,
        account TEXT,
        provider TEXT NOT NULL,
        model TEXT NOT NULL,
        trigger TEXT NOT NULL,
        input_tokens INTEGER NOT NULL,
        output_tokens INTEGER NOT NULL,
        cache_read_tokens INTEGER NOT NULL,
        cache_write_tokens INTEGER NOT NULL,
        cost_micros INTEGER,
        estimated INTEGER NOT NULL,
        epoch INTEGER NOT NULL,
        at INTEGER NOT NULL
      ) STRICT;
      CREATE INDEX usage_age ON usage (at);
      CREATE INDEX usage_session ON usage (session_key, at);

      CREATE TABLE media (
        id TEXT PRIMARY KEY,
        mime TEXT NOT NULL,
        name TEXT NOT NULL,
        bytes INTEGER NOT NULL,
        epoch INTEGER NOT NULL,
        created_at INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;
    `,
    down: `
      DROP TABLE media; DROP TABLE usage; DROP TABLE outbox; DROP TABLE steps; DROP TABLE lanes;
      DROP TABLE turns; DROP TABLE windows; DROP TABLE sessions; DROP TABLE inbox; DROP TABLE meta;
    `,
  },
  {
    version: 2,
    name: "devices, their tokens and their requests",
    up: `
      CREATE TABLE devices (
        device_id TEXT PRIMARY KEY,
        about TEXT NOT NULL,
        label TEXT,
        roles TEXT NOT NULL,
        approved_via TEXT NOT NULL CHECK (approved_via IN ('owner', 'device', 'bootstrap')),
        approved_by TEXT NOT NULL,
        last_seen_at INTEGER,
        last_seen_reason TEXT,
        last_address TEXT,
        epoch INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        approved_at INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE device_tokens (
        position INTEGER PRIMARY KEY,
        hash TEXT NOT NULL UNIQUE,
        device_id TEXT NOT NULL,
        role TEXT NOT NULL CHECK (role IN ('operator', 'node')),
        scopes TEXT NOT NULL,
        last_used_at INTEGER,
        epoch INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        expires_at INTEGER NOT NULL
      ) STRICT;
      CREATE INDEX device_tokens_device ON device_tokens (device_id, role, position);
      CREATE INDEX device_tokens_age ON device_tokens (expires_at);

      CREATE TABLE device_requests (
        id TEXT PRIMARY KEY,
        device_id TEXT NOT NULL UNIQUE,
        body TEXT NOT NULL,
        address TEXT NOT NULL,
        epoch INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        expires_at INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;
    `,
    down: "DROP TABLE device_requests; DROP TABLE device_tokens; DROP TABLE devices;",
  },
  {
    version: 3,
    name: "nodes and their requests",
    up: `
      CREATE TABLE nodes (
        node_id TEXT PRIMARY KEY,
        about TEXT NOT NULL,
        label TEXT,
        commands TEXT NOT NULL,
        caps TEXT NOT NULL,
        approved_by TEXT NOT NULL,
        epoch INTEGER NOT NULL,
        approved_at INTEGER NOT NULL,
        last_seen_at INTEGER
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE node_requests (
        id TEXT PRIMARY KEY,
        node_id TEXT NOT NULL UNIQUE,
        about TEXT NOT NULL,
        commands TEXT NOT NULL,
        caps TEXT NOT NULL,
        epoch INTEGER NOT NULL,
        created_at INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;
    `,
    down: "DROP TABLE node_requests; DROP TABLE nodes;",
  },
  {
    version: 4,
    name: "senders on channels, what channels keep, what was overheard",
    up: `
      CREATE TABLE sender_requests (
        id TEXT PRIMARY KEY,
        channel TEXT NOT NULL,
        account TEXT NOT NULL,
        sender_id TEXT NOT NULL,
        sender_name TEXT NOT NULL,
        reply_to TEXT NOT NULL,
        code TEXT,
        epoch INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        last_seen_at INTEGER NOT NULL,
        expires_at INTEGER NOT NULL,
        UNIQUE (channel, account, sender_id)
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE sender_approvals (
        channel TEXT NOT NULL,
        account TEXT NOT NULL,
        sender_id TEXT NOT NULL,
        sender_name TEXT NOT NULL,
        role TEXT NOT NULL CHECK (role IN ('owner', 'member')),
        approved_by TEXT NOT NULL,
        epoch INTEGER NOT NULL,
        approved_at INTEGER NOT NULL,
        last_seen_at INTEGER,
        PRIMARY KEY (channel, account, sender_id)
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE channel_state (
        channel TEXT NOT NULL,
        account TEXT NOT NULL,
        key TEXT NOT NULL,
        value TEXT NOT NULL,
        epoch INTEGER NOT NULL,
        updated_at INTEGER NOT NULL,
        PRIMARY KEY (channel, account, key)
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE overheard (
        position INTEGER PRIMARY KEY,
        room TEXT NOT NULL,
        sender_id TEXT NOT NULL,
        sender TEXT NOT NULL,
        text TEXT NOT NULL,
        epoch INTEGER NOT NULL,
        at INTEGER NOT NULL
      ) STRICT;
      CREATE INDEX overheard_room ON overheard (room, position);
    `,
    down: `
      DROP TABLE overheard; DROP TABLE channel_state; DROP TABLE sender_approvals; DROP TABLE sender_requests;
    `,
  },
  {
    version: 5,
    name: "keys of sessions, and the head by which an older file is known",
    up: `
      CREATE TABLE session_keys (
        session_key TEXT PRIMARY KEY,
        wrapped TEXT NOT NULL,
        created_at INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE head (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        lineage TEXT NOT NULL,
        writes INTEGER NOT NULL,
        tag TEXT NOT NULL,
        -- The same once more, signed in its own way: one damaged byte leaves one of the two.
        copy TEXT NOT NULL,
        -- How far what was there before has been sealed: which column, and the last row of it.
        sealing_step INTEGER NOT NULL,
        sealing_row INTEGER NOT NULL
      ) STRICT;
      INSERT INTO head VALUES (1, lower(hex(randomblob(16))), 0, '', '', 0, 0);

      CREATE INDEX inbox_session ON inbox (session_key) WHERE session_key IS NOT NULL;
      CREATE INDEX outbox_session ON outbox (session_key);
    `,
    seals: true,
    down: "DROP INDEX outbox_session; DROP INDEX inbox_session; DROP TABLE head; DROP TABLE session_keys;",
  },
  {
    version: 6,
    name: "what waits for the owner's word",
    up: `
      ALTER TABLE outbox ADD COLUMN hold TEXT;
      CREATE INDEX outbox_hold ON outbox (hold) WHERE hold IS NOT NULL;
    `,
    down: "DROP INDEX outbox_hold; ALTER TABLE outbox DROP COLUMN hold;",
  },
];
