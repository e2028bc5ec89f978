import type { BulkAnswer } from "@taem/client";
import type { Operation, PlannedLine } from "./line.ts";

/** One line whose answer was not the expected one. */
export interface Unexpected {
  readonly planned: PlannedLine;
  /** What was wrong with the answer. */
  readonly fault: string;
}

export interface Summary {
  /** Answered. */
  readonly lines: number;
  readonly seconds: number;
  /** Answers by operation and outcome: `accepted`, `replayed` or the code of the problem. */
  readonly outcomes: Readonly<Partial<Record<Operation, Readonly<Record<string, number>>>>>;
  readonly unexpected: number;
  /** The first of them. */
  readonly examples: readonly Unexpected[];
}

const EXAMPLES = 20;

/** The answers to the lines of one chunk, sent once. */
export class Pass {
  readonly answers: { readonly op: Operation; readonly outcome: string }[] = [];
  readonly faults: Unexpected[] = [];
  readonly #isNew: boolean;
  #wasInterrupted = false;

  /** `isNew`: these lines were never sent before, so that the answers must agree to the point. */
  constructor(isNew: boolean) {
    this.#isNew = isNew;
  }

  get hasFaults(): boolean {
    return this.faults.length > 0;
  }

  /** Whether lines had to be sent more than once, which may have changed their order. */
  get wasInterrupted(): boolean {
    return this.#wasInterrupted;
  }

  judge(planned: PlannedLine, answer: BulkAnswer): void {
    this.#wasInterrupted ||= answer.resent;
    this.answers.push({ op: planned.line.op, outcome: outcomeOf(answer) });
    const fault = faultOf(planned, answer, this.#isNew && !answer.resent);
    if (fault !== undefined) this.faults.push({ planned, fault });
  }

  /** A line that could not be sent, because what it refers to was not answered as expected. */
  withhold(planned: PlannedLine): void {
    this.faults.push({ planned, fault: "what it refers to does not exist" });
  }
}

export class Tally {
  readonly #outcomes: Partial<Record<Operation, Record<string, number>>> = {};
  readonly #examples: Unexpected[] = [];
  #lines = 0;
  #unexpected = 0;

  get lines(): number {
    return this.#lines;
  }

  add({ answers, faults }: Pass): void {
    for (const { op, outcome } of answers) {
      const outcomes = this.#outcomes[op] ?? {};
      this.#outcomes[op] = outcomes;
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    }
    this.#lines += answers.length;
    this.#unexpected += faults.length;
    this.#examples.push(...faults.slice(0, EXAMPLES - this.#examples.length));
  }

  summary(seconds: number): Summary {
    return {
      lines: this.#lines,
      seconds,
      outcomes: this.#outcomes,
      unexpected: this.#unexpected,
      examples: this.#examples,
    };
  }
}

function outcomeOf(answer: BulkAnswer): string {
  if ("problem" in answer) return answer.problem.code;
  const wasDone = "replayed" in answer.result ? answer.result.replayed : answer.status === 200;
  return wasDone ? "replayed" : "accepted";
}

/** What is wrong with an answer. Of a line that may have been done before, only its effect is known. */
function faultOf({ expected }: PlannedLine, answer: BulkAnswer, isFirst: boolean): string | undefined {
  const outcome = outcomeOf(answer);
  if ("problem" in answer) {
    if (outcome === expected.outcome) return undefined;
    return `${expected.outcome} expected, refused as ${outcome}: ${answer.problem.detail}`;
  }
  const mayBeRepeated = !isFirst && (expected.outcome === "accepted" || expected.outcome === "replayed");
  if (outcome !== expected.outcome && !mayBeRepeated) return `${expected.outcome} expected, was ${outcome}`;
  if (!("effect" in answer.result) || expected.points === undefined) return undefined;
  const { effect, balance } = answer.result;
  if (effect.points !== expected.points) return `${expected.points} points expected, were ${effect.points}`;
  if (!isFirst || expected.balance === undefined) return undefined;
  const wrong = Object.entries(expected.balance).filter(
    ([part, amount]) => balance[part as keyof typeof balance] !== amount,
  );
  if (wrong.length === 0) return undefined;
  return `${wrong.map(([part, amount]) => `${amount} ${part}`).join(", ")} expected, balance was ${JSON.stringify(balance)}`;
}
