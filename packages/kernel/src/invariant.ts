/** What must be so is not: a fault of the program or of what it stands on, never of a caller. */
export class InvariantViolation extends Error {
  readonly code = "invariant_violated";
  constructor(what: string) {
    super(`this must be so, and is not: ${what}`);
    this.name = "InvariantViolation";
  }
}

/**
 * Stops what would otherwise go on with a wrong value that nobody sees. `what` says what must be so; as a function where
 * putting it into words costs something.
 */
export function invariant(condition: unknown, what: string | (() => string)): asserts condition {
  if (!condition) throw new InvariantViolation(typeof what === "string" ? what : what());
}
