import type { BulkAnswer, BulkLine, Client, CommandAnswer, ProblemDetails } from "@taem/client";
import type { Chunk } from "./chunks.ts";
import type { Reject } from "./import-folder.ts";
import { ImportRefused } from "./programme-setup.ts";
import { Rejection } from "./reject-reasons.ts";
import type { ReplayClock } from "./replay-clock.ts";
import { isTransaction, type Transaction } from "./row-reader.ts";
import { countReject, countRow, countTaken, emptyTally, type Tally } from "./tally.ts";

/** What became of a chunk. */
export interface SentChunk {
  readonly chunk: Chunk;
  /** Of this chunk alone. */
  readonly tally: Tally;
  readonly rejects: readonly Reject[];
}

const MEMBERS_REMEMBERED = 2 ** 20;

/**
 * Problems that no row is to blame for: every other row would have them too, or the API is broken. The import stops
 * instead of rejecting the file row by row.
 */
const NOT_OF_A_ROW: ReadonlySet<string> = new Set([
  "currency_unknown",
  "forbidden",
  "internal",
  "missing_field",
  "programme_unknown",
  "rule_unknown",
  "unauthenticated",
  "unknown_field",
  "wrong_currency",
]);

/** No row is to blame for it either; another day the same rows are taken. */
const CEILING = "earn_ceiling_reached";

/** Sends chunks as one stream of commands, broken only where the programme's clock must move between them. */
export class Sender {
  readonly #client: Client;
  readonly #programme: string;
  readonly #clock: ReplayClock;
  readonly #members = new Set<string>();
  #isStopped = false;

  constructor(client: Client, programme: string, clock: ReplayClock) {
    this.#client = client;
    this.#programme = programme;
    this.#clock = clock;
  }

  /** The client may give no more today: what comes later in the file must not overtake what was refused. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Yields each chunk, in order, when all of it is answered. Takes no more chunks once the signal has aborted, or it is stopped. */
  async *send(chunks: AsyncGenerator<Chunk>, signal: AbortSignal): AsyncGenerator<SentChunk> {
    const isOver = () => signal.aborted || this.#isStopped;
    for (let coming = await chunks.next(); coming.done !== true && !isOver(); ) {
      const first = coming.value;
      if (first.newest !== undefined) await this.#clock.advance(first.newest);
      const open: ChunkWork[] = [];
      const lines = async function* (this: Sender): AsyncGenerator<BulkLine> {
        for (let chunk = first; ; chunk = coming.value) {
          const work = new ChunkWork(chunk);
          open.push(work);
          yield* this.#lines(work.transactions);
          coming = await chunks.next();
          if (coming.done === true || isOver() || this.#needsClock(coming.value)) return;
        }
      };
      for await (const answer of this.#client.bulk(this.#programme, lines.call(this))) {
        yield* finished(open); // chunks without a transaction get no answer
        this.#take(answer, open[0] as ChunkWork);
      }
      yield* finished(open);
    }
  }

  #needsClock({ newest }: Chunk): boolean {
    return newest !== undefined && newest > this.#clock.now;
  }

  /** The commands, each member's enrolment before the first of theirs. */
  *#lines(transactions: readonly Transaction[]): Generator<BulkLine> {
    for (const { member, command } of transactions) {
      if (!this.#members.has(member)) {
        if (this.#members.size >= MEMBERS_REMEMBERED) this.#members.clear();
        this.#members.add(member);
        yield { op: "enrol", externalId: member };
      }
      yield command;
    }
  }

  #take(answer: BulkAnswer, work: ChunkWork): void {
    const refusal = "problem" in answer ? refusalOf(answer.problem) : undefined;
    if (refusal !== undefined && NOT_OF_A_ROW.has(refusal.code)) {
      throw new ImportRefused(refusal.code, refusal.detail);
    }
    if (refusal?.code === CEILING) this.#isStopped = true;
    if (answer.line.op !== "enrol") work.take(answer, this.#clock.at(Date.now()));
    else if ("problem" in answer)
      this.#members.delete(answer.line.externalId); // its command has the same fault
    else if (answer.status === 201) work.tally.membersEnrolled += 1;
  }
}

function* finished(open: ChunkWork[]): Generator<SentChunk> {
  while (open[0]?.isDone) yield open.shift() as ChunkWork;
}

/** Where several fields are wrong, the first of them. */
function refusalOf(problem: ProblemDetails): { readonly code: string; readonly detail: string } {
  const [first] = problem.errors ?? [];
  return problem.code === "validation_failed" && first !== undefined ? first : problem;
}

/** A chunk under way: its transactions are answered one after the other. */
class ChunkWork implements SentChunk {
  readonly chunk: Chunk;
  readonly tally = emptyTally();
  readonly transactions: readonly Transaction[];
  readonly #lines: readonly number[];
  readonly #rejects: Reject[] = [];
  #answered = 0;

  constructor(chunk: Chunk) {
    this.chunk = chunk;
    const transactions: Transaction[] = [];
    const numbers: number[] = [];
    for (const { line, lines, outcome } of chunk.rows) {
      countRow(this.tally, lines, outcome);
      if (outcome instanceof Rejection) {
        this.#rejects.push({ line, reason: outcome.reason, detail: outcome.detail });
      } else if (isTransaction(outcome)) {
        transactions.push(outcome);
        numbers.push(line);
      }
    }
    this.transactions = transactions;
    this.#lines = numbers;
  }

  get isDone(): boolean {
    return this.#answered === this.transactions.length;
  }

  get rejects(): readonly Reject[] {
    return this.#rejects.toSorted((a, b) => a.line - b.line);
  }

  /** `arrival` is where the programme's clock stands, in milliseconds since the epoch. */
  take(answer: BulkAnswer, arrival: number): void {
    const at = this.#answered++;
    if ("problem" in answer) {
      const { code, detail } = refusalOf(answer.problem);
      countReject(this.tally, code);
      this.#rejects.push({ line: this.#lines[at] as number, reason: code, detail });
    } else {
      countTaken(this.tally, this.transactions[at] as Transaction, answer.result as CommandAnswer, arrival);
    }
  }
}
