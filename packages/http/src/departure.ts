import type { ServerResponse } from "node:http";

/** Why work for a request ends: its connection is gone, and nobody waits for the answer. */
export class CallerLeft extends Error {
  constructor() {
    super("the connection ended before the answer");
    this.name = "CallerLeft";
  }
}

/** What proxies write in their logs where the caller left first: no answer is sent. */
export const CLIENT_CLOSED_REQUEST = 499;

/** Tells when a request's connection ends before its answer. */
export class Departure {
  readonly #response: ServerResponse;
  #signal: AbortSignal | undefined;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  /** Made when it is first asked for: most handlers never do. */
  get signal(): AbortSignal {
    this.#signal ??= watch(this.#response);
    return this.#signal;
  }
}

function watch(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  const leave = () => {
    if (!response.writableFinished) controller.abort(new CallerLeft());
  };
  if (response.destroyed) leave();
  else response.once("close", leave);
  return controller.signal;
}
