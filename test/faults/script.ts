import type { BulkLine, CommandAnswer } from "@taem/client";
import { seeded } from "@taem/testing/programme";

/** A command as it is sent, with whom it is sent by. */
export interface Command {
  readonly by: Sender;
  readonly line: BulkLine;
}

export type Sender = "clerk" | "supervisor";

/** The first definite answer to a command: what it did, or why it was refused. */
export type Answer =
  | { readonly effect: CommandAnswer["effect"] }
  | { readonly member: string }
  | { readonly refused: string };

/** Yields what one caller does next, and is told what came of it. Endless. */
export type Script = Generator<Command, never, Answer>;

type Line<Op extends BulkLine["op"]> = Extract<BulkLine, { op: Op }>;
type Source = Line<"earn">["source"];

export const PROGRAMME = "faults";
export const CURRENCY = "PTS";
/** Keys of this system have one effect whoever the member is. */
export const ORDERS = "orders";
/** One principal may adjust as much alone. */
export const ADJUSTMENT_LIMIT = 40;
/** A transfer may not lift an account above. */
export const MAX_BALANCE = 100_000;
/** Members that all callers share; the first holds so much that every transfer to it is refused. */
const SHARED_MEMBERS = 40;
/** Orders of which each belongs to whoever comes first. */
const CONTESTED_ORDERS = 500;
/** Expiries and timeouts by the scheduler happen within the run. */
const SOON_S = 20;

const sharedMember = (i: number) => `shared-${i}`;

/** Enrols the shared members and gives each something to spend. */
export function* opening(): Generator<Command, void, Answer> {
  for (let i = 0; i < SHARED_MEMBERS; i++) {
    yield { by: "clerk", line: { op: "enrol", externalId: sharedMember(i) } };
    const points = String(i === 0 ? 2 * MAX_BALANCE : 1_000);
    const source = { system: "opening", id: String(i), leg: "main" };
    yield {
      by: "clerk",
      line: { op: "earn", member: `ext:${sharedMember(i)}`, currency: CURRENCY, points, source },
    };
  }
}

/** What one of many callers does, over and over: each a choice of its own, by the seed. */
export class CallerScript {
  readonly #name: string;
  readonly #random: (bound: number) => number;
  /** `ext:` and the caller's id, as commands name them. */
  readonly #members = Array.from({ length: SHARED_MEMBERS }, (_, i) => `ext:${sharedMember(i)}`);
  /** Accepted earns and burns that may come back. */
  readonly #reversible: (Line<"earn"> | Line<"burn">)[] = [];
  readonly #accepted: Command[] = [];
  #count = 0;

  constructor(seed: number, caller: number) {
    this.#name = `caller-${caller}`;
    this.#random = seeded(seed * 1_000 + caller);
  }

  *run(): Script {
    const steps: readonly (readonly [weight: number, step: () => Generator<Command, void, Answer>])[] = [
      [3, () => this.#enrol()],
      [22, () => this.#earn()],
      [6, () => this.#earnBySpend()],
      [6, () => this.#earnOrder()],
      [16, () => this.#burn()],
      [12, () => this.#hold()],
      [14, () => this.#transfer()],
      [7, () => this.#reverse()],
      [6, () => this.#adjust()],
      [5, () => this.#repeat()],
      [3, () => this.#reuseKey()],
    ];
    const total = steps.reduce((sum, [weight]) => sum + weight, 0);
    for (;;) {
      let left = this.#random(total);
      const chosen = steps.find(([weight]) => {
        left -= weight;
        return left < 0;
      });
      if (chosen !== undefined) yield* chosen[1]();
    }
  }

  *#enrol() {
    const externalId = `${this.#name}-${++this.#count}`;
    const answer = yield* this.#tell({ op: "enrol", externalId });
    if ("member" in answer) this.#members.push(`ext:${externalId}`);
  }

  *#earn() {
    const line = { op: "earn", ...this.#onMember(), ...this.#points(60), source: this.#source() } as const;
    const expiresAt = new Date(Date.now() + 1_000 * (1 + this.#random(SOON_S))).toISOString();
    yield* this.#tell(this.#random(6) === 0 ? { ...line, expiresAt } : line);
  }

  *#earnBySpend() {
    const spend = { amount: String(2_500 * (1 + this.#random(20))), currency: "THB", rule: "base" };
    yield* this.#tell({ op: "earn", ...this.#onMember(), spend, source: this.#source() });
  }

  /** Other callers may have the same order for another member: one of them is right. */
  *#earnOrder() {
    const source = { system: ORDERS, id: String(this.#random(CONTESTED_ORDERS)), leg: "main" };
    yield* this.#tell({ op: "earn", ...this.#onMember(), ...this.#points(30), source });
  }

  *#burn() {
    yield* this.#tell({ op: "burn", ...this.#onMember(), ...this.#points(50), source: this.#source() });
  }

  *#hold() {
    const timeoutSeconds = 1 + this.#random(SOON_S);
    const source = this.#source();
    const line = { op: "hold", ...this.#onMember(), ...this.#points(40), timeoutSeconds, source } as const;
    const answer = yield* this.#tell(line);
    const hold = "effect" in answer ? answer.effect.hold?.id : undefined;
    if (hold === undefined) return;
    const end = this.#random(4);
    if (end === 0) yield* this.#tell({ op: "void", hold, source: this.#source() });
    if (end === 1) yield* this.#tell({ op: "capture", hold, source: this.#source() });
    if (end === 2) yield* this.#tell({ op: "capture", hold, ...this.#points(20), source: this.#source() });
  }

  *#transfer() {
    const to = this.#pick(this.#members);
    yield* this.#tell({
      op: "transfer",
      ...this.#onMember(),
      ...this.#points(30),
      to,
      source: this.#source(),
    });
  }

  *#reverse() {
    if (this.#reversible.length === 0) return;
    const { member, currency, source: origin } = this.#pick(this.#reversible);
    const how = this.#random(2) === 0 ? ({ all: true } as const) : this.#points(10);
    yield* this.#tell({ op: "reverse", member, currency, origin, ...how, source: this.#source() });
  }

  *#adjust() {
    const direction = this.#random(2) === 0 ? "credit" : "debit";
    const line = { op: "adjust", ...this.#onMember(), direction, reason: "goodwill" } as const;
    const answer = yield* this.#tell({
      ...line,
      ...this.#points(2 * ADJUSTMENT_LIMIT),
      source: this.#source(),
    });
    const adjustment = "effect" in answer ? answer.effect.adjustment?.id : undefined;
    if (adjustment === undefined) return;
    const op = this.#pick(["approve", "approve", "reject", "withdraw"] as const);
    const by = op === "withdraw" ? "clerk" : "supervisor";
    yield* this.#tell({ op, adjustment, source: this.#source() }, by);
  }

  /** The same key for the same command. */
  *#repeat() {
    if (this.#accepted.length > 0) yield this.#pick(this.#accepted);
  }

  /** The same key for another command. */
  *#reuseKey(): Generator<Command, void, Answer> {
    if (this.#reversible.length === 0) return;
    const line = this.#pick(this.#reversible);
    yield { by: "clerk", line: { ...line, ...this.#points(5, 1_000), spend: undefined } as BulkLine };
  }

  *#tell(line: BulkLine, by: Sender = "clerk"): Generator<Command, Answer, Answer> {
    const command = { by, line };
    const answer = yield command;
    if ("refused" in answer) return answer;
    this.#accepted.push(command);
    if (line.op === "earn" || line.op === "burn") this.#reversible.push(line);
    return answer;
  }

  #source(): Source {
    return { system: "pos", id: `${this.#name}-${++this.#count}`, leg: "main" };
  }

  #onMember() {
    return { member: this.#pick(this.#members), currency: CURRENCY };
  }

  #points(most: number, least = 1) {
    return { points: String(least + this.#random(most)) };
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#random(list.length)] as T;
  }
}
