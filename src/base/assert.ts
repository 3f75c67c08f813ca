// States what must be true. A failure is our bug: it ends the turn, is recorded and is never retried.

export class AssertionFailure extends Error {
  override readonly name = "AssertionFailure";
}

export function assert(condition: unknown, mustBeTrue: string): asserts condition {
  if (!condition) throw new AssertionFailure(mustBeTrue);
}
