// States what must be true. A failure is our bug: it ends the turn, is recorded and is never retried.

export class AssertionFailure extends Error {
  override readonly name = "AssertionFailure";
}

export function assert(condition: unknown, mustBeTrue: string): asserts condition {
  if (!condition) throw new AssertionFailure(mustBeTrue);
}

/** For the last branch of a closed union: the compiler proves that it cannot be reached. */
export function unreachable(value: never): never {
  throw new AssertionFailure(`a case was forgotten: ${JSON.stringify(value)}`);
}
