// Where data came from and who may read it. Labels only grow: joining never raises integrity, never adds a reader.

export type Integrity = "owner" | "member" | "untrusted";

/** An audience: one principal's id, or `*` for everybody. */
export type Audience = string;

export type Label = {
  readonly integrity: Integrity;
  /** Who may read it; sorted and without repetition. `["*"]` is public, `[]` is nobody. */
  readonly readers: readonly Audience[];
};

export const everyone: Audience = "*";

const rank: Record<Integrity, number> = { untrusted: 0, member: 1, owner: 2 };

export function joinLabels(left: Label, right: Label): Label {
  return {
    integrity: rank[left.integrity] <= rank[right.integrity] ? left.integrity : right.integrity,
    readers: commonReaders(left.readers, right.readers),
  };
}

/** The label of a context: the join of everything in it. An empty context is the owner's and public. */
export function joinAll(labels: Iterable<Label>): Label {
  let joined: Label = { integrity: "owner", readers: [everyone] };
  for (const label of labels) joined = joinLabels(joined, label);
  return joined;
}

export function mayRead(label: Label, audience: Audience): boolean {
  return label.readers.includes(everyone) || label.readers.includes(audience);
}

function commonReaders(left: readonly Audience[], right: readonly Audience[]): readonly Audience[] {
  if (left.includes(everyone)) return right;
  if (right.includes(everyone)) return left;
  return left.filter((reader) => right.includes(reader)).toSorted();
}
