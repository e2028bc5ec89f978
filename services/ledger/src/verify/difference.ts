/** Where two accounts of the same thing disagree. */
export interface LedgerDifference {
  /** What disagrees, e.g. `book balance: fold of events against read model`. */
  readonly what: string;
  /** Which row, account or position it is about. */
  readonly where: string;
  readonly expected: string;
  readonly found: string;
}

/** Thrown at the first difference; `taem verify` prints it and fails. */
export class LedgerDisagrees extends Error {
  readonly code = "ledger_disagrees";
  readonly difference: LedgerDifference;
  constructor(difference: LedgerDifference) {
    const { what, where, expected, found } = difference;
    super(`${what}, ${where}: expected ${expected}, found ${found}`);
    this.name = "LedgerDisagrees";
    this.difference = difference;
  }
}

export function mustEqual(what: string, where: string, expected: unknown, found: unknown): void {
  const [wanted, given] = [String(expected), String(found)];
  if (wanted !== given) throw new LedgerDisagrees({ what, where, expected: wanted, found: given });
}
