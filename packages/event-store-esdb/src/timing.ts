/** How long to wait for the server, in milliseconds. */
export interface Timing {
  /** For the answer to an append; then its outcome is unknown. */
  readonly append: number;
  /** For the next sign of life while an answer is read. */
  readonly silence: number;
  /** Without a word from a subscription; then another one takes its place. */
  readonly quiet: number;
}

/** The server itself gives an append up after 2 s (its CommitTimeout). */
export const TIMING: Timing = { append: 5_000, silence: 10_000, quiet: 30_000 };
