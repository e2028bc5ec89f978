import type { Admission, Share, Visit } from "./admission.ts";

interface Waiting {
  readonly visit: Visit;
  readonly answer: (isGranted: boolean) => void;
}

/**
 * Whose line of a bulk request is next. So many are under way at a time, of all and of one client, and those who wait take turns
 * by client: however many connections one has, another's next line comes after one of his.
 */
export class LineTurns {
  readonly #admission: Admission;
  #running = 0;
  /** Of each client that waits, in the order of their turns. */
  readonly #waiting = new Map<Share, Waiting[]>();
  #timer: NodeJS.Timeout | undefined;

  constructor(admission: Admission) {
    this.#admission = admission;
    admission.onLess = () => this.#next();
  }

  /** Whether it is its turn, once it is; false where the request was given up before. Whoever has had one ends it by `end`. */
  begin(visit: Visit): Promise<boolean> | true {
    const client = visit.client as Share; // bulk routes are no public ones
    if (this.#waiting.size === 0 && this.#mayBegin(visit, client)) {
      this.#take(visit, client);
      return true;
    }
    const { promise, resolve: answer } = Promise.withResolvers<boolean>();
    const queue = this.#waiting.get(client);
    if (queue === undefined) this.#waiting.set(client, [{ visit, answer }]);
    else queue.push({ visit, answer });
    this.#next();
    return promise;
  }

  end(visit: Visit): void {
    this.#running -= 1;
    (visit.client as Share).lines -= 1;
    this.#next();
  }

  /** Nobody waits any more for the answers to a request. */
  giveUp(visit: Visit): void {
    const client = visit.client as Share;
    const queue = this.#waiting.get(client) ?? [];
    const at = queue.findIndex((one) => one.visit === visit);
    if (at < 0) return;
    const [waiting] = queue.splice(at, 1);
    if (queue.length === 0) this.#waiting.delete(client);
    waiting?.answer(false);
  }

  #mayBegin(visit: Visit, client: Share): boolean {
    const { maxLines, maxClientLines } = this.#admission.limits;
    if (this.#running >= maxLines || client.lines >= maxClientLines || visit.isOver) return false;
    const now = performance.now();
    if (client.rate.has(now) && visit.programme?.rate.has(now) !== false) return true;
    this.#nextWithin(Math.max(client.rate.waitMs(now), visit.programme?.rate.waitMs(now) ?? 0));
    return false;
  }

  #take(visit: Visit, client: Share): void {
    const now = performance.now();
    this.#running += 1;
    client.lines += 1;
    client.rate.take(now);
    visit.programme?.rate.take(now);
  }

  /** Everybody who waits has a turn, again and again, as long as anybody may. */
  #next(): void {
    let isBlocked = this.#waiting.size === 0;
    while (!isBlocked) {
      isBlocked = true;
      for (const [client, queue] of [...this.#waiting]) {
        const { visit, answer } = queue[0] as Waiting;
        if (!this.#mayBegin(visit, client)) continue;
        isBlocked = false;
        this.#take(visit, client);
        queue.shift();
        this.#waiting.delete(client);
        if (queue.length > 0) this.#waiting.set(client, queue);
        answer(true);
      }
      if (this.#waiting.size === 0) return;
    }
  }

  /** What is paced goes on by itself. */
  #nextWithin(ms: number): void {
    this.#timer ??= setTimeout(
      () => {
        this.#timer = undefined;
        this.#next();
      },
      Math.max(1, ms),
    );
    this.#timer.unref();
  }
}
