// What the owner has let each node offer, and the nodes that wait for a yes.
import type { Ground } from "../rows.ts";
import { fromJson, orUndefined, toJson } from "../rows.ts";

/** What a node says of itself when it connects. */
export type NodeDescription = {
  readonly displayName: string | undefined;
  readonly platform: string;
  readonly deviceFamily: string | undefined;
  readonly version: string;
  readonly clientId: string;
  readonly clientMode: string;
};

/** Names of commands and capabilities, sorted. */
export type NodeSurface = { readonly commands: readonly string[]; readonly caps: readonly string[] };

export type NodeRecord = {
  readonly nodeId: string;
  readonly about: NodeDescription;
  /** The name that the owner gave it. */
  readonly label: string | undefined;
  readonly approved: NodeSurface;
  readonly approvedBy: string;
  readonly approvedAt: number;
  readonly lastSeenAt: number | undefined;
};

export type NodeRequest = {
  readonly id: string;
  readonly nodeId: string;
  readonly about: NodeDescription;
  readonly surface: NodeSurface;
  readonly createdAt: number;
};

export type NodeStore = {
  find(nodeId: string): Promise<NodeRecord | undefined>;
  /** The last seen first. */
  list(): Promise<readonly NodeRecord[]>;
  /** Oldest first. */
  requests(): Promise<readonly NodeRequest[]>;
  findRequest(id: string): Promise<NodeRequest | undefined>;
  /**
   * A node has one request. One that asks for something else takes its place under another id, so that nobody's yes to
   * the old one is a yes to the new one.
   */
  ask(
    request: NodeRequest,
    requestsMax: number,
  ): Promise<{ readonly kind: "new" | "known"; readonly request: NodeRequest } | { readonly kind: "full" }>;
  /** In one write: the request is gone, and the node may offer what it asked for. Undefined where there is no request. */
  approve(requestId: string, by: string): Promise<NodeRecord | undefined>;
  reject(requestId: string): Promise<NodeRequest | undefined>;
  /** With its request; false where nothing was known of it. */
  remove(nodeId: string): Promise<boolean>;
  rename(nodeId: string, label: string): Promise<NodeRecord | undefined>;
  seen(nodeId: string, about: NodeDescription): Promise<void>;
};

type NodeColumns = {
  readonly node_id: string;
  readonly about: string;
  readonly label: string | null;
  readonly commands: string;
  readonly caps: string;
  readonly approved_by: string;
  readonly approved_at: number;
  readonly last_seen_at: number | null;
};

type RequestColumns = {
  readonly id: string;
  readonly node_id: string;
  readonly about: string;
  readonly commands: string;
  readonly caps: string;
  readonly created_at: number;
};

export function createNodes(ground: Ground): NodeStore {
  const { database } = ground;
  const nodes = nodeTable(ground);
  const requests = requestTable(ground);
  const forget = createForgetNode(ground);
  return {
    find: (nodeId) => database.read(() => nodes.find(nodeId)),
    list: () => database.read(nodes.all),
    requests: () => database.read(requests.all),
    findRequest: (id) => database.read(() => requests.find(id)),
    ask: (request, requestsMax) =>
      database.write(() => {
        const before = requests.of(request.nodeId);
        if (before !== undefined && sameSurface(before.surface, request.surface))
          return { kind: "known", request: before } as const;
        if (before === undefined && requests.count() >= requestsMax) return { kind: "full" } as const;
        requests.dropOf(request.nodeId);
        requests.add(request);
        return { kind: "new", request } as const;
      }),
    approve: (requestId, by) =>
      database.write(() => {
        const request = requests.find(requestId);
        if (request === undefined) return undefined;
        requests.dropOf(request.nodeId);
        return nodes.save(request, by);
      }),
    reject: (requestId) =>
      database.write(() => {
        const request = requests.find(requestId);
        if (request !== undefined) requests.dropOf(request.nodeId);
        return request;
      }),
    remove: (nodeId) => database.write(() => forget(nodeId) > 0),
    rename: (nodeId, label) => database.write(() => nodes.rename(nodeId, label)),
    // Nobody was told of anything by it: a power cut may take it back.
    seen: (nodeId, about) => database.write(() => nodes.seen(nodeId, about), "ordered"),
  };
}

/** Inside a write: the node with its request. Answers how many rows that were. */
export function createForgetNode(ground: Ground): (nodeId: string) => number {
  const nodes = nodeTable(ground);
  const requests = requestTable(ground);
  return (nodeId) => requests.dropOf(nodeId) + nodes.drop(nodeId);
}

export function sameSurface(left: NodeSurface, right: NodeSurface): boolean {
  return toJson([left.commands, left.caps]) === toJson([right.commands, right.caps]);
}

function nodeTable({ database, clock, epoch }: Ground) {
  const byId = database.query<NodeColumns>("SELECT * FROM nodes WHERE node_id = :nodeId");
  const everything = database.query<NodeColumns>(
    "SELECT * FROM nodes ORDER BY coalesce(last_seen_at, approved_at) DESC, node_id",
  );
  const upsert = database.query(`
    INSERT INTO nodes (node_id, about, commands, caps, approved_by, epoch, approved_at)
    VALUES (:nodeId, :about, :commands, :caps, :by, :epoch, :now)
    ON CONFLICT (node_id) DO UPDATE SET about = excluded.about, commands = excluded.commands, caps = excluded.caps,
      approved_by = excluded.approved_by, approved_at = excluded.approved_at, epoch = excluded.epoch`);
  const erase = database.query("DELETE FROM nodes WHERE node_id = :nodeId");
  const setLabel = database.query("UPDATE nodes SET label = :label WHERE node_id = :nodeId");
  const setSeen = database.query("UPDATE nodes SET last_seen_at = :now, about = :about WHERE node_id = :nodeId");

  const find = (nodeId: string): NodeRecord | undefined => {
    const row = byId.get({ nodeId });
    return row === undefined ? undefined : toRecord(row);
  };
  return {
    find,
    all: () => everything.all().map(toRecord),
    save({ nodeId, about, surface }: NodeRequest, by: string): NodeRecord | undefined {
      upsert.run({ nodeId, about: toJson(about), ...columnsOf(surface), by, epoch, now: clock.now() });
      return find(nodeId);
    },
    drop: (nodeId: string) => erase.run({ nodeId }),
    rename(nodeId: string, label: string): NodeRecord | undefined {
      setLabel.run({ nodeId, label });
      return find(nodeId);
    },
    seen: (nodeId: string, about: NodeDescription) =>
      void setSeen.run({ nodeId, about: toJson(about), now: clock.now() }),
  };
}

function requestTable({ database, epoch }: Ground) {
  const byId = database.query<RequestColumns>("SELECT * FROM node_requests WHERE id = :id");
  const byNode = database.query<RequestColumns>("SELECT * FROM node_requests WHERE node_id = :nodeId");
  const everything = database.query<RequestColumns>("SELECT * FROM node_requests ORDER BY created_at, id");
  const counted = database.query<{ count: number }>("SELECT count(*) AS count FROM node_requests");
  const insert = database.query(`
    INSERT INTO node_requests (id, node_id, about, commands, caps, epoch, created_at)
    VALUES (:id, :nodeId, :about, :commands, :caps, :epoch, :createdAt)`);
  const erase = database.query("DELETE FROM node_requests WHERE node_id = :nodeId");
  const orNothing = (row: RequestColumns | undefined): NodeRequest | undefined =>
    row === undefined ? undefined : toRequest(row);
  return {
    all: () => everything.all().map(toRequest),
    count: () => counted.get()?.count ?? 0,
    find: (id: string) => orNothing(byId.get({ id })),
    of: (nodeId: string) => orNothing(byNode.get({ nodeId })),
    add: ({ id, nodeId, about, surface, createdAt }: NodeRequest) =>
      insert.run({ id, nodeId, about: toJson(about), ...columnsOf(surface), epoch, createdAt }),
    dropOf: (nodeId: string) => erase.run({ nodeId }),
  };
}

function columnsOf({ commands, caps }: NodeSurface): { readonly commands: string; readonly caps: string } {
  return { commands: toJson(commands), caps: toJson(caps) };
}

function toRecord(row: NodeColumns): NodeRecord {
  return {
    nodeId: row.node_id,
    about: fromJson(row.about),
    label: orUndefined(row.label),
    approved: { commands: fromJson(row.commands), caps: fromJson(row.caps) },
    approvedBy: row.approved_by,
    approvedAt: row.approved_at,
    lastSeenAt: orUndefined(row.last_seen_at),
  };
}

function toRequest(row: RequestColumns): NodeRequest {
  return {
    id: row.id,
    nodeId: row.node_id,
    about: fromJson(row.about),
    surface: { commands: fromJson(row.commands), caps: fromJson(row.caps) },
    createdAt: row.created_at,
  };
}
