/** Something whose cost is measured: does so many operations, all of them done when it returns or resolves. */
export type Row = (operations: number) => Promise<void> | void;
