/** Receives what an operator should know; never a secret. */
export type Log = (message: string, details?: Readonly<Record<string, unknown>>) => void;
