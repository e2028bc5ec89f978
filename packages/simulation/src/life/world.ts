import { type Day, dayOf, type Instant, isoDate, rfc3339, SECOND, startOf } from "../bangkok-time.ts";
import { adjustmentLimit, type CurrencyCode, raisedLimit, type System } from "../definitions.ts";
import type { Chunk, CommandLine, PlannedLine, Sender } from "../line.ts";
import type { Account } from "../model/account.ts";
import { Books } from "../model/books.ts";
import type { Outcome, Refusal, When } from "../model/commands.ts";
import { Oracle } from "../oracle.ts";
import type { Random } from "../random.ts";
import { Agenda } from "./agenda.ts";
import { People, type Person } from "./people.ts";

const FORM_SENT_TWICE = 0.005;

/** Where everything in the simulated programme happens: its clock, its agenda, its members and what they send. */
export class World {
  readonly random: Random;
  readonly people: People;
  readonly oracle: Oracle;
  readonly #startsAt: Instant;
  /** The first day on which the service desk may give more. */
  readonly #raisedOn: Day;
  readonly #agenda = new Agenda();
  #now = 0;
  #lines: PlannedLine[] = [];
  #numbers = 0;

  constructor(random: Random, members: number, startsAt: Instant, raisedOn: Day) {
    const books = new Books();
    this.random = random;
    this.people = new People(members, random, books);
    this.oracle = new Oracle(books, this.people);
    this.#startsAt = startsAt;
    this.#raisedOn = raisedOn;
  }

  /** The business clock while the present chunk is decided: the end of its day. */
  get now(): Instant {
    return this.#now;
  }

  /** What one person may adjust alone in the present chunk. */
  adjustmentLimit(currency: CurrencyCode): bigint {
    return adjustmentLimit(currency, dayOf(this.#now) >= this.#raisedOn);
  }

  /** The business time of something that arrives at the present chunk's clock. */
  when(occurredAt: Instant): When {
    return { now: this.#now, occurredAt };
  }

  /** Plans something, to the second. */
  at(at: Instant, act: (at: Instant) => void): void {
    const second = Math.floor(at / SECOND) * SECOND;
    this.#agenda.add(second, () => act(second));
  }

  /** An instant so long before another, but not before the programme began. */
  before(at: Instant, by: number): Instant {
    return Math.max(this.#startsAt, at - Math.floor(by / SECOND) * SECOND);
  }

  /** Plays one day to its end. */
  play(day: Day): Chunk {
    const end = startOf(day + 1);
    this.#now = end - SECOND;
    this.#lines = [];
    this.#agenda.playUntil(end);
    const change = day === this.#raisedOn ? { change: raisedLimit(startOf(day)) } : {};
    return { clockTo: rfc3339(this.#now), ...change, lines: this.#lines };
  }

  /** A number that no other document of the system has. */
  number(system: System, at: Instant): string {
    this.#numbers += 1;
    const date = isoDate(dayOf(at)).replaceAll("-", "");
    if (system === "pos") {
      const till = `${String(this.random.whole(1, 40)).padStart(3, "0")}-${this.random.whole(1, 6)}`;
      return `${till}-${date}-${this.#numbers}`;
    }
    const scattered = (BigInt(this.#numbers) * 0x9e3779b1n) % 2n ** 40n;
    if (system === "lazada") return String(10n ** 14n + scattered);
    return `${date.slice(2)}${scattered.toString(32).toUpperCase().padStart(8, "0")}`;
  }

  /** Sends a command that the model has decided. */
  send(line: CommandLine, outcome: Outcome, account: Account, by: Sender = "clerk"): void {
    if ("refused" in outcome) return this.sendInVain(line, outcome.refused, by);
    this.#send({ by, line, expected: { outcome: "accepted", ...this.#effect(outcome.points, account) } });
  }

  /** Sends a command again, under its key: once is enough, so nothing happens. */
  repeat(line: CommandLine, points: bigint, account: Account, by: Sender = "clerk"): void {
    this.#send({ by, line, expected: { outcome: "replayed", ...this.#effect(points, account) } });
  }

  sendInVain(line: CommandLine, refused: Refusal, by: Sender = "clerk"): void {
    this.#send({ by, line, expected: { outcome: refused } });
  }

  enrol(at: Instant, then: (person: Person, at: Instant) => void): void {
    this.at(at, (second) => {
      const person = this.people.enrol();
      const line = { op: "enrol", externalId: person.externalId } as const;
      this.#send({ by: "clerk", line, expected: { outcome: "accepted" } });
      if (this.random.chance(FORM_SENT_TWICE)) {
        this.#send({ by: "clerk", line, expected: { outcome: "replayed" } });
      }
      then(person, second);
    });
  }

  #effect(points: bigint, account: Account) {
    account.settle(this.#now);
    const { available, pending, held, debt } = account.balance(this.#now);
    const balance = {
      available: String(available),
      pending: String(pending),
      held: String(held),
      debt: String(debt),
    };
    return { points: String(points), balance };
  }

  #send(planned: PlannedLine): void {
    this.oracle.count(planned.line.op, planned.expected.outcome);
    this.#lines.push(planned);
  }
}
