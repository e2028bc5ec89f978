import { redactText } from "./redaction.ts";

const MAX_CAUSES = 5;
const MAX_LENGTH = 500;

/**
 * Why something failed, in one line and without a stack: the messages of an error and of its causes. For the log of what comes
 * to pass in a sound program, such as a server that is away.
 */
export function reasonOf(thrown: unknown): string {
  const messages: string[] = [];
  let error = thrown;
  for (let depth = 0; depth < MAX_CAUSES && error !== undefined && error !== null; depth++) {
    const message = messageOf(error);
    if (!messages.some((outer) => outer.includes(message))) messages.push(message);
    error = error instanceof Error ? error.cause : undefined;
  }
  return redactText(messages.join(": ").replaceAll(/\s+/g, " ").slice(0, MAX_LENGTH).toWellFormed());
}

/** Node leaves the message of a connection that failed at each of several addresses empty. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.message !== "" || !(error instanceof AggregateError)) return error.message || error.name;
  return error.errors.map(messageOf).join(", ");
}
